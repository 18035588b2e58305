"""A ranking model that gives scores; a head makes them a rating, and says how they are learned."""

import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.features import USER_RATING
from trainer.models.base import Weight
from trainer.models.layers.heads import MeanHead, OrdinalHead
from trainer.models.ranking.model import SAMPLE_WEIGHT, RankingModel


class HeadedModel(RankingModel):
    """A subclass defines `scores(features, training) -> [B, members]`.

    Args:
        head: "ordinal" or "squared".
        catalogue: gives the stars and the mean rating.
        members: how many scores there are a row, each learned on its own.
    """

    def __init__(self, head: str, catalogue: Catalogue, members: int = 1, **kwargs):
        super().__init__(catalogue, **kwargs)
        # Always float32: sums over the stars' shares need it, and cost nothing.
        self.head = (
            OrdinalHead(catalogue, members, dtype="float32")
            if head == "ordinal"
            else MeanHead(catalogue, dtype="float32")
        )

    def scores(self, features, training=False):
        raise NotImplementedError(f"{type(self).__name__} defines no scores(features, training).")

    def call(self, features, training=False):
        return self.head(self.scores(features, training))

    def compute_loss(self, inputs, training=False):
        return self.rating_loss(self.scores(inputs, training), inputs[USER_RATING], inputs.get(SAMPLE_WEIGHT))

    def rating_loss(self, scores, ratings, weight=None):
        """The head's scalar loss; the metrics are updated with it.

        Args:
            scores: [B, members].
            ratings: float32 [B].
            weight: [B] or None: how much each row counts.
        """
        each = tf.reduce_sum(self.head.loss(scores, ratings), axis=1)  # the members' losses, summed
        loss = tf.reduce_mean(each if weight is None else each * weight)
        self.task.update(ratings, self.head(scores), loss, weight)
        return loss

    def head_weights(self) -> dict[str, Weight]:
        """What the head has learned, for `weights_by_name`."""
        if not isinstance(self.head, OrdinalHead):
            return {}
        # Those of other stars are other thresholds.
        stars = ", ".join(f"{star:g}" for star in self.catalogue.stars)
        return {f"thresholds of {stars}": Weight(self.head.thresholds)}
