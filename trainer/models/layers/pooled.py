"""Histories that requests bring, pooled as a model pools those that it learned from."""

import tensorflow as tf


def pooled(table, movies, mean: bool = False):
    """Pools a table's rows over each history: Σ of their rows / √(how many there are), or their mean.

    A film counts once, an unknown one (0) not at all.

    Args:
        table: float32 [movies, d].
        movies: ragged int32 [B, (n)].
        mean: divide by how many there are in place of its root.

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
    """What sums over `counts` films, float32 [B], are divided by: [B, 1]."""
    counts = tf.maximum(counts, 1)[:, None]
    return counts if mean else tf.sqrt(counts)
