"""The two ids and the side features as fields, each with embeddings of its own."""

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
    """A table a field, found by the ids of the user and the film alone.

    A film's genres are one field: the sum of their rows over the root of their number.

    Args:
        catalogue: which categories a user or film has.
        features: side features that the data set knows; `time` is none of them.
        dim: width of the embeddings, or "auto": by `embedding_width`, each field its own.
        side_dim: width of side features' embeddings; None: `dim`.
        regularizer: of every table.

    Attributes:
        widths: of each field's embedding, by name, in the order of the fields.
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
        """Embeddings by field, [B, width] each, from `user_id` and `movie_id`, int32 [B]."""
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
        """Each field's table, a row for each of the field's `row_keys`."""
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
