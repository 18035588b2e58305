"""The refit of blessed settings on all ratings, for serving."""

from components.refit.component import Refit

__all__ = ["Refit"]
