"""The retrieval task: a softmax over candidates, with sampling correction and hard negatives."""

import keras
import keras_rs
from keras import ops

from trainer.models.samplers.false_negatives import NEVER, DownScoreFalseNegatives


class Retrieval(keras.layers.Layer):
    """The counterpart of `tfrs.tasks.Retrieval`.

    Scores are inner products of query and candidate vectors. As in TFRS they are processed in this order:
    they are divided by the temperature; the log of the candidate's sampling probability is subtracted (Yi et
    al., "Sampling-Bias-Corrected Neural Modeling", 2019); accidental hits are removed; all but the hardest
    negatives are left out.

    Unlike in TFRS the loss is a mean over rows, and the candidates may be a whole catalogue
    (`positives`), or negatives drawn for the step (`own_embeddings`), so that the full and the sampled
    softmax are the same task. keras-rs 0.4's `RemoveAccidentalHits` adds the smallest positive number where
    it should add the most negative one, and removes nothing: removal is our own.

    Args:
        temperature: the divisor of the scores, above 0.
        hard_negatives: the number of best-scored negatives of a row that count; None: all.
        remove_accidental_hits: whether candidates that are a row's positive item in another column are left
            out; needs `candidate_ids`, and `own_ids` if there are `own_embeddings`.
        false_negatives: a layer that lowers the scores of those candidates instead; needs the same ids.
        loss: a Keras loss from one-hot labels and logits; None: categorical cross-entropy.

    Examples:
        >>> task = Retrieval()
        >>> round(float(task(np.ones((2, 1)), np.zeros((2, 1)))), 4)  # two candidates alike: log 2
        0.6931
    """

    def __init__(
        self,
        temperature: float = 1.0,
        hard_negatives: int | None = None,
        remove_accidental_hits: bool = False,
        false_negatives: DownScoreFalseNegatives | None = None,
        loss: keras.losses.Loss | None = None,
        **kwargs,
    ):
        super().__init__(dtype="float32", **kwargs)
        self._temperature = temperature
        if remove_accidental_hits and not false_negatives:
            false_negatives = DownScoreFalseNegatives(score=NEVER)
        self._false_negatives = false_negatives
        self._mining = (
            keras_rs.layers.HardNegativeMining(hard_negatives, dtype="float32") if hard_negatives else None
        )
        self._loss = loss or keras.losses.CategoricalCrossentropy(from_logits=True)
        self.built = True

    def call(
        self,
        query_embeddings,
        candidate_embeddings,
        sample_weight=None,
        candidate_sampling_probability=None,
        candidate_ids=None,
        positives=None,
        own_embeddings=None,
        own_ids=None,
    ):
        """Returns the scalar loss.

        Args:
            query_embeddings: float [B, d].
            candidate_embeddings: float [C, d]. Candidate i is row i's positive; those beyond B are negatives
                only.
            sample_weight: [B] or None: the weight of each row.
            candidate_sampling_probability: float [C], the probability that a candidate is in the sample, or
                its expected count among draws with replacement, as a sampler's `draw` returns it; or None.
            candidate_ids: int [C], the candidates' ids; or None.
            positives: int [B], the index of each row's positive among the candidates; None: row i's is i.
            own_embeddings: float [B, d], the rows' positives, if all candidates are sampled negatives. With
                sampling probabilities each negative is weighted by their inverse, and the positive, which is
                always present, by 1: in expectation the softmax's denominator is that of the whole catalogue
                (Bengio and Senécal, "Quick Training of Probabilistic Neural Nets by Importance Sampling",
                2003).
            own_ids: int [B], the ids of `own_embeddings`; or None.

        Raises:
            ValueError: accidental hits are to be removed or lowered, and the ids that this needs are missing.
        """
        scores = ops.matmul(query_embeddings, ops.transpose(candidate_embeddings))
        scores = ops.cast(scores, "float32") / self._temperature
        rows, candidates = ops.shape(scores)[0], ops.shape(scores)[1]
        if own_embeddings is None:
            places = ops.arange(rows, dtype="int32") if positives is None else ops.cast(positives, "int32")
            labels = ops.cast(places[:, None] == ops.arange(candidates, dtype="int32"), "float32")
        else:
            labels = ops.zeros_like(scores)
        if candidate_sampling_probability is not None:
            # keras-rs's SamplingProbabilityCorrection clips at 1, but an expected count may be 20.
            scores -= ops.log(ops.maximum(ops.cast(candidate_sampling_probability, "float32"), 1e-12))
        if self._false_negatives is not None:
            if own_embeddings is None and candidate_ids is not None:
                own_ids = ops.take(candidate_ids, places)
            if candidate_ids is None or own_ids is None:
                raise ValueError("Retrieval(remove_accidental_hits=True) needs candidate_ids (and own_ids).")
            same = ops.convert_to_tensor(own_ids)[:, None] == candidate_ids
            scores = self._false_negatives.lowered(scores, same & (labels == 0))
        if own_embeddings is not None:
            own = ops.sum(query_embeddings * own_embeddings, axis=1, keepdims=True)
            own = ops.cast(own, "float32") / self._temperature
            scores = ops.concatenate([own, scores], axis=1)
            labels = ops.concatenate([ops.ones_like(own), labels], axis=1)
        if self._mining:
            scores, labels = self._mining(scores, labels)
        return self._loss(labels, scores, sample_weight=sample_weight)
