"""One item of many, learned against a sample of the others."""

import keras
from keras import ops

from trainer.models.samplers import DownScoreFalseNegatives, PopularitySampler
from trainer.models.tasks import Retrieval


class ContrastiveOutput(keras.layers.Layer):
    """The sampled softmax: a row's own item against drawn ones.

    The scores of drawn items are less the log of how often they are to be expected.
    Jean et al., "On using very large target vocabulary for neural machine translation" (2015). The own
    item is there whatever is drawn, so nothing is taken off its score: the sample's part of the
    partition sum is then the whole catalogue's on average.

    Args:
        items: a layer from item ids, int [n], to their vectors, [n, d]: a table or a tower.
        sampler: where negatives come from.
        false_negatives: what becomes of drawn items that are the row's own; they are removed if None.
        loss: from one-hot labels, the own item's first, and logits; cross-entropy if None, or one of
            `trainer.models.losses`.

    Examples:
        >>> output = ContrastiveOutput(keras.layers.Embedding(3, 2), PopularitySampler([0, 1, 0], samples=8))
        >>> hidden, own = np.zeros((1, 2)), np.array([2])
        >>> round(float(output.loss(hidden, own)), 4)  # eight draws of the one other item count as one: log 2
        0.6931
    """

    def __init__(
        self,
        items: keras.layers.Layer,
        sampler: PopularitySampler,
        false_negatives: DownScoreFalseNegatives | None = None,
        loss: keras.losses.Loss | None = None,
        **kwargs,
    ):
        super().__init__(dtype="float32", **kwargs)
        self._vectors, self._sampler = items, sampler
        self._task = Retrieval(remove_accidental_hits=True, false_negatives=false_negatives, loss=loss)
        self.built = True

    def call(self, hidden, ids):
        """The scores of chosen items, float32 [B, n], of hidden [B, d] and ids int [n]."""
        return ops.cast(ops.matmul(hidden, ops.transpose(self._vectors(ids))), "float32")

    def loss(self, hidden, labels, sample_weight=None):
        """The scalar loss.

        Args:
            hidden: float [B, d].
            labels: int [B], each row's item.
            sample_weight: [B] or None.
        """
        ids, expected = self._sampler.draw()
        return self._task(
            hidden,
            self._vectors(ids),
            sample_weight=sample_weight,
            candidate_sampling_probability=expected,
            candidate_ids=ids,
            own_embeddings=self._vectors(labels),
            own_ids=ops.cast(labels, "int32"),
        )
