"""Sums of a table's rows over a feature of an id: its category, its words, or its vector."""

import numpy as np
import tensorflow as tf

from trainer.data.tables.table import OneOf, SetOf, Table
from trainer.models.layers.implicit_sets import ImplicitSets

# Features of up to this many weights are a dense matrix (64 MB); of others only what is there is stored.
DENSE = 1 << 24


class SideSums:
    """The part of each id's embedding that a feature contributes.

    A category gives its row, words the sum of their rows / √(number of words), and a vector the product with
    the table.

    Args:
        table: the feature by id.
        dense: the largest number of weights that are multiplied as a matrix.

    Attributes:
        at_once: whether XLA can compile the sums.
    """

    def __init__(self, table: Table, dense: int = DENSE):
        self._weights = self._ids = self._sets = None
        self.at_once = True
        if isinstance(table, OneOf) and len(table.ids) * table.size > dense:
            self._ids = tf.constant(table.ids, tf.int32)
        elif isinstance(table, SetOf) and len(table.words) * table.size > dense:
            longest = int(table.words.lengths.max(initial=1))
            self._sets = ImplicitSets(table.words, limit=longest, dtype="float32")
            self.at_once = self._sets.at_once
        else:
            self._weights = tf.constant(table.weights())

    def __call__(self, rows, ids):
        """Returns the sums: float32 [B, …].

        Args:
            rows: float32 [categories, words or numbers, …], the trained table.
            ids: int32 [B].
        """
        if self._ids is not None:
            return tf.gather(rows, tf.gather(self._ids, ids))
        if self._sets is not None:
            flat = tf.reshape(rows, [-1, int(np.prod(rows.shape[1:]))])
            sums = self._sets(tf.cast(flat, tf.float32), ids, xla=self.at_once)
            return tf.cast(tf.reshape(sums, [-1, *rows.shape[1:]]), rows.dtype)
        return tf.tensordot(tf.cast(tf.gather(self._weights, ids), rows.dtype), rows, 1)
