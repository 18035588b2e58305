"""Broadcasting of context features to every step of a sequence."""

import tensorflow as tf


def broadcast_to_sequence(context, sequence):
    """Repeats each row's context for every step of the row's sequence.

    Args:
        context: [B] or [B, d], or a dict of them.
        sequence: the sequence that gives the lengths: dense [B, n, …] or ragged [B, (n), …].

    Returns:
        The repeated context, [B, n] or [B, n, d], ragged if the sequence is.

    Examples:
        >>> broadcast_to_sequence(tf.constant([7, 8]), tf.ragged.constant([[1, 2], [3]])).to_list()
        [[7, 7], [8]]
    """
    if isinstance(context, dict):
        return {name: broadcast_to_sequence(each, sequence) for name, each in context.items()}
    context = tf.convert_to_tensor(context)
    if isinstance(sequence, tf.RaggedTensor):
        lengths = sequence.row_lengths()
        return tf.RaggedTensor.from_row_lengths(tf.repeat(context, lengths, axis=0), lengths, validate=False)
    steps = tf.shape(sequence)[1]
    return tf.repeat(context[:, None], steps, axis=1)
