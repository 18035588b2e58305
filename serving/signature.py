"""Inputs and outputs of a signature: names, dtypes and shapes, without a dependency on TensorFlow.

The loaded model, the contract and both clients share this description. It is read from TF Serving's JSON form
of a SignatureDef.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.errors import InputError

# TensorFlow's names of dtypes, and NumPy's dtypes for their values (strings are objects: bytes).
NUMPY_DTYPES: dict[str, np.dtype[Any]] = {
    "string": np.dtype(object),
    "float": np.dtype(np.float32),
    "double": np.dtype(np.float64),
    "half": np.dtype(np.float16),
    "int8": np.dtype(np.int8),
    "int16": np.dtype(np.int16),
    "int32": np.dtype(np.int32),
    "int64": np.dtype(np.int64),
    "uint8": np.dtype(np.uint8),
    "uint16": np.dtype(np.uint16),
    "uint32": np.dtype(np.uint32),
    "uint64": np.dtype(np.uint64),
    "bool": np.dtype(bool),
}
DTYPE_NAMES = {dtype: name for name, dtype in NUMPY_DTYPES.items()}


@dataclass(frozen=True)
class TensorSpec:
    """Dtype, by TensorFlow's name ("string", "float", …), and shape of a tensor.

    `shape` holds -1 for a size that is open, and is None if the rank is open.
    """

    dtype: str
    shape: tuple[int, ...] | None

    def array(self, values: Any) -> NDArray[Any]:
        """Converts `values` to an array that this tensor accepts; str become UTF-8 bytes.

        Rows of different lengths, such as histories, are padded: strings with "", numbers with 0.

        Raises InputError if the values are of another kind, or do not fit.
        """
        try:
            if self.dtype != "string":
                values = _padded(values, 0) if self._is_matrix else values
                return _numbers(values, NUMPY_DTYPES[self.dtype])
            array = np.array(_padded(values, "") if self._is_matrix else values, dtype=object)
            flat = [item.encode() if isinstance(item, str) else item for item in array.ravel()]
            if not all(isinstance(item, bytes) for item in flat):
                raise TypeError("not all of them are strings")
            strings = np.empty(len(flat), dtype=object)
            strings[:] = flat
            return strings.reshape(array.shape)
        except (KeyError, OverflowError, TypeError, ValueError) as error:
            raise InputError(
                f"Cannot turn {_shortened(values)} into a tensor of {self.dtype}: {error}"
            ) from None

    @property
    def _is_matrix(self) -> bool:
        return self.shape is not None and len(self.shape) == 2


@dataclass(frozen=True)
class Signature:
    """Entry point of a model: its inputs and outputs by name."""

    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]


def signatures_from_json(signature_defs: dict[str, Any]) -> dict[str, Signature]:
    """Reads the `signature_def` map of TF Serving's metadata, without internal signatures."""
    return {
        name: Signature(_specs(definition["inputs"]), _specs(definition["outputs"]))
        for name, definition in signature_defs.items()
        if not name.startswith("__")  # __saved_model_init_op
    }


def _specs(tensors: dict[str, Any]) -> dict[str, TensorSpec]:
    return {
        name: TensorSpec(tensor["dtype"].removeprefix("DT_").lower(), _shape(tensor["tensor_shape"]))
        for name, tensor in sorted(tensors.items())
    }


def _numbers(values: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind == "O" and not all(type(value) is int for value in array.ravel()):
        raise TypeError("not all of them are numbers")
    whole = array.dtype.kind in "iuO" and dtype.kind in "iu"
    if whole and array.size:
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        for value in (array.min(), array.max()):
            if not low <= value <= high:
                raise ValueError(f"{value} is not between {low} and {high}")
    checked = whole or array.dtype.kind == "O" or not array.size  # an empty array has no kind of its own
    return array.astype(dtype, casting="unsafe" if checked else "same_kind")


def _padded(rows: Any, padding: str | int) -> Any:
    """Pads lists to a common length; returns anything else unchanged."""
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, (list, tuple)) for row in rows):
        return rows
    longest = max(map(len, rows), default=0)
    return [[*row, *[padding] * (longest - len(row))] for row in rows]


def _shape(shape: dict[str, Any]) -> tuple[int, ...] | None:
    if shape.get("unknown_rank"):
        return None
    return tuple(int(dim["size"]) for dim in shape.get("dim", ()))


def _shortened(values: Any) -> str:
    text = repr(values)
    return text if len(text) <= 100 else text[:100] + "…"
