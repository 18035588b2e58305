"""Metrics of lists of films: accuracy for the user, and beyond-accuracy metrics for the catalogue."""

from trainer.evaluation.metrics.beyond_accuracy import catalogue_coverage, gini, mean_popularity, novelty
from trainer.evaluation.metrics.factorized_top_k import FactorizedTopK
from trainer.evaluation.metrics.full_catalogue import full_catalogue_metrics, list_metrics
from trainer.evaluation.metrics.top_k import ranked_lists, top_k
from trainer.evaluation.metrics.top_k_metrics import TopKMetrics

__all__ = [
    "FactorizedTopK",
    "TopKMetrics",
    "catalogue_coverage",
    "full_catalogue_metrics",
    "gini",
    "list_metrics",
    "mean_popularity",
    "novelty",
    "ranked_lists",
    "top_k",
]
