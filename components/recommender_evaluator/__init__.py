"""The evaluator of the assembled recommender, which blesses it by its lists."""

from components.recommender_evaluator.component import RecommenderEvaluator

__all__ = ["RecommenderEvaluator"]
