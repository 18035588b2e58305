"""Histories in requests: dense and padded, as they are sent, to ragged and clean, as models take them."""

import tensorflow as tf

from trainer.models.layers.pooled import relative

HISTORY_ID = "history_id"
WEIGHT = "weight"


def distinct(movies, count):
    """Returns the known films of each row, each once, in their order.

    Args:
        movies: int32 [B, n], ids; 0 for unknown films and padding.
        count: int64 scalar, the number of ids, 0 included.

    Returns:
        (ragged int32 [B, (m)], int32 [sum of m]: the first place of each in the flattened `movies`).
    """
    rows = tf.shape(movies, tf.int64)[0]
    keys = tf.range(rows)[:, None] * count + tf.cast(movies, tf.int64)
    places = tf.boolean_mask(tf.reshape(tf.range(tf.size(movies)), tf.shape(movies)), movies > 0)
    keys, of_key = tf.unique(tf.boolean_mask(keys, movies > 0))  # keeps the order, so rows stay sorted
    first = tf.math.unsorted_segment_min(places, of_key, tf.size(keys))
    known = tf.RaggedTensor.from_value_rowids(tf.cast(keys % count, tf.int32), keys // count, rows, False)
    return known, first


def weighted(movies, weight, count):
    """Returns histories and what each film in them counts.

    The graph refuses the request (INVALID_ARGUMENT) if there is not one weight for each film, or one is
    negative or not finite.

    Args:
        movies: int32 [B, n], ids; 0 for unknown films and padding. Of a repeated film the first one counts.
        weight: float32 [B, n].
        count: int64 scalar, the number of ids, 0 included.

    Returns:
        (all known films, ragged int32 [B, (m)]; those of weights above 0, ragged int32 [B, (h)]; their
        weights, ragged float32 [B, (h)], as `trainer.models.layers.pooled.relative` scales them).
    """
    fits = tf.debugging.Assert(
        tf.reduce_all(tf.equal(tf.shape(movies), tf.shape(weight))),
        [
            "there must be one weight for each item of a history: the shapes are",
            tf.shape(movies),
            tf.shape(weight),
        ],
    )
    with tf.control_dependencies([fits]):
        weight = tf.identity(weight)
    fine = tf.debugging.Assert(
        tf.reduce_all(tf.math.is_finite(weight) & (weight >= 0)), ["a weight must be 0 or more, and finite"]
    )
    with tf.control_dependencies([fine]):
        known, first = distinct(movies, count)
        weights = known.with_values(tf.gather(tf.reshape(weight, [-1]), first))
    liked = weights.with_values(weights.values > 0)
    return known, tf.ragged.boolean_mask(known, liked), relative(tf.ragged.boolean_mask(weights, liked))
