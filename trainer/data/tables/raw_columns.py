"""Raw columns, as a reader of tables has them, in the form that `examples.parse` gives."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from trainer.data.description import Categories, Number, Time, Vector


def raw_column(feature, values: Sequence):
    """Returns a raw column as `examples.parse` does; of numbers None and NaN are unknown."""
    match feature:
        case Categories():
            return tf.ragged.constant(values, dtype=tf.string, ragged_rank=1)
        case Vector():
            return tf.ragged.constant(values, dtype=tf.float32, ragged_rank=1)
        case Number():
            return tf.constant(np.array(values, np.float64).astype(np.float32))
        case Time():
            return tf.constant(np.array(values, np.int64))
    return tf.constant(["" if value is None else value for value in values], tf.string)
