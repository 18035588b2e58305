"""Embeddings of the two ids and of the side features, one table per field."""

from collections.abc import Sequence
from typing import Literal

import keras
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.row_keys import row_keys
from trainer.data.side_features import categories, genre_weights
from trainer.models.layers.embedding_width import embedding_width
from trainer.models.ranking.config import USER_FEATURES, Feature


class FieldEmbeddings(keras.layers.Layer):
    """One embedding table per field; all fields are looked up from the user's and the film's id.

    A film's genres are one field: the sum of their rows divided by the square root of their number.

    Args:
        catalogue: gives the categories of each user and film.
        features: the side features, each in the data set; `time` is not one of them.
        dim: the width of the embeddings, or "auto": each field's width by `embedding_width`.
        side_dim: the width of the side features' embeddings; None: `dim`.
        regularizer: the regularizer of every table.

    Attributes:
        widths: the width of each field's embedding by name, in the order of the fields.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        features: Sequence[Feature],
        dim: int | Literal["auto"],
        side_dim: int | None = None,
        regularizer: keras.regularizers.Regularizer | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.widths: dict[str, int] = {}
        self._embeddings: dict[str, keras.layers.Layer] = {}
        self._categories: dict[str, tf.Tensor] = {}
        for field in (USER_ID, MOVIE_ID, *(feature.value for feature in features)):
            rows = len(row_keys(catalogue, field))
            width = dim if field in (USER_ID, MOVIE_ID) or side_dim is None else side_dim
            self.widths[field] = embedding_width(rows) if width == "auto" else width
            self._table(field, rows, self.widths[field], regularizer)
            if field not in (USER_ID, MOVIE_ID, Feature.GENRES):
                self._categories[field] = tf.constant(categories(catalogue, Feature(field))[0])
        if Feature.GENRES in features:
            self._genres = tf.constant(genre_weights(catalogue))
        self.built = True

    def call(self, features) -> dict[str, tf.Tensor]:
        """Returns the embeddings by field, [B, width] each, for `user_id` and `movie_id`, int32 [B]."""
        found = {}
        for field, embedding in self._embeddings.items():
            owner = features[USER_ID if field == USER_ID or field in USER_FEATURES else MOVIE_ID]
            if field == Feature.GENRES:
                found[field] = embedding(tf.gather(self._genres, owner))
            elif field in self._categories:
                found[field] = embedding(tf.gather(self._categories[field], owner))
            else:
                found[field] = embedding(owner)
        return found

    def tables(self) -> dict[str, keras.Variable]:
        """Returns each field's table, with one row for each of the field's `row_keys`."""
        return {
            field: layer.kernel if field == Feature.GENRES else layer.embeddings
            for field, layer in self._embeddings.items()
        }

    def _table(self, field: str, rows: int, width: int, regularizer) -> None:
        if field == Feature.GENRES:
            layer = keras.layers.Dense(
                width,
                use_bias=False,
                kernel_initializer="uniform",
                kernel_regularizer=regularizer,
                dtype=self.dtype_policy,
                name=field,
            )
            layer.build((None, rows))
        else:
            layer = keras.layers.Embedding(
                rows, width, embeddings_regularizer=regularizer, dtype=self.dtype_policy, name=field
            )
            layer.build((None,))
        self._embeddings[field] = layer
