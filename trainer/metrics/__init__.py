"""How good a list of films is: for the user it was made for, and for the catalogue it was drawn from."""

from trainer.metrics.beyond_accuracy import catalogue_coverage, gini, mean_popularity, novelty
from trainer.metrics.factorized_top_k import FactorizedTopK
from trainer.metrics.full_catalogue import full_catalogue_metrics, list_metrics
from trainer.metrics.top_k import ranked_lists, top_k
from trainer.metrics.top_k_metrics import TopKMetrics

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
