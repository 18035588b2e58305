"""Blesses a retrieval model, or not: what TFX has an Evaluator for only where there is a label."""

from components.retrieval_evaluator.component import RetrievalEvaluator

__all__ = ["RetrievalEvaluator"]
