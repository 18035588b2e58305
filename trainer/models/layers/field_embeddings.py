"""Embeddings of the two ids and of the side features, one table per field."""

from collections.abc import Sequence
from typing import Literal

import keras
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.row_keys import row_keys
from trainer.data.tables.context_tables import ContextSums
from trainer.data.tables.given import sums_of_given, users_names
from trainer.data.tables.table import OneOf, Table
from trainer.models.layers.embedding_width import embedding_width
from trainer.models.layers.side_sums import SideSums


class FieldEmbeddings(keras.layers.Layer):
    """One embedding table per field; all fields are looked up from the user's and the film's id.

    Words of a film or of the context (such as tags, or a search) are one field: the sum of their rows divided
    by the square root of their number. A vector is projected.

    Args:
        catalogue: gives the features of each user and film.
        features: the keys of the side features, each in the data set.
        dim: the width of the embeddings, or "auto": each field's width by `embedding_width`.
        side_dim: the width of the side features' embeddings; None: `dim`.
        regularizer: the regularizer of every table.

    Attributes:
        widths: the width of each field's embedding by name, in the order of the fields.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        features: Sequence[str],
        dim: int | Literal["auto"],
        side_dim: int | None = None,
        regularizer: keras.regularizers.Regularizer | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.widths: dict[str, int] = {}
        self._context = {key: catalogue.context[key] for key in features if key in catalogue.context}
        self._of_users = {USER_ID, *catalogue.description.user_features}
        self._given = users_names(catalogue.description, features)
        self._tables_given: dict[str, Table] = {key: catalogue.table(key) for key in self._given}
        self._embeddings: dict[str, keras.layers.Layer] = {}
        self._categories: dict[str, tf.Tensor] = {}
        self._sums: dict[str, SideSums] = {}
        for field in (USER_ID, MOVIE_ID, *features):
            rows, side = len(row_keys(catalogue, field)), field not in (USER_ID, MOVIE_ID)
            width = side_dim if side and side_dim is not None else dim
            self.widths[field] = embedding_width(rows) if width == "auto" else width
            table = catalogue.table(field) if side and field not in catalogue.context else None
            if isinstance(table, OneOf):
                self._categories[field] = tf.constant(table.ids)
            elif table is not None:
                self._sums[field] = SideSums(table)
            self._table(field, rows, self.widths[field], regularizer)
        self.built = True

    def call(self, features) -> dict[str, tf.Tensor]:
        """Returns the embeddings by field, [B, width] each, for `user_id` and `movie_id`, int32 [B].

        Features of users that `features` hold (`trainer.data.tables.given`) replace those of the `user_id`.
        """
        found = {}
        for field, embedding in self._embeddings.items():
            owner = features[USER_ID if field in self._of_users else MOVIE_ID]
            context = self._context.get(field)
            if self._given.get(field) in features:
                rows = tf.cast(self._table_of(field), self.compute_dtype)
                found[field] = sums_of_given(self._tables_given[field], rows, features[self._given[field]])
            elif isinstance(context, ContextSums):
                found[field] = context.sums(tf.cast(embedding.kernel, self.compute_dtype), features, owner)
            elif context is not None:
                found[field] = embedding(context.ids(features, owner))
            elif field in self._sums:
                kernel = tf.cast(embedding.kernel, self.compute_dtype)
                found[field] = self._sums[field](kernel, owner)
            elif field in self._categories:
                found[field] = embedding(tf.gather(self._categories[field], owner))
            else:
                found[field] = embedding(owner)
        return found

    def tables(self) -> dict[str, keras.Variable]:
        """Returns each field's table, with one row for each of the field's `row_keys`."""
        return {field: self._table_of(field) for field in self._embeddings}

    def _table_of(self, field: str) -> keras.Variable:
        layer = self._embeddings[field]
        return layer.kernel if self._summed(field) else layer.embeddings

    def _summed(self, field: str) -> bool:
        return field in self._sums or isinstance(self._context.get(field), ContextSums)

    def _table(self, field: str, rows: int, width: int, regularizer) -> None:
        if self._summed(field):
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
