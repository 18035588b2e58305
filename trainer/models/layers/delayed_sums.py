"""Sums over large sets, formed anew once per block of steps, which shares their cost."""

import keras
import numpy as np
import tensorflow as tf

from trainer.models.layers.implicit_sets import ImplicitSets

# Chosen on a validation part of MovieLens 1M (benchmarks/delayed_sums.py --train '{"epochs": 6}'; one member
# of 32 factors, one seed): RMSE 0.8570 without sets, 0.8278 so, 0.8232 with exact sums.
EVERY = 32  # training steps per block
PACE = 0.5  # what the table's rate is of the others'


class DelayedSums(keras.layers.Layer):
    """The sums of `ImplicitSets`, kept as a table that a block of training steps reads.

    With millions of members, summing the sets of one batch costs more than all the rest of a step, and the
    sums' gradient as much again. Here a step reads kept sums, S = A T (A: the matrix of the sets, T: the
    members' table), and adds its gradient to an accumulator G of the same shape. After `every` steps T moves
    once, by the mean gradient Aᵀ G / steps, and S is formed anew: two sparse products per block.

    T moves by the model's own optimizer, at PACE times its rate. Adam takes a block for one large gradient
    among `every` steps, as of a row of an embedding that few batches hold, and so moves T by up to √every
    times the rate; at twice the full rate training diverges.

    Args:
        sets: the sets of each id.
        table: the members' table, [members, …]. The model's step must not move it.
        every: the number of training steps in a block; None: EVERY.

    Attributes:
        sums: the kept sums, float32 [rows, d]; not trainable, but a step needs their gradient (`record`).
        table: the members' table.
    """

    def __init__(self, sets: ImplicitSets, table: keras.Variable, every: int | None = None, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        members, width = table.shape[0], int(np.prod(table.shape[1:]))
        self._sets, self._every, self.table = sets, every or EVERY, table
        self._matrix = sets.matrix(members)
        rows = self._matrix.shape[0]
        self.sums = self._kept("sums", (rows, width))
        self._of_sums = self._kept("gradient_of_sums", (rows, width))
        self._of_table = self._kept("gradient_of_table", (members, width))
        self._steps = self._kept("steps", ())
        self.built = True

    def call(self, ids, without=None):
        """Returns the kept sums of `ids`: float32 [B, d].

        Args:
            ids: int32 [B].
            without: int32 [B], a member to leave out of each set, or None.
        """
        sums = tf.gather(self.sums, ids)
        if without is None:
            return sums
        rows = tf.reshape(tf.gather(self.table, without), tf.shape(sums))
        return self._sets.without(sums, rows, ids, without)

    def record(self, of_sums, of_table, optimizer: keras.optimizers.Optimizer) -> None:
        """Adds a step's gradients, and after the last step of a block moves the table.

        Args:
            of_sums: the gradient of `sums`.
            of_table: the gradient of `table`; None where no member was left out of a set.
            optimizer: the model's optimizer, built with `table`.
        """
        _add(self._of_sums, of_sums)
        if of_table is not None:
            _add(self._of_table, of_table)
        self._steps.assign_add(1.0)
        tf.cond(self._steps >= self._every, lambda: self._move(optimizer), lambda: None)

    def refresh(self) -> None:
        """Forms the sums of the table as it is now."""
        self.sums.assign(self._product(self.table))

    def _move(self, optimizer) -> None:
        def transposed(of_sums, of_table, steps):
            return (self._matrix.T @ of_sums + of_table) / steps

        table = tf.convert_to_tensor(self.table)
        inputs = [tf.convert_to_tensor(each) for each in (self._of_sums, self._of_table, self._steps)]
        gradient = tf.reshape(tf.numpy_function(transposed, inputs, tf.float32), table.shape)
        if self.table.regularizer is not None:
            with tf.GradientTape() as tape:
                tape.watch(table)
                penalty = self.table.regularizer(table)
            gradient += tape.gradient(penalty, table)
        optimizer.update_step(gradient, self.table, PACE * tf.cast(optimizer.learning_rate, tf.float32))
        self.refresh()
        for each in (self._of_sums, self._of_table, self._steps):
            each.assign(tf.zeros_like(each))

    def _product(self, table):
        flat = tf.reshape(tf.convert_to_tensor(table), self._of_table.shape)
        sums = tf.numpy_function(lambda table: self._matrix @ table, [flat], tf.float32)
        return tf.ensure_shape(sums, self.sums.shape)

    def _kept(self, name: str, shape: tuple[int, ...]) -> keras.Variable:
        return self.add_weight(shape=shape, initializer="zeros", trainable=False, name=name)


def _add(total: keras.Variable, gradient) -> None:
    """Adds a gradient, dense or of some rows."""
    if isinstance(gradient, tf.IndexedSlices):
        rows = tf.reshape(gradient.values, [-1, *total.shape[1:]])
        total.value.scatter_add(tf.IndexedSlices(rows, gradient.indices))
    else:
        total.assign_add(tf.reshape(gradient, total.shape))
