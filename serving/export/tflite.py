"""Export of a SavedModel to a TensorFlow Lite file, for phones and small boards without a server.

The lookups of strings are converted with the network, so the file takes the same strings and returns the
same numbers. Only built-in operations are used: TensorFlow's own kernels would have to be linked into every
app.

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
#: Maximum difference to the trained model; other float32 kernels may differ by rounding, not by more.
TOLERANCE = 1e-4
_ANSWERS = Path("assets.extra") / "trained_answers.json"
_UNSUPPORTED = re.compile(r"^(?:TF Select|Custom) ops: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class TfLiteFile:
    """Result of an export.

    Args:
        version: pushed version of the converted model.
        size: size of the file in bytes.
        asked: number of the trained model's ratings that were compared; 0 if the SavedModel has none.
        largest_difference: largest difference from the trained model's ratings.
    """

    version: int
    size: int
    asked: int
    largest_difference: float


def export_tflite(models_dir: str | Path, out: str | Path) -> TfLiteFile:
    """Converts the served ranking model and writes it atomically to `out`.

    The converted model is compared with the trained model's answers first, so that one that differs is never
    written.

    Args:
        models_dir: folder with `<name>/<version>/`.
        out: file to write; an existing one is replaced.

    Raises:
        ServingError: there is no ranking model, it uses operations that TensorFlow Lite lacks (they are
            named), its answers differ from the model's, or `out` cannot be written.
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
    """Converts `serving_default` of a SavedModel to a TensorFlow Lite flatbuffer with that signature.

    Raises ServingError, with the converter's reason, for a model that cannot be converted.
    """
    try:
        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=[SIGNATURE])
        content: bytes = converter.convert()
        return content
    except Exception as error:  # the converter raises many kinds of errors, most of them private
        operations = _UNSUPPORTED.search(str(error))
        reason = (
            f"TensorFlow Lite has no built-in operation for {operations[1]}"
            if operations
            else (str(error).strip().splitlines() or [type(error).__name__])[0]
        )
        raise ServingError(f"{saved_model} cannot be converted to TensorFlow Lite: {reason}") from error


def run_tflite(content: bytes, inputs: dict[str, list[str]]) -> dict[str, NDArray[Any]]:
    """Calls `serving_default` of a TensorFlow Lite model with lists of strings."""
    with warnings.catch_warnings():
        # TensorFlow's interpreter warns of its successor, the package ai-edge-litert.
        warnings.filterwarnings("ignore", message=r"\s*Warning: tf.lite.Interpreter is deprecated")
        interpreter = tf.lite.Interpreter(model_content=content)
    asked = {name: np.array([each.encode() for each in column], object) for name, column in inputs.items()}
    answer: dict[str, NDArray[Any]] = interpreter.get_signature_runner(SIGNATURE)(**asked)
    return answer


def _compare(content: bytes, saved_model: Path) -> tuple[int, float]:
    """Returns the number of ratings compared with the trained model's, and the largest difference."""
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
            if not difference <= TOLERANCE:  # true for NaN too
                raise ServingError(
                    f"{saved_model} as TensorFlow Lite answers otherwise than the trained model: "
                    f"{name} differs by {difference:.2g}"
                )
            asked, worst = asked + len(wanted), max(worst, float(difference))
    return asked, worst


def _write(content: bytes, out: Path) -> None:
    """Writes the file beside its destination, syncs it to disk and renames it, so that it is atomic."""
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
