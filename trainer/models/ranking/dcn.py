"""DCN-V2: `dcn`.

Wang et al., "DCN V2: Improved Deep & Cross Network and Practical Lessons for Web-scale Learning to Rank
Systems", 2021, https://arxiv.org/abs/2008.13535.
"""

import keras
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.models.layers.cross_network import CrossNetwork
from trainer.models.layers.dense_stack import dense_stack
from trainer.models.ranking.config import DcnConfig
from trainer.models.ranking.field_model import FieldModel


class Dcn(FieldModel):
    """Cross layers over all concatenated fields and numbers, with a dense network after or beside them.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> model = Dcn(DcnConfig(dim=2, hidden=(4,)), catalogue)
        >>> tuple(model({"user_id": tf.constant([1, 2]), "movie_id": tf.constant([3, 1])}).shape)  # ratings
        (2,)
    """

    blocks = ("crosses", "deep", "last")

    def __init__(self, config: DcnConfig, catalogue: Catalogue, **kwargs):
        super().__init__(config, catalogue, **kwargs)
        self._stacked = config.structure == "stacked"
        self.crosses = CrossNetwork(config.crosses, config.rank, name="crosses")
        self.deep = dense_stack(config.hidden, config.dropout, name="deep")
        self.last = keras.layers.Dense(1, name="last")

    def scores(self, features, training=False):
        inputs = self._concatenated(features)
        crossed = self.crosses(inputs)
        if self._stacked:
            return self.last(self.deep(crossed, training=training))
        return self.last(tf.concat([crossed, self.deep(inputs, training=training)], axis=1))
