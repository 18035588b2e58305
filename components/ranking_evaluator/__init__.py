"""Blesses a ranking model, or not: TFX's Evaluator, whose baseline may hold no model."""

from components.ranking_evaluator.component import RankingEvaluator

__all__ = ["RankingEvaluator"]
