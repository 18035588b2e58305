"""Requests with a trained model's answers, which verify its exported or served copy.

They are in `assets.extra` of a SavedModel, where TensorFlow Serving expects files that it does not load.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from marquee.whole_file import write_whole
from trainer.export.description import names_of
from trainer.export.extra import EXTRA

FILE = Path(EXTRA) / "trained_answers.json"
UNKNOWN = "no such value"


@dataclass(frozen=True, eq=False)
class Answer:
    """The inputs and outputs of one request, by key: under MovieLens's names (`trainer.data.names`).

    Inputs are lists, or lists of lists, of strings or bytes; or a number, or a bool. Outputs are arrays.
    Strings in outputs are bytes, in arrays of objects, as TensorFlow returns them.
    """

    signature: str
    inputs: dict[str, list | int | bool]
    outputs: dict[str, np.ndarray]


def write_answers(saved_model: str, answers: Sequence[Answer]) -> None:
    """Writes the answers beside the SavedModel, as column requests of TF Serving with their outputs."""
    names = names_of(saved_model)
    plain = [
        {
            "signature_name": answer.signature,
            "inputs": {name: _plain(values) for name, values in names.outside_of(answer.inputs).items()},
            "outputs": {
                name: _decoded(column.tolist()) for name, column in names.outside_of(answer.outputs).items()
            },
        }
        for answer in answers
    ]
    write_whole(Path(saved_model) / FILE, json.dumps(plain))


def spread(values: Sequence[str], places: np.ndarray) -> list[str]:
    """Returns the values at relative positions, 0 to 1, of a vocabulary."""
    return [values[int(place)] for place in places * (len(values) - 1)]


def ids(vocabulary: Sequence[str], values: Sequence[str]) -> np.ndarray:
    """Looks up int32 ids like a model: the index in the vocabulary plus one, 0 for unknown values."""
    place = {value: index for index, value in enumerate(vocabulary, start=1)}
    return np.array([place.get(value, 0) for value in values], np.int32)


def _plain(value):
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _decoded(value):
    if isinstance(value, list):
        return [_decoded(each) for each in value]
    return value.decode() if isinstance(value, bytes) else value
