"""The base class of ranking models: the task, the metrics, and the interface that exports use."""

import keras

from trainer.data.catalogue import Catalogue
from trainer.data.features import USER_RATING
from trainer.models.base import Model
from trainer.models.tasks import Ranking

SAMPLE_WEIGHT = "sample_weight"  # an optional column: the weight of a row


class RankingModel(Model):
    """The base class of ranking models; a subclass defines `call(features) -> rating`, float32 [B].

    Features are `user_id` and `movie_id`, int32 [B] (0 = unknown), maybe `timestamp`, int64 [B]; in
    training also `user_rating`, float32 [B], and maybe `sample_weight`. Of implicit feedback `user_rating` is
    1 for an interaction and 0 for a sampled negative, and a model's rating is the chance of an interaction.

    Args:
        catalogue: the catalogue of users and films.
        chance: whether the model predicts chances; its metrics are then log loss and AUC.
    """

    monitor = "val_rmse"
    #: The names of the outputs of `rate_tasks` other than the rating.
    other_heads: tuple[str, ...] = ()
    #: Whether the layer of `for_serving` has `rate_for_history`, which rates for cold-start users.
    rates_histories: bool = False
    #: Keys of the features of users that a rating depends on, and reads from `features` where they are given
    #: (`trainer.data.tables.given`).
    user_features: tuple[str, ...] = ()

    def __init__(self, catalogue: Catalogue, chance: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.catalogue, self.chance = catalogue, chance
        if chance:
            self.monitor = "val_log_loss"
            metrics = [keras.metrics.BinaryCrossentropy(name="log_loss"), keras.metrics.AUC(name="auc")]
        else:
            metrics = [
                keras.metrics.RootMeanSquaredError(name="rmse"),
                keras.metrics.MeanAbsoluteError(name="mae"),
            ]
        self.task = Ranking(metrics=metrics)

    @property
    def of_events(self) -> bool:
        """Tells whether the other heads are chances of types of events, and `rate_tasks` gives `worth`."""
        return self.chance and bool(self.other_heads)

    def compute_loss(self, inputs, training=False):
        return self.task(
            labels=inputs[USER_RATING],
            predictions=self(inputs, training=training),
            sample_weight=inputs.get(SAMPLE_WEIGHT),
        )

    def rate_tasks(self, features):
        """Returns `user_rating` and the `other_heads` by name: float32 [B] each."""
        return {USER_RATING: self(features)}

    def for_serving(self) -> keras.layers.Layer:
        """Returns a layer that takes the same features and gives the same ratings at the lowest cost."""
        return self
