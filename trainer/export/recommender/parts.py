"""The two SavedModels that a recommender is made of, each reduced to the signatures that are called."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from marquee.errors import TrainingError


@dataclass(frozen=True)
class Part:
    """Some signatures of a SavedModel.

    Attributes:
        calls: concrete functions by signature, called with keyword arguments.
        resources: the variables and tables that the functions use. A module that is saved with the functions
            must hold them; each is written once, even if several signatures use it.
    """

    calls: dict[str, tf.types.experimental.ConcreteFunction]
    resources: list


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
    everything = tf.train.TrackableView(loaded).descendants()
    return Part(calls, [each for each in everything if id(_handle(each)) in used])


def _handle(trackable) -> tf.Tensor | None:
    """Returns the tensor by which a function captures a variable or table."""
    if isinstance(trackable, tf.Variable):
        return trackable.handle
    return getattr(trackable, "resource_handle", None)
