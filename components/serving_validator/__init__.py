"""Validation of exported models before a push: a server must reproduce the trained models' answers."""

from components.serving_validator.component import ServingValidator

__all__ = ["ServingValidator"]
