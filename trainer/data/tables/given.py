"""Columns of users' features that a request gives, for people who have no row in the catalogue.

A model's `features` hold them by the features' names in tf.Examples, beside `user_id` 0:
    of one category, or a bin of a number or time: int32 [B], its place in the keys of the feature's table.
    of words: int32 [B, n], each word's place in the keys plus one, no word twice, padded with 0.
    of a vector: float32 [B, length].
A number has one more column, `standardized(name)`: float32 [B], as `trainer.models.layers.numbers` scales it.
"""

from collections.abc import Iterable

import tensorflow as tf

from trainer.data.description import Description
from trainer.data.tables.table import OneOf, SetOf, Table


def standardized(name: str) -> str:
    """Returns the name of the column that holds a number itself, and not its bin."""
    return f"{name}, standardized"


def users_names(description: Description, keys: Iterable[str]) -> dict[str, str]:
    """Returns the names in tf.Examples, by key, of those of the features that belong to users."""
    return {key: description.name_of(key) for key in keys if key in description.user_features}


def sums_of_given(table: Table, rows, column):
    """Returns what a given feature contributes to an embedding, as `SideSums` does for a row of the table.

    Args:
        table: the feature by user.
        rows: float32 [categories, words or numbers, …], the trained table.
        column: the column of the feature.

    Returns:
        [B, …] of the type of `rows`.
    """
    rows = tf.convert_to_tensor(rows)
    if isinstance(table, OneOf):
        return tf.gather(rows, column)
    if not isinstance(table, SetOf):
        return tf.tensordot(tf.cast(column, rows.dtype), rows, 1)
    found = tf.gather(tf.concat([tf.zeros_like(rows[:1]), rows], axis=0), column)
    count = tf.maximum(tf.math.count_nonzero(column, axis=1, dtype=tf.int32), 1)
    shape = tf.concat([[-1], tf.ones([tf.rank(rows) - 1], tf.int32)], axis=0)
    return tf.reduce_sum(found, axis=1) / tf.reshape(tf.sqrt(tf.cast(count, rows.dtype)), shape)
