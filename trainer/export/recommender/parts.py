"""The two SavedModels that a recommender is made of, each reduced to the signatures that are called."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.names import Names
from trainer.export.description import names_of


@dataclass(frozen=True)
class Part:
    """Some signatures of a SavedModel.

    Attributes:
        calls: functions by signature, called with keyword arguments; the names of these and of the outputs
            are MovieLens's, whatever the model calls them.
        resources: the variables and tables that the functions use. A module that is saved with the functions
            must hold them; each is written once, even if several signatures use it.
        names: what the model calls its inputs and outputs.
    """

    calls: dict[str, Any]
    resources: list
    names: Names = field(default_factory=Names)


class Call:
    """A signature of a SavedModel under the keys of `trainer.data.features`.

    Args:
        signature: the concrete function, under the model's own names.
        names: these names.
    """

    def __init__(self, signature: tf.types.experimental.ConcreteFunction, names: Names):
        self._signature, self._names = signature, names

    def __call__(self, **inputs):
        return self._names.inside_of(self._signature(**self._names.outside_of(inputs)))

    @property
    def structured_input_signature(self):
        """Returns the positional inputs, of which there are none, and the others by key."""
        positional, by_name = self._signature.structured_input_signature
        return positional, self._names.inside_of(by_name)


def load_part(path: Path, signatures: Sequence[str], optional: Sequence[str] = ()) -> Part:
    """Loads `signatures` of the SavedModel at `path`, their resources, and `optional` signatures if present.

    Raises:
        TrainingError: there is no SavedModel, or it lacks one of `signatures`.
    """
    if not (path / "saved_model.pb").exists():
        raise TrainingError(f"There is no SavedModel at {path}.")
    loaded = tf.saved_model.load(str(path))
    for name in signatures:
        if name not in loaded.signatures:
            raise TrainingError(
                f"The model at {path} has no signature {name}, but {', '.join(sorted(loaded.signatures))}.",
                "Export it again: a recommender is made of models that this version of Marquee trained.",
            )
    wanted = [*signatures, *(name for name in optional if name in loaded.signatures)]
    calls = {name: loaded.signatures[name] for name in wanted}
    used = {id(tensor) for call in calls.values() for tensor in call.captured_inputs}
    names = names_of(path)
    everything = tf.train.TrackableView(loaded).descendants()
    resources = [each for each in everything if id(_handle(each)) in used]
    if not names.are_keys:
        return Part({name: Call(call, names) for name, call in calls.items()}, resources, names)
    return Part(calls, resources, names)


def _handle(trackable) -> tf.Tensor | None:
    """Returns the tensor by which a function captures a variable or table."""
    if isinstance(trackable, tf.Variable):
        return trackable.handle
    return getattr(trackable, "resource_handle", None)
