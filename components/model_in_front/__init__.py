"""The model that servers answer from, for a new one to be compared with, where no metadata can be asked."""

from components.model_in_front.component import ModelInFront

__all__ = ["ModelInFront"]
