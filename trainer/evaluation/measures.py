"""What a retrieval model is measured by, by name. Light to import: no TensorFlow.

Over the users' lists, at k = 10, 20, 50 and 100: `recall@10` … (`trainer.evaluation.metrics.list_metrics`),
and what the lists do to the catalogue: `coverage@10` … (`trainer.evaluation.metrics.beyond_accuracy`). Of the
exported model's search: `index_recall@100`, `search_p50_ms`, `search_p99_ms` (`trainer.judging.search`).
"""

KS = (10, 20, 50, 100)
LIST_MEASURES = tuple(
    f"{name}@{k}" for name in ("recall", "ndcg", "map", "mrr", "hit_rate", "precision") for k in KS
)
CATALOGUE_MEASURES = tuple(
    f"{name}@{k}" for name in ("coverage", "novelty", "mean_popularity", "gini") for k in KS
)
QUALITY_MEASURES = (*LIST_MEASURES, *CATALOGUE_MEASURES)
SEARCH_MEASURES = ("index_recall@100", "search_p50_ms", "search_p99_ms")
