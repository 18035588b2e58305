"""Raw columns, as a reader of tables has them, in the form that `examples.parse` gives."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from trainer.data.description import Categories, Number, Time, Vector


def raw_column(feature, values: Sequence):
    """Returns a raw column as `examples.parse` does; of numbers None and NaN are unknown."""
    match feature:
        case Categories():
            return _lists(values, tf.string)
        case Vector():
            return _lists(values, tf.float32)
        case Number():
            return tf.constant(np.array(values, np.float64).astype(np.float32))
        case Time():
            return tf.constant(np.array(values, np.int64))
    return tf.constant(["" if value is None else value for value in values], tf.string)


def _lists(values: Sequence[Sequence], dtype: tf.DType) -> tf.RaggedTensor:
    """Returns rows of any length, ragged [rows, (n)]; `tf.ragged.constant` takes minutes for 200,000 rows."""
    lengths = np.fromiter(map(len, values), np.int64, len(values))
    flat = [each for row in values for each in row]
    return tf.RaggedTensor.from_row_lengths(tf.constant(flat, dtype), lengths, validate=False)
