"""Boots a server on the exported model before it is pushed and asks it what the trainer already knows."""

from components.serving_validator.component import ServingValidator

__all__ = ["ServingValidator"]
