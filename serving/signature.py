"""What a signature takes and gives: names, dtypes and shapes, with nothing of TensorFlow in it.

The one description that the loaded model, the contract and both clients share, read from TF Serving's
own JSON form of a SignatureDef.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.errors import ServingError

# TensorFlow's name of a dtype, and what holds its values in NumPy (strings are objects: bytes).
NUMPY_DTYPES = {
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
    """One tensor: TensorFlow's dtype name ("string", "float", …) and shape.

    `shape` holds -1 where any size will do, and is None where even the rank is open.
    """

    dtype: str
    shape: tuple[int, ...] | None

    def array(self, values: Any) -> np.ndarray:
        """`values` as an array that this tensor takes; str become UTF-8 bytes.

        Raises ServingError where the values are of another kind.
        """
        try:
            if self.dtype != "string":
                return np.asarray(values).astype(NUMPY_DTYPES[self.dtype], casting="same_kind")
            array = np.array(values, dtype=object)
            flat = [item.encode() if isinstance(item, str) else item for item in array.ravel()]
            if not all(isinstance(item, bytes) for item in flat):
                raise TypeError("not all of them are strings")
            strings = np.empty(len(flat), dtype=object)
            strings[:] = flat
            return strings.reshape(array.shape)
        except (KeyError, TypeError, ValueError) as error:
            raise ServingError(
                f"Cannot turn {_shortened(values)} into a tensor of {self.dtype}: {error}"
            ) from None


@dataclass(frozen=True)
class Signature:
    """One entry point of a model: its inputs and outputs by name."""

    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]


def signatures_from_json(signature_defs: dict[str, Any]) -> dict[str, Signature]:
    """Reads the `signature_def` map of TF Serving's metadata, leaving out what nobody can call."""
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


def _shape(shape: dict[str, Any]) -> tuple[int, ...] | None:
    if shape.get("unknown_rank"):
        return None
    return tuple(int(dim["size"]) for dim in shape.get("dim", ()))


def _shortened(values: Any) -> str:
    text = repr(values)
    return text if len(text) <= 100 else text[:100] + "…"
