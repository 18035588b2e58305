"""Values and tensors in TF Serving's JSON: the values that a dtype accepts, and how they are written."""

import base64
import binascii
from typing import Any

import numpy as np
import orjson
import rapidjson
from numpy.typing import NDArray

from serving.signature import NUMPY_DTYPES

MOST_DIMENSIONS = 32  # NumPy's own limit in older versions
QUOTE_CHARACTERS = 2048  # maximum number of characters of a value that an error quotes

# Inclusive ranges that RapidJSON's IsInt, IsUint, IsInt64 and IsUint64 accept for a dtype.
_INT32, _INT64 = (-(2**31), 2**31 - 1), (-(2**63), 2**63 - 1)
_RANGES = {
    "int8": _INT32,
    "int16": _INT32,
    "int32": _INT32,
    "uint8": _INT32,
    "uint32": (0, 2**32 - 1),
    "int64": _INT64,
    "uint64": (0, 2**64 - 1),
}
_LARGEST_WHOLE = {"float": 2**24 - 1, "double": 2**53 - 1}  # not all larger integers are representable
_JSON_TYPES = {
    type(None): "Null",
    dict: "Object",
    list: "Array",
    str: "String",
    int: "Number",
    float: "Number",
}


class ValueFault(Exception):
    """Error in a value, in TF Serving's words; the caller adds its position."""


def plain_column(values: Any, dtype: str) -> NDArray[Any] | None:
    """Converts a flat list of strings, or of integers that fit, to an array at once; else returns None."""
    if type(values) is not list or not values:
        return None
    kinds = set(map(type, values))
    if dtype == "string" and kinds == {str}:
        array = np.empty(len(values), dtype=object)
        try:
            array[:] = [value.encode() for value in values]
        except UnicodeEncodeError:  # half of a surrogate pair
            return None
        return array
    if dtype in ("int32", "int64") and kinds == {int}:
        low, high = _RANGES[dtype]
        if low <= min(values) and max(values) <= high:
            return np.array(values, dtype=NUMPY_DTYPES[dtype])
    return None


def tensor_of(value: Any, dtype: str) -> NDArray[Any]:
    """Converts a JSON value, nested to any depth, to an array of `dtype`. Raises ValueFault.

    The first element of each list determines the shape of all its elements.
    """
    if dtype not in NUMPY_DTYPES or dtype in ("half", "uint16"):
        raise ValueFault(f"Conversion of JSON Value: {quoted(value)} to type: {dtype}")
    shape: list[int] = []
    inner = value
    while isinstance(inner, list):
        shape.append(len(inner))
        if not inner:
            break
        inner = inner[0]
    if len(shape) > MOST_DIMENSIONS:
        raise ValueFault(f"Encountered {len(shape)} nested lists: a tensor has at most {MOST_DIMENSIONS}")
    flat: list[Any] = []
    _flatten(value, 0, shape, dtype, flat)
    array = np.empty(len(flat), dtype=object)
    array[:] = flat
    with np.errstate(over="ignore"):
        return array.astype(NUMPY_DTYPES[dtype]).reshape(shape)


def is_base64(value: Any) -> bool:
    """Returns whether `value` is {"b64": "…"}, the form of bytes in JSON."""
    return isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str)


def quoted(value: Any) -> str:
    """Formats `value` for an error message: pretty-printed JSON, truncated if it is long."""
    try:
        text = rapidjson.dumps(value, indent=4, ensure_ascii=False)
    except RecursionError:
        return "…"
    return text if len(text) <= QUOTE_CHARACTERS else text[:QUOTE_CHARACTERS] + "…"


def jsonable(name: str, array: NDArray[Any]) -> Any:
    """Converts an output to a value that `dump` writes: numbers stay an array, strings become lists of str.

    Strings of an output whose name ends in "_bytes" become {"b64": …}.
    """
    if array.dtype != object:
        return np.ascontiguousarray(array) if array.ndim else array[()]
    items: list[bytes] = array.ravel().tolist()
    written: list[str] | list[dict[str, str]]
    if name.endswith("_bytes"):
        written = [{"b64": base64.b64encode(item).decode()} for item in items]
    else:
        try:
            written = list(map(bytes.decode, items))
        except UnicodeDecodeError:
            written = [item.decode(errors="replace") for item in items]
    return _nested(written, array.shape)


def dump(value: Any) -> bytes:
    """Returns `value`, which may hold finite arrays, as JSON; float32 as the shortest equal decimal."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


def dump_with_nan(value: Any) -> bytes:
    """Returns JSON as `dump`, also for NaN and Infinity, which TF Serving writes and orjson cannot."""
    return rapidjson.dumps(value, default=_widened, ensure_ascii=False).encode()


def _flatten(value: Any, level: int, shape: list[int], dtype: str, flat: list[Any]) -> None:
    if not isinstance(value, list):
        if level != len(shape):
            raise ValueFault(
                f"JSON Value: {quoted(value)} found at incorrect level: {level + 1}"
                f" in the JSON DOM. Expected at level: {len(shape)}"
            )
        flat.append(_scalar(value, dtype))
        return
    if level >= len(shape):
        raise ValueFault(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise ValueFault(
            f"Encountered list at unexpected size: {len(value)} at level: {level}"
            f" expected size: {shape[level]}"
        )
    for item in value:
        _flatten(item, level + 1, shape, dtype, flat)


def _scalar(value: Any, dtype: str) -> Any:
    kind = type(value)
    if dtype == "string":
        if kind is dict:
            return _decoded(value)
        if kind is str:
            return value.encode(errors="surrogatepass")
    elif dtype == "bool":
        if kind is bool:
            return value
    elif dtype in _RANGES:
        if kind is int and _RANGES[dtype][0] <= value <= _RANGES[dtype][1]:
            return value
    elif kind in (int, float):
        return _decimal(value, dtype)
    json_type = str(value) if kind is bool else _JSON_TYPES[kind]
    raise ValueFault(f"JSON Value: {quoted(value)} Type: {json_type} is not of expected type: {dtype}")


def _decimal(value: int | float, dtype: str) -> float:
    if isinstance(value, int):
        lossless = abs(value) <= _LARGEST_WHOLE[dtype]
    else:
        lossless = not np.isfinite(value) or abs(value) <= float(np.finfo(NUMPY_DTYPES[dtype]).max)
    if not lossless:
        raise ValueFault(f"Cannot convert JSON value: {quoted(value)} to {dtype} without loss of precision.")
    return float(value)


def _decoded(value: dict[str, Any]) -> bytes:
    if not is_base64(value):
        raise ValueFault(f"JSON Value: {quoted(value)} not formatted correctly for base64 data")
    try:
        return base64.b64decode(value["b64"] + "=" * (-len(value["b64"]) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueFault("Unable to base64 decode") from None


def _nested(flat: list[Any], shape: tuple[int, ...]) -> Any:
    """Nests the elements of an array in lists of its shape."""
    if not shape:
        return flat[0]
    for size in reversed(shape[1:]):
        if size == 0:
            return np.empty(shape).tolist()
        flat = [flat[start : start + size] for start in range(0, len(flat), size)]
    return flat


def _widened(value: Any) -> Any:
    """Converts NumPy values to plain Python, a float32 by its shortest decimal."""
    if isinstance(value, np.ndarray):
        return [_widened(item) for item in value]
    return float(str(value)) if isinstance(value, np.floating) else value.item()
