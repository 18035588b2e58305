"""A ranking model of scores and a head, which turns them into a rating and defines their loss."""

import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.features import USER_RATING
from trainer.models.base import Weight
from trainer.models.layers.heads import ChanceHead, MeanHead, OrdinalHead
from trainer.models.ranking.model import SAMPLE_WEIGHT, RankingModel


class HeadedModel(RankingModel):
    """The base class of models with a head; a subclass defines `scores(features, training) -> [B, members]`.

    Args:
        head: "ordinal", "squared" or "chance".
        catalogue: gives the stars and the mean rating.
        members: the number of scores per row, each trained on its own.
    """

    def __init__(self, head: str, catalogue: Catalogue, members: int = 1, **kwargs):
        super().__init__(catalogue, chance=head == "chance", **kwargs)
        # Always float32: sums over the stars' probabilities need it, and cost nothing.
        match head:
            case "ordinal":
                self.head = OrdinalHead(catalogue, members, dtype="float32")
            case "chance":
                self.head = ChanceHead(catalogue, dtype="float32")
            case _:
                self.head = MeanHead(catalogue, dtype="float32")

    def scores(self, features, training=False):
        raise NotImplementedError(f"{type(self).__name__} defines no scores(features, training).")

    def call(self, features, training=False):
        return self.head(self.scores(features, training))

    def compute_loss(self, inputs, training=False):
        return self.rating_loss(self.scores(inputs, training), inputs[USER_RATING], inputs.get(SAMPLE_WEIGHT))

    def rating_loss(self, scores, ratings, weight=None):
        """Returns the head's scalar loss and updates the metrics.

        Args:
            scores: [B, members].
            ratings: float32 [B].
            weight: the rows' sample weights, [B], or None.
        """
        each = tf.reduce_sum(self.head.loss(scores, ratings), axis=1)  # the members' losses, summed
        loss = tf.reduce_mean(each if weight is None else each * weight)
        self.task.update(ratings, self.head(scores), loss, weight)
        return loss

    def head_weights(self) -> dict[str, Weight]:
        """Returns the head's weights, for `weights_by_name`."""
        if not isinstance(self.head, OrdinalHead):
            return {}
        # Thresholds of other stars are other weights, so the stars are part of the name.
        stars = ", ".join(f"{star:g}" for star in self.catalogue.stars)
        return {f"thresholds of {stars}": Weight(self.head.thresholds)}
