"""The evaluator of ranking models: TFX's Evaluator with bars and an optional baseline."""

from components.ranking_evaluator.component import RankingEvaluator

__all__ = ["RankingEvaluator"]
