"""Blesses the assembled recommender, or not, by the lists that it would show."""

from components.recommender_evaluator.component import RecommenderEvaluator

__all__ = ["RecommenderEvaluator"]
