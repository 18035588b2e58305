"""A contrastive output: the positive item is trained against sampled negatives."""

import keras
from keras import ops

from trainer.models.samplers import DownScoreFalseNegatives, PopularitySampler
from trainer.models.tasks import Retrieval


class ContrastiveOutput(keras.layers.Layer):
    """A sampled softmax: the row's positive item against sampled negatives.

    The log of its expected count is subtracted from a negative's score: Jean et al., "On using very large
    target vocabulary for neural machine translation" (2015). The positive is always among the candidates,
    so its score is not corrected. In expectation the negatives' part of the partition sum is then that of
    the whole catalogue.

    Args:
        items: a layer from item ids, int [n], to their vectors, [n, d]: a table or a tower.
        sampler: the sampler of negatives.
        false_negatives: the layer that lowers the scores of negatives that are the row's positive; None:
            they are removed.
        loss: a loss from one-hot labels, the positive first, and logits, such as those of
            `trainer.models.losses`; None: cross-entropy.

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
        """Returns the scores of the given items, float32 [B, n], for hidden [B, d] and ids int [n]."""
        return ops.cast(ops.matmul(hidden, ops.transpose(self._vectors(ids))), "float32")

    def loss(self, hidden, labels, sample_weight=None):
        """Returns the scalar loss.

        Args:
            hidden: float [B, d].
            labels: int [B], each row's positive item.
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
