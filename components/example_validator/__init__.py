"""TFX's ExampleValidator, made to stop the run and to look back at the run before."""

from components.example_validator.component import StoppingExampleValidator

__all__ = ["StoppingExampleValidator"]
