"""Comparison of a server's prediction logs with the training data."""

from components.serving_skew.component import ServingSkew

__all__ = ["ServingSkew"]
