"""Ranking metrics inside `fit` and `evaluate`: all kinds at all k, from one top-k."""

from collections.abc import Sequence

import keras
from keras import ops

KINDS = ("recall", "ndcg", "map", "mrr", "hit_rate", "precision")


class TopKMetrics(keras.metrics.Metric):
    """Recall, NDCG, MAP, MRR, hit rate and precision at every k, as means over rows.

    The definitions are those of `list_metrics`. In keras-rs each kind at each k is a metric of its own that
    sorts the scores; this metric sorts once, and only the top k. Rows without any relevant item do not count.

    `result()` is a dict, whose entries `trainer.models.base.Model` and `keras.Model` log one by one:
    `recall@10`, `ndcg@10`…

    Args:
        ks: the cutoffs.
        kinds: a selection of KINDS.

    Examples:
        >>> metrics = TopKMetrics(ks=[1, 2], kinds=["recall"])
        >>> metrics.update_state([[0.0, 1.0, 0.0]], [[0.9, 0.5, 0.1]])
        >>> {name: float(value) for name, value in metrics.result().items()}
        {'recall@1': 0.0, 'recall@2': 1.0}

    Raises:
        ValueError: a kind is not in KINDS.
    """

    def __init__(
        self,
        ks: Sequence[int] = (10, 20, 50, 100),
        kinds: Sequence[str] = KINDS,
        name: str = "top_k",
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        if unknown := set(kinds) - set(KINDS):
            raise ValueError(f"TopKMetrics knows no {sorted(unknown)}: kinds are {', '.join(KINDS)}.")
        self.ks, self.kinds = tuple(ks), tuple(kinds)
        self._sums = self.add_variable((len(self.kinds), len(self.ks)), "zeros", name="sums")
        self._rows = self.add_variable((), "zeros", name="rows")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Updates the metrics with a batch.

        Args:
            y_true: [B, M], above 0 where an item is relevant.
            y_pred: scores, [B, M].
            sample_weight: [B], or None.
        """
        relevant = ops.cast(ops.convert_to_tensor(y_true, self.dtype) > 0, self.dtype)
        scores = ops.convert_to_tensor(y_pred)
        _, best = ops.top_k(scores, k=min(max(self.ks), scores.shape[1]))
        hits = ops.take_along_axis(relevant, best, axis=1)
        self.update_hits(hits, ops.sum(relevant, axis=1), sample_weight)

    def update_hits(self, hits, sizes, sample_weight=None):
        """Updates the metrics with ranked lists.

        Args:
            hits: [B, K], 1 where the item at that rank is relevant, else 0.
            sizes: [B], the number of relevant items, in the list or not.
            sample_weight: [B], or None.
        """
        hits, sizes = ops.cast(hits, self.dtype), ops.cast(sizes, self.dtype)
        missing = max(self.ks) - hits.shape[1]
        if missing > 0:
            hits = ops.pad(hits, [[0, 0], [0, missing]])
        ranks = ops.arange(1, hits.shape[1] + 1, dtype=self.dtype)
        found, discount = ops.cumsum(hits, axis=1), ops.log(2.0) / ops.log1p(ranks)
        sums = {
            "precision": found,
            "recall": found,
            "hit_rate": ops.cast(found > 0, self.dtype),
            "mrr": ops.cumsum(hits * ops.cast(found == 1, self.dtype) / ranks, axis=1),
            "map": ops.cumsum(hits * found / ranks, axis=1),
            "ndcg": ops.cumsum(hits * discount, axis=1),
        }
        ideal, some = ops.cumsum(discount), ops.maximum(sizes, 1)
        weight = ops.cast(sizes > 0, self.dtype)
        if sample_weight is not None:
            weight = weight * ops.cast(sample_weight, self.dtype)
        totals = []
        for kind in self.kinds:
            for k in self.ks:
                possible = ops.minimum(some, k)
                whole = {
                    "precision": k,
                    "recall": some,
                    "map": possible,
                    "ndcg": ops.take(ideal, ops.cast(possible, "int32") - 1),
                }.get(kind, 1)
                totals.append(ops.sum(weight * sums[kind][:, k - 1] / whole))
        self._sums.assign_add(ops.reshape(ops.stack(totals), (len(self.kinds), len(self.ks))))
        self._rows.assign_add(ops.sum(weight))

    def result(self):
        means = ops.divide_no_nan(self._sums, self._rows)
        return {
            f"{kind}@{k}": means[row, column]
            for row, kind in enumerate(self.kinds)
            for column, k in enumerate(self.ks)
        }

    def get_config(self):
        return {**super().get_config(), "ks": self.ks, "kinds": self.kinds}
