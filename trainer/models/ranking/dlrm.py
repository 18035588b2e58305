"""DLRM: `dlrm`.

Naumov et al., "Deep Learning Recommendation Model for Personalization and Recommendation Systems", 2019,
https://arxiv.org/abs/1906.00091.
"""

import tensorflow as tf
from keras_rs.layers import DotInteraction

from trainer.data.catalogue import Catalogue
from trainer.models.layers.dense_stack import dense_stack
from trainer.models.ranking.config import DlrmConfig
from trainer.models.ranking.field_model import FieldModel


class Dlrm(FieldModel):
    """A top network over the dot products of all pairs of fields; the numbers' vector is one of the fields.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> model = Dlrm(DlrmConfig(dim=2), catalogue)
        >>> tuple(model({"user_id": tf.constant([1, 2]), "movie_id": tf.constant([3, 1])}).shape)  # ratings
        (2,)
    """

    blocks = ("bottom", "top")

    def __init__(self, config: DlrmConfig, catalogue: Catalogue, **kwargs):
        super().__init__(config, catalogue, **kwargs)
        self.bottom = None
        if self.numbers.features:
            self.bottom = dense_stack((*config.bottom, config.dim), name="bottom")
        self._interact = DotInteraction()
        self.top = dense_stack(config.hidden, config.dropout, outputs=1, name="top")

    def scores(self, features, training=False):
        vectors, more = list(self.fields(features).values()), []
        if self.bottom:
            more = [self.bottom(self.numbers(features))]
        return self.top(tf.concat([*more, self._interact([*vectors, *more])], axis=1), training=training)
