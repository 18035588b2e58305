"""The evaluator of retrieval models; TFX's Evaluator needs a label, which these lack."""

from components.retrieval_evaluator.component import RetrievalEvaluator

__all__ = ["RetrievalEvaluator"]
