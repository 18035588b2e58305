"""Pooling of the histories in requests, the same as a model's pooling in training."""

import tensorflow as tf


def pooled(table, movies, mean: bool = False):
    """Pools a table's rows over each history: their sum / √(number of films), or their mean.

    Repeated films count once, and unknown ones (0) are ignored.

    Args:
        table: float32 [movies, d].
        movies: ragged int32 [B, (n)].
        mean: whether the sum is divided by the number of films instead of its square root.

    Returns:
        float32 [B, d].
    """
    table, size = tf.convert_to_tensor(table), table.shape[0]
    owners, films = tf.cast(movies.value_rowids(), tf.int64), tf.cast(movies.values, tf.int64)
    keys = tf.unique(owners * size + films).y
    keys = tf.boolean_mask(keys, keys % size > 0)
    owners, films = keys // size, keys % size
    rows = movies.nrows()
    sums = tf.math.unsorted_segment_sum(tf.gather(table, films), owners, rows)
    counts = tf.math.unsorted_segment_sum(tf.ones_like(films, table.dtype), owners, rows)
    return sums / divisor(counts, mean)


def divisor(counts, mean: bool):
    """Returns the divisor, [B, 1], of sums over `counts` films, float32 [B]."""
    counts = tf.maximum(counts, 1)[:, None]
    return counts if mean else tf.sqrt(counts)
