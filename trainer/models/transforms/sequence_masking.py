"""Masks of sequences, whose hidden steps the model predicts: BERT4Rec's task (Sun et al., 2019).

A mask is ragged bool [B, (n)], true at hidden steps. These are the targets,
`tf.ragged.boolean_mask(sequence, mask)`, and the loss is computed at them only.
"""

import tensorflow as tf


def mask_last(sequence: tf.RaggedTensor) -> tf.RaggedTensor:
    """Masks the last step of each sequence, as in evaluation and prediction.

    Examples:
        >>> mask_last(tf.ragged.constant([[1, 2], [3]])).to_list()
        [[False, True], [True]]
    """
    steps = tf.ragged.range(sequence.row_lengths())
    last = tf.cast(sequence.row_lengths() - 1, steps.dtype)
    return steps == last[:, None]


def mask_random(sequence: tf.RaggedTensor, rate: float = 0.3, seed=None) -> tf.RaggedTensor:
    """Masks each step with probability `rate`, but at least one per sequence, and never all of two or more.

    Args:
        sequence: ragged [B, (n)].
        rate: the probability that a step is hidden.
        seed: two integers; the same seed gives the same mask. None: a different mask at every call.

    Examples:
        >>> mask = mask_random(tf.ragged.constant([[1, 2], [3]]))
        >>> [sum(hidden) for hidden in mask.to_list()]  # one of two, whatever is drawn
        [1, 1]
    """
    lengths = sequence.row_lengths()
    size = tf.shape(sequence.flat_values)
    chance = tf.random.uniform(size) if seed is None else tf.random.stateless_uniform(size, seed)
    owners = sequence.value_rowids()
    # The step with the lowest draw is always hidden, the one with the highest never.
    hidden = (chance < rate) | _is_first(chance, owners, lengths)
    hidden &= ~_is_first(-chance, owners, lengths) | (tf.gather(lengths, owners) == 1)
    return sequence.with_flat_values(hidden)


def apply_mask(sequence: tf.RaggedTensor, mask: tf.RaggedTensor, token) -> tf.RaggedTensor:
    """Replaces the hidden steps of a sequence by `token`.

    Args:
        sequence: ragged [B, (n)].
        mask: a mask of the functions above.
        token: a reserved id that marks hidden steps.

    Examples:
        >>> films = tf.ragged.constant([[1, 2], [3]])
        >>> apply_mask(films, mask_last(films), token=9).to_list()
        [[1, 9], [9]]
    """
    values = sequence.flat_values
    return sequence.with_flat_values(tf.where(mask.flat_values, tf.cast(token, values.dtype), values))


def _is_first(values, owners, lengths):
    """Marks the first of each row's lowest values, exactly one per row: bool [values]."""
    lowest = tf.gather(tf.math.segment_min(values, owners), owners)
    place = tf.range(tf.size(values, out_type=owners.dtype), dtype=owners.dtype)
    end = tf.size(values, out_type=owners.dtype)
    first = tf.math.unsorted_segment_min(
        tf.where(values == lowest, place, end), owners, tf.size(lengths, out_type=owners.dtype)
    )
    return place == tf.gather(first, owners)
