"""Sums over the set of ids that belongs to an id, such as the films that a user has watched."""

from functools import cached_property

import keras
import numpy as np
import scipy.sparse
import tensorflow as tf

from trainer.data.tables.ragged import Ragged

# Up to this many entries, every step computes the sums of all ids at once, as one sparse product. Beyond it,
# only the sums of the batch's distinct ids are computed, or those of a block of steps (`DelayedSums`).
AT_ONCE = 1_500_000
# The product with a dense matrix takes as long for some 60 cells as that with a sparse one for an entry
# (`benchmarks/implicit_sets.py`), so it is used where every 50th cell is an entry, up to a matrix of 128 MB.
CELLS_AN_ENTRY = 50
MOST_CELLS = 1 << 25


class ImplicitSets(keras.layers.Layer):
    """Sums a table's rows over each id's set and divides by √(set size), as in SVD++ (Koren, 2008).

    Args:
        sets: the members of each id's set.
        limit: the largest number of members of a set; of larger sets the last ones are used.
        at_once: the number of entries up to which all ids' sums are computed together; None: AT_ONCE.
        cells_an_entry: the number of cells per entry up to which they are the product with a dense matrix.

    Attributes:
        at_once: whether all ids' sums are computed together.
    """

    def __init__(
        self,
        sets: Ragged,
        limit: int,
        at_once: int | None = None,
        cells_an_entry: float = CELLS_AN_ENTRY,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._cells_an_entry = cells_an_entry
        self._sets = sets.latest(limit)
        self._root = np.sqrt(np.maximum(self._sets.lengths, 1)).astype(np.float32)
        self._lengths = tf.constant(self._sets.lengths, tf.float32)
        self._table_rows = int(self._sets.values.max(initial=0)) + 1
        self._dense_matrix = None
        self.at_once = len(self._sets.values) <= (AT_ONCE if at_once is None else at_once)
        self.built = True

    def call(self, table, ids, xla=False):
        """Returns the sums of `ids`: float32 [B, d].

        Args:
            table: float32 [members, d].
            ids: int32 [B].
            xla: whether only operations that XLA compiles are used; needs `at_once`.
        """
        table = tf.convert_to_tensor(table)
        return tf.gather(self.all(table, xla), ids) if self.at_once else self._of_distinct(table, ids)

    def without(self, sums, rows, ids, targets):
        """Returns the sums of `ids` without the rows of `targets`: float32 [B, d].

        Where membership of the target is what a model learns, it must not be read off the set.

        Args:
            sums: float32 [B, d], the sums that `call` returns.
            rows: float32 [B, d], the table's rows of `targets`.
            ids: int32 [B].
            targets: int32 [B], the members to leave out; where an id's set lacks it, the sum stays.
        """
        there = self._holds(ids, targets)
        lengths = tf.gather(self._lengths, ids)
        plain = sums * tf.sqrt(lengths)[:, None] - there[:, None] * rows
        rest = plain / tf.sqrt(tf.maximum(lengths - there, 1))[:, None]
        return tf.where(there[:, None] > 0, rest, sums)

    def matrix(self, members: int) -> scipy.sparse.csr_array:
        """Returns the matrix whose product with a table of `members` rows is every id's sum: [rows, members].

        scipy multiplies large ones in a sixth of the time that TensorFlow takes, outside of a graph.
        """
        weights = np.repeat(1 / self._root, self._sets.lengths)
        entries = (weights, self._sets.values, self._sets.splits)
        return scipy.sparse.csr_array(entries, shape=(len(self._sets), members))

    def all(self, table, xla=False):
        """Returns the sums of every id: float32 [rows, d]."""
        if self._is_dense(table.shape[0]):
            return tf.matmul(self._dense(table.shape[0]), table)
        if xla:
            summed = tf.math.unsorted_segment_sum(
                tf.gather(table, self._members), self._owners, len(self._sets)
            )
            return summed / self._root[:, None]
        sets = tf.SparseTensor(self._indices, self._weights, [len(self._sets), table.shape[0]])
        return tf.sparse.sparse_dense_matmul(sets, table)

    def _is_dense(self, members: int) -> bool:
        cells = len(self._sets) * members
        return cells <= min(MOST_CELLS, self._cells_an_entry * len(self._sets.values))

    # The constants of each way are made when it is first taken: with tens of millions of entries they are
    # large. They must not become parts of the graph that is being traced.

    def _dense(self, members: int):
        if self._dense_matrix is None:
            with tf.init_scope():
                self._dense_matrix = tf.constant(self.matrix(members).toarray())
        return self._dense_matrix

    @cached_property
    def _members(self):
        with tf.init_scope():
            return tf.constant(self._sets.values, tf.int32)

    @cached_property
    def _owners(self):
        with tf.init_scope():
            return tf.constant(self._sets.owners, tf.int32)

    @cached_property
    def _indices(self):
        with tf.init_scope():
            return tf.constant(np.stack([self._sets.owners, self._sets.values], axis=1), tf.int64)

    @cached_property
    def _weights(self):
        with tf.init_scope():
            return tf.constant(np.repeat(1 / self._root, self._sets.lengths))

    @cached_property
    def _splits(self):
        with tf.init_scope():
            return tf.constant(self._sets.splits, tf.int64)

    @cached_property
    def _keys(self) -> np.ndarray:
        return np.sort(self._sets.owners * self._table_rows + self._sets.values)

    def _holds(self, ids, targets):
        """Returns 1 where the target is in the id's set, else 0: float32 [B].

        The search is a binary one by gathers, which XLA compiles: its own compares all with all.
        """
        keys = tf.cast(ids, tf.int64) * self._table_rows + tf.cast(targets, tf.int64)
        size = len(self._keys)
        if not size:
            return tf.zeros(tf.shape(ids))
        with tf.init_scope():
            known = tf.constant(self._keys, tf.int64)
        first = tf.zeros_like(keys)  # the number of keys that are known to be smaller
        for bit in reversed(range(size.bit_length())):
            further = first + (1 << bit)
            smaller = tf.gather(known, tf.minimum(further, size) - 1) < keys
            first = tf.where((further <= size) & smaller, further, first)
        same = tf.gather(known, tf.minimum(first, size - 1)) == keys
        return tf.cast(same & (tf.cast(targets, tf.int64) < self._table_rows), tf.float32)

    def _of_distinct(self, table, ids):
        distinct, place = tf.unique(ids)
        ragged = tf.RaggedTensor.from_row_splits(self._members, self._splits, validate=False)
        sets = tf.gather(ragged, distinct)
        sums = tf.math.unsorted_segment_sum(
            tf.gather(table, sets.values), sets.value_rowids(), tf.shape(distinct)[0]
        )
        return tf.gather(sums / tf.gather(self._root, distinct)[:, None], place)
