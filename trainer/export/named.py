"""Signatures with a data set's own names: the only place where tensors are called what the world calls them.

The servers of `trainer.export` compute with the keys of `trainer.data.features`; here their inputs and
outputs get the names of the description. MovieLens's names are the keys: its signatures are left as they are.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from trainer.data.features import MOVIE_ID
from trainer.data.names import Names


def item_vector(names: Names) -> str:
    """Returns the signature of items' vectors: `item_vector`, or as MovieLens's contract calls it.

    Versions that were exported before have `movie_vector` for every data set.
    """
    return "movie_vector" if names.item == MOVIE_ID else "item_vector"


class Endpoints:
    """Adds signatures to an archive under a data set's names.

    Args:
        archive: the archive.
        names: the names.
    """

    def __init__(self, archive: keras.export.ExportArchive, names: Names):
        self._archive, self._names = archive, names

    def add(self, signature: str, call: Callable, inputs: Sequence[tf.TensorSpec]) -> None:
        """Adds a signature; `inputs` and the outputs of `call` are named by key."""
        specs = [spec_of(each, self._names) for each in inputs]
        traced = tf.function(renamed(call, self._names), autograph=False).get_concrete_function(*specs)
        # Keras and then TensorFlow trace what they are given anew: with this, only a call of what is traced.
        self._archive.add_endpoint(signature, lambda *given: traced(*given), specs)


def spec_of(spec: tf.TensorSpec, names: Names) -> tf.TensorSpec:
    """Returns an input under the data set's name for its key."""
    return tf.TensorSpec(spec.shape, spec.dtype, name=names.outside(spec.name))


def renamed(call: Callable, names: Names) -> Callable:
    """Returns a function of the same inputs, in order, whose outputs have the data set's names."""
    if names.are_keys:
        return call

    def named(*inputs: Any) -> dict[str, Any]:
        return names.outside_of(call(*inputs))

    return named
