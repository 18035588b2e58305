"""Ranking metrics of a query's positive among all candidates, with an index."""

from collections.abc import Sequence

import keras
from keras import ops

from trainer.evaluation.metrics.top_k_metrics import KINDS, TopKMetrics


class FactorizedTopK(TopKMetrics):
    """The counterpart of `tfrs.metrics.FactorizedTopK`: queries against a whole catalogue, in any index.

    Unlike in TFRS the positive is searched in the index's list, and not scored a second time. So it cannot
    lose to itself by rounding, and the misses of an approximate index count as misses.

    Args:
        index: `ExactIndex`, `IvfIndex`, `StreamingIndex`, or a layer with the same interface, which takes k
            as a keyword and returns rows as int32 [B, k].
        ks, kinds: as in `TopKMetrics`.

    Examples:
        >>> from trainer.models.index import ExactIndex
        >>> metric = FactorizedTopK(ExactIndex(np.eye(3, dtype=np.float32)), ks=[1, 2], kinds=["recall"])
        >>> metric.update_state([0, 1], np.array([[3, 2, 1], [3, 2, 1]], np.float32))
        >>> {name: float(value) for name, value in metric.result().items()}
        {'recall@1': 0.5, 'recall@2': 1.0}
    """

    def __init__(
        self,
        index: keras.layers.Layer,
        ks: Sequence[int] = (1, 5, 10, 50, 100),
        kinds: Sequence[str] = KINDS,
        name: str = "factorized_top_k",
        **kwargs,
    ):
        super().__init__(ks, kinds, name=name, **kwargs)
        self._index = index

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Searches the index and updates the metrics with a batch.

        Args:
            y_true: int [B], the row of each query's positive in the index, or [B, n] for several distinct
                ones, padded with -1.
            y_pred: queries, float [B, d].
            sample_weight: [B], or None.
        """
        own = ops.cast(ops.convert_to_tensor(y_true), "int32")
        own = own[:, None] if len(own.shape) == 1 else own
        _, rows = self._index(ops.convert_to_tensor(y_pred), k=max(self.ks))
        hits = ops.any((rows[:, :, None] == own[:, None, :]) & (own >= 0)[:, None, :], axis=2)
        hits = ops.cast(hits, self.dtype)
        # The list may be shorter than the largest k; its length is known only inside the graph.
        hits = ops.pad(hits, [[0, 0], [0, max(self.ks) - ops.shape(hits)[1]]])
        hits = ops.reshape(hits, (-1, max(self.ks)))
        self.update_hits(hits, ops.sum(ops.cast(own >= 0, self.dtype), axis=1), sample_weight)

    def get_config(self):
        raise NotImplementedError("FactorizedTopK holds an index and is not made from a config.")
