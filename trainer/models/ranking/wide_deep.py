"""Wide & Deep: `wide_deep`.

Cheng et al., "Wide & Deep Learning for Recommender Systems", 2016, https://arxiv.org/abs/1606.07792.
"""

import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.feature_options import named_crosses
from trainer.models.layers.cross_weights import CrossWeights
from trainer.models.layers.dense_stack import dense_stack
from trainer.models.layers.field_embeddings import FieldEmbeddings
from trainer.models.ranking.config import WideDeepConfig
from trainer.models.ranking.field_model import FieldModel


class WideDeep(FieldModel):
    """A linear model that memorizes single keys and pairs of them, plus a dense network that generalizes.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> model = WideDeep(WideDeepConfig(dim=2, hidden=(4,)), catalogue)
        >>> tuple(model({"user_id": tf.constant([1, 2]), "movie_id": tf.constant([3, 1])}).shape)  # ratings
        (2,)
    """

    blocks = ("single", "crosses", "deep")

    def __init__(self, config: WideDeepConfig, catalogue: Catalogue, **kwargs):
        super().__init__(config, catalogue, **kwargs)
        prior = self._prior(config.bias_l2)
        self.single = FieldEmbeddings(catalogue, self.features, 1, regularizer=prior, name="single")
        sides = {"user_id", "movie_id", *self.features}
        named = named_crosses(catalogue.description, config.crosses)
        pairs = [pair for pair in named if sides.issuperset(pair)]
        self.crosses = CrossWeights(catalogue, pairs, config.bins, regularizer=prior, name="crosses")
        self.deep = dense_stack(config.hidden, config.dropout, outputs=1, name="deep")

    def scores(self, features, training=False):
        wide = tf.add_n([*self.single(features).values()])
        deep = self.deep(self._concatenated(features), training=training)
        return tf.cast(wide, tf.float32) + self.crosses(features) + tf.cast(deep, tf.float32)
