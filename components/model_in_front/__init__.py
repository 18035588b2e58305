"""The served model as the baseline of a new one, for runners without metadata queries."""

from components.model_in_front.component import ModelInFront

__all__ = ["ModelInFront"]
