"""Trains what is blessed once more, on every rating, for what is served."""

from components.refit.component import Refit

__all__ = ["Refit"]
