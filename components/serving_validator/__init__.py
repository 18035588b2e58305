"""Boots a server on the exported models before they are pushed and asks what the trainer already knows."""

from components.serving_validator.component import ServingValidator

__all__ = ["ServingValidator"]
