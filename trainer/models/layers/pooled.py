"""Pooling of the histories in requests, the same as a model's pooling in training."""

import tensorflow as tf


def pooled(table, movies, mean: bool = False, weights=None):
    """Pools a table's rows over each history: their sum / √(number of films), or their mean.

    Repeated films count once, and unknown ones (0) are ignored.

    Args:
        table: float32 [movies, d].
        movies: ragged int32 [B, (n)].
        mean: whether the sum is divided by the number of films instead of its square root.
        weights: ragged float32 [B, (n)], how much each film counts (`relative`), if all are known and none
            is repeated; None: each counts 1.

    Returns:
        float32 [B, d].
    """
    table, size = tf.convert_to_tensor(table), table.shape[0]
    if weights is not None:
        rows = tf.gather(table, movies.values) * weights.values[:, None]
        sums = tf.math.unsorted_segment_sum(rows, movies.value_rowids(), movies.nrows())
        return sums / divisor(tf.reduce_sum(weights, axis=1), mean)
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


def relative(weights):
    """Scales the weights of each history so that they sum to the effective number of its films.

    That number is (Σ w)² / Σ w²: n for n equal weights, which become 1 each, and less the more one of them
    outweighs the others. So only the ratios of a history's weights count, and a film of hardly any weight
    changes nothing.

    Args:
        weights: ragged float32 [B, (n)], above 0.

    Returns:
        ragged float32 [B, (n)].
    """
    rows = weights.value_rowids()

    def of_row(values):
        return tf.gather(values, rows)

    def sums(values):
        return tf.math.unsorted_segment_sum(values, rows, weights.nrows())

    most = tf.math.unsorted_segment_max(weights.values, rows, weights.nrows())
    scaled = weights.values / of_row(most)  # so that no square is too large
    return weights.with_values(scaled * of_row(tf.math.divide_no_nan(sums(scaled), sums(scaled**2))))
