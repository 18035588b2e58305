"""What every ranking model has in common: its task, its metrics, and what it exports."""

import keras

from trainer.data.catalogue import Catalogue
from trainer.data.features import USER_RATING
from trainer.models.base import Model
from trainer.models.tasks import Ranking

SAMPLE_WEIGHT = "sample_weight"  # an optional column: how much a row counts


class RankingModel(Model):
    """A subclass defines `call(features) -> rating`, float32 [B].

    Features are `user_id` and `movie_id`, int32 [B] (0 = unknown), maybe `timestamp`, int64 [B]; in
    training also `user_rating`, float32 [B], and maybe `sample_weight`.
    """

    monitor = "val_rmse"
    #: What it answers beside the rating, in `rate_tasks`.
    other_heads: tuple[str, ...] = ()
    #: Whether what `for_serving` gives has `rate_for_history`: ratings of someone whom train does not know.
    rates_histories: bool = False

    def __init__(self, catalogue: Catalogue, **kwargs):
        super().__init__(**kwargs)
        self.catalogue = catalogue
        self.task = Ranking(
            metrics=[
                keras.metrics.RootMeanSquaredError(name="rmse"),
                keras.metrics.MeanAbsoluteError(name="mae"),
            ]
        )

    def compute_loss(self, inputs, training=False):
        return self.task(
            labels=inputs[USER_RATING],
            predictions=self(inputs, training=training),
            sample_weight=inputs.get(SAMPLE_WEIGHT),
        )

    def rate_tasks(self, features):
        """`user_rating` and the `other_heads`, by name: float32 [B] each."""
        return {USER_RATING: self(features)}

    def for_serving(self) -> keras.layers.Layer:
        """A layer that takes the same features and gives the same ratings, as cheaply as it can."""
        return self
