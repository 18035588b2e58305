"""What is known of a whole sequence, at each of its steps."""

import tensorflow as tf


def broadcast_to_sequence(context, sequence):
    """Repeats each row's context for every step of the row's sequence.

    Args:
        context: [B] or [B, d], or a dict of them.
        sequence: whose length counts: dense [B, n, …] or ragged [B, (n), …].

    Returns:
        Like the context, but [B, n] or [B, n, d], ragged where the sequence is.

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
