"""Which steps of a sequence are hidden from the model, for it to find: BERT4Rec's task (Sun et al., 2019).

A mask is ragged bool [B, (n)], true at hidden steps. Those are the targets: `sequence` masked by
`tf.ragged.boolean_mask`. The loss is taken there only.
"""

import tensorflow as tf


def mask_last(sequence: tf.RaggedTensor) -> tf.RaggedTensor:
    """The last step of each sequence: how a model of masked steps is evaluated, and asked.

    Examples:
        >>> mask_last(tf.ragged.constant([[1, 2], [3]])).to_list()
        [[False, True], [True]]
    """
    steps = tf.ragged.range(sequence.row_lengths())
    last = tf.cast(sequence.row_lengths() - 1, steps.dtype)
    return steps == last[:, None]


def mask_random(sequence: tf.RaggedTensor, rate: float = 0.3, seed=None) -> tf.RaggedTensor:
    """Each step with a chance of `rate`, but at least one of a sequence, and never all of two or more.

    Args:
        sequence: ragged [B, (n)].
        rate: of hidden steps.
        seed: two integers: the same give the same mask. None: another at every call.

    Examples:
        >>> mask = mask_random(tf.ragged.constant([[1, 2], [3]]))
        >>> [sum(hidden) for hidden in mask.to_list()]  # one of two, whatever is drawn
        [1, 1]
    """
    lengths = sequence.row_lengths()
    size = tf.shape(sequence.flat_values)
    chance = tf.random.uniform(size) if seed is None else tf.random.stateless_uniform(size, seed)
    owners = sequence.value_rowids()
    # The step with the lowest chance is always hidden, the one with the highest never.
    hidden = (chance < rate) | _is_first(chance, owners, lengths)
    hidden &= ~_is_first(-chance, owners, lengths) | (tf.gather(lengths, owners) == 1)
    return sequence.with_flat_values(hidden)


def apply_mask(sequence: tf.RaggedTensor, mask: tf.RaggedTensor, token) -> tf.RaggedTensor:
    """The sequence with `token` at hidden steps.

    Args:
        sequence: ragged [B, (n)].
        mask: as the functions above give it.
        token: an id of its own that stands for a hidden step.

    Examples:
        >>> films = tf.ragged.constant([[1, 2], [3]])
        >>> apply_mask(films, mask_last(films), token=9).to_list()
        [[1, 9], [9]]
    """
    values = sequence.flat_values
    return sequence.with_flat_values(tf.where(mask.flat_values, tf.cast(token, values.dtype), values))


def _is_first(values, owners, lengths):
    """Whether each value is the first of its row's lowest ones: exactly one of a row, bool [the values]."""
    lowest = tf.gather(tf.math.segment_min(values, owners), owners)
    place = tf.range(tf.size(values, out_type=owners.dtype), dtype=owners.dtype)
    end = tf.size(values, out_type=owners.dtype)
    first = tf.math.unsorted_segment_min(
        tf.where(values == lowest, place, end), owners, tf.size(lengths, out_type=owners.dtype)
    )
    return place == tf.gather(first, owners)
