"""Finding a query's item among candidates: a softmax over scores, and what makes it fair and hard."""

import keras
import keras_rs
from keras import ops

from trainer.models.samplers.false_negatives import NEVER, DownScoreFalseNegatives


class Retrieval(keras.layers.Layer):
    """The counterpart of `tfrs.tasks.Retrieval`.

    Scores are products of query and candidate vectors. As in TFRS, in this order: divided by the
    temperature; less the log of a candidate's sampling probability (Yi et al., "Sampling-Bias-Corrected
    Neural Modeling", 2019); accidental hits removed; all but the hardest negatives left out.

    Unlike in TFRS the loss is a mean over rows, and the candidates may be a whole catalogue
    (`positives`), or negatives drawn for the step (`own_embeddings`), so that the full and the sampled
    softmax are the same task. keras-rs 0.4's `RemoveAccidentalHits` adds the smallest positive number where
    it should add the most negative one, and removes nothing: removal is our own.

    Args:
        temperature: above 0.
        hard_negatives: how many of the best scored negatives of a row count; None: all.
        remove_accidental_hits: leave out candidates that are a row's own item under another place;
            needs `candidate_ids`, and `own_ids` where there are `own_embeddings`.
        false_negatives: what becomes of those candidates instead of being left out; needs the same.
        loss: a Keras loss from one-hot labels and logits; categorical cross-entropy if None.

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
        """The scalar loss.

        Args:
            query_embeddings: float [B, d].
            candidate_embeddings: float [C, d]. Candidate i is row i's own; those beyond B are negatives only.
            sample_weight: [B] or None: how much each row counts.
            candidate_sampling_probability: float [C], the chance that a candidate is there, or how often it
                is to be expected among draws with replacement, as a sampler's `draw` says; or None.
            candidate_ids: int [C]; or None.
            positives: int [B], the place of each row's own among the candidates, where it is not the row's.
            own_embeddings: float [B, d], each row's own, where the candidates are C draws of a negative.
                With their sampling probability a negative counts for as many as it stands for, and a row's
                own, which is there whatever is drawn, for itself: on average the softmax's denominator is
                the whole catalogue's (Bengio and Senécal, "Quick Training of Probabilistic Neural Nets by
                Importance Sampling", 2003).
            own_ids: int [B]; or None.

        Raises:
            ValueError: something is to become of accidental hits, and the ids for it are not given.
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
            # keras-rs's SamplingProbabilityCorrection cuts off above 1: a draw may be expected 20 times.
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
