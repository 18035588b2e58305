"""Names of a retrieval model's metrics; imports no TensorFlow.

The users' lists have accuracy metrics at k = 10, 20, 50 and 100: `recall@10` …
(`trainer.evaluation.metrics.list_metrics`), and beyond-accuracy metrics: `coverage@10` …
(`trainer.evaluation.metrics.beyond_accuracy`). The search of the exported model has `index_recall@100`,
`search_p50_ms` and `search_p99_ms` (`trainer.judging.search`).
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
