"""Inputs of a request, such as `k`, with one value for all rows or one value per row.

A column request sends them once, as a scalar. A row request (`instances`, the only form that Vertex AI and
KServe can send) repeats them in each row, so that they arrive as [B]. A signature that declares no rank
accepts both.
"""

import tensorflow as tf


def each_row(value, rows, name: str):
    """Returns one value per row, [B], for a tensor of any rank.

    The graph refuses the request (INVALID_ARGUMENT) if there is neither one value nor one per row.

    Args:
        value: a scalar, or as many values as the batch has rows, in any shape.
        rows: int32 scalar, the size of the batch.
        name: the name of the input, for the message.
    """
    flat = tf.reshape(value, [-1])
    size = tf.size(flat)
    fits = tf.debugging.Assert(
        (size == 1) | (size == rows), [f"{name} must be one value, or one for each row of the batch:", rows]
    )
    with tf.control_dependencies([fits]):
        return tf.broadcast_to(flat, [tf.where(size == 1, rows, size)])


def of_each_row(value, rows, name: str):
    """Returns a tensor that has to have a row for each row of the batch.

    The graph refuses the request (INVALID_ARGUMENT) if it has more or fewer.

    Args:
        value: a tensor, [B, …].
        rows: int32 scalar, the size of the batch.
        name: the name of the input, for the message.
    """
    size = tf.shape(value)[0]
    fits = tf.debugging.Assert(
        size == rows, [f"{name} must have a value for each row of the batch:", rows, "not", size]
    )
    with tf.control_dependencies([fits]):
        return tf.identity(value)


def lengths(k, rows):
    """Returns the number of films that each row requests, and their maximum: int32 [B] and a scalar.

    The graph refuses the request (INVALID_ARGUMENT) if a `k` is below 1.
    """
    most = tf.reduce_max(tf.concat([[1], tf.reshape(k, [-1])], axis=0))  # the batch may be empty
    least = tf.reduce_min(tf.concat([[1], tf.reshape(k, [-1])], axis=0))
    enough = tf.debugging.Assert(least >= 1, ["k must be at least 1, and is", least])
    with tf.control_dependencies([enough]):
        return each_row(k, rows, "k"), tf.identity(most)
