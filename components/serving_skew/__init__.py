"""Compares what a server is asked and answers, by its prediction logs, with what models are trained on."""

from components.serving_skew.component import ServingSkew

__all__ = ["ServingSkew"]
