"""A SavedModel as one TensorFlow Lite file: a phone or a small board answers from it, without a server.

The lookups of strings are converted with the network, so the file takes the same strings and gives the
same numbers. Built-in operations alone: TensorFlow's own kernels would have to be linked into every app.

https://ai.google.dev/edge/litert/conversion/tensorflow/overview
"""

import json
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from serving.errors import ServingError
from serving.versions.renames import sync
from serving.versions.versions import list_versions, version_folder

MODEL = "ranking"
SIGNATURE = "serving_default"
#: float32 through other kernels than those that trained: more than rounding is a fault.
TOLERANCE = 1e-4
_ANSWERS = Path("assets.extra") / "trained_answers.json"
_UNSUPPORTED = re.compile(r"^(?:TF Select|Custom) ops: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class TfLiteFile:
    """What was written.

    Args:
        version: the pushed version that it was made from.
        size: in bytes.
        asked: how many ratings of the trained model it was held against; 0 where the SavedModel brings none.
        largest_difference: from the trained model's.
    """

    version: int
    size: int
    asked: int
    largest_difference: float


def export_tflite(models_dir: str | Path, out: str | Path) -> TfLiteFile:
    """Converts the ranking model in front and puts it at `out`, whole or not at all.

    Before that the file answers what the trained model has answered, so one that answers otherwise is never
    written.

    Args:
        models_dir: `<name>/<version>/` folders.
        out: the file; one that is there is replaced.

    Raises:
        ServingError: there is no ranking model, it uses operations that TensorFlow Lite lacks (they are
            named), the file answers otherwise than the model, or `out` cannot be written.
    """
    versions = list_versions(models_dir, MODEL)
    if not versions:
        raise ServingError(f"there is no {MODEL} in {models_dir}", "Push one first: marquee run")
    saved_model = version_folder(models_dir, MODEL, versions[-1])
    content = convert(saved_model)
    asked, difference = _compare(content, saved_model)
    _write(content, Path(out))
    return TfLiteFile(versions[-1], len(content), asked, difference)


def convert(saved_model: str | Path) -> bytes:
    """`serving_default` of a SavedModel as a TensorFlow Lite flatbuffer with a signature of the same name.

    Raises ServingError, with the converter's reason, for a model that cannot be converted.
    """
    try:
        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=[SIGNATURE])
        content: bytes = converter.convert()
        return content
    except Exception as error:  # the converter raises many kinds, most of them private
        operations = _UNSUPPORTED.search(str(error))
        reason = (
            f"TensorFlow Lite has no built-in operation for {operations[1]}"
            if operations
            else (str(error).strip().splitlines() or [type(error).__name__])[0]
        )
        raise ServingError(f"{saved_model} cannot be converted to TensorFlow Lite: {reason}") from error


def run_tflite(content: bytes, inputs: dict[str, list[str]]) -> dict[str, NDArray[Any]]:
    """What `serving_default` of a TensorFlow Lite model answers to lists of strings."""
    with warnings.catch_warnings():
        # The interpreter that comes with TensorFlow tells of its successor, the package ai-edge-litert.
        warnings.filterwarnings("ignore", message=r"\s*Warning: tf.lite.Interpreter is deprecated")
        interpreter = tf.lite.Interpreter(model_content=content)
    asked = {name: np.array([each.encode() for each in column], object) for name, column in inputs.items()}
    answer: dict[str, NDArray[Any]] = interpreter.get_signature_runner(SIGNATURE)(**asked)
    return answer


def _compare(content: bytes, saved_model: Path) -> tuple[int, float]:
    """How many ratings were compared with the trained model's, and the largest difference."""
    try:
        answers = json.loads((saved_model / _ANSWERS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0, 0.0
    asked, worst = 0, 0.0
    for answer in answers:
        if answer["signature_name"] != SIGNATURE:
            continue
        got = run_tflite(content, answer["inputs"])
        for name, wanted in answer["outputs"].items():
            difference = np.max(np.abs(got[name] - np.asarray(wanted, np.float32)), initial=0.0)
            if not difference <= TOLERANCE:  # NaN too
                raise ServingError(
                    f"{saved_model} as TensorFlow Lite answers otherwise than the trained model: "
                    f"{name} differs by {difference:.2g}"
                )
            asked, worst = asked + len(wanted), max(worst, float(difference))
    return asked, worst


def _write(content: bytes, out: Path) -> None:
    """Beside its destination, to the disk, then renamed: nobody ever reads half a model."""
    part = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(content)
            sync(part)
            os.replace(part, out)
        finally:
            part.unlink(missing_ok=True)
        sync(out.parent)
    except OSError as error:
        raise ServingError(f"{out} cannot be written: {error.strerror}", "Name a file with --out.") from None
