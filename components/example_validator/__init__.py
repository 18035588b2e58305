"""An ExampleValidator that can stop the run and compares with the previous run's statistics."""

from components.example_validator.component import StoppingExampleValidator

__all__ = ["StoppingExampleValidator"]
