"""Training without a graph: for a step or two, tracing one takes several times as long as the steps do."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf


@contextmanager
def eagerly() -> Iterator[None]:
    """In it, training and evaluation steps run operation by operation; other tests have them in graphs."""
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)
