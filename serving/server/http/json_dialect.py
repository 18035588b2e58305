"""Conversion between TF Serving's JSON, in rows or columns, and NumPy arrays.

The rules and the words of the errors are those of TF Serving's util/json_tensor.cc, which parses with
RapidJSON. Regular requests are converted by orjson and NumPy as a whole. Only irregular ones are walked value
by value in TF Serving's order, to find the same first error.

Two differences are on purpose: a value quoted in an error is cut short when it is long, and bytes that are
not UTF-8 are refused in a request and replaced in an answer.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import rapidjson
from numpy.typing import NDArray

from serving.encoding.json_values import (
    ValueFault,
    dump,
    dump_with_nan,
    is_base64,
    jsonable,
    plain_column,
    quoted,
    tensor_of,
)
from serving.errors import StatusError, invalid
from serving.signature import Signature

PART_ROWS = 256  # rows of an answer that are written at once


@dataclass(frozen=True)
class PredictRequest:
    """Arrays of a request, and whether it is in rows; its answer has the same form."""

    inputs: dict[str, NDArray[Any]]
    rows: bool


def parse_object(body: bytes) -> dict[str, Any]:
    """Parses the JSON object in `body`. Raises INVALID_ARGUMENT with RapidJSON's message and offset."""
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = _parse_as_rapidjson(body)  # orjson refuses NaN and Infinity, and says things differently
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {quoted(document)} Is not object")
    return document


def signature_name(document: dict[str, Any]) -> str:
    """Returns the request's "signature_name", or "" if it has none."""
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid(
            f"JSON Value: {quoted(document)} not formatted correctly."
            " 'signature_name' key must be a string value."
        )
    return name


def find_signature(name: str, signatures: dict[str, Signature]) -> Signature:
    """Returns the signature called `name`; its error has the words of TF Serving's REST API."""
    try:
        return signatures[name or "serving_default"]
    except KeyError:
        raise invalid(
            f'Serving signature name: "{name or "serving_default"}" not found in signature def'
        ) from None


def read_request(document: dict[str, Any], signature: Signature) -> PredictRequest:
    """Reads the arrays in a request for `signature`. Raises StatusError as TF Serving does."""
    if not signature.inputs:
        name = signature_name(document) or "DEFAULT"
        raise invalid(f"Failed to get input map for signature: {name}")
    if "instances" in document:
        instances = document["instances"]
        if "inputs" in document:
            raise _misformed(
                document,
                "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
            )
        if not isinstance(instances, list):
            raise _misformed(document, "Expecting 'instances' to be an list/array")
        if not instances:
            raise _misformed(document, "No values in 'instances' array")
        return PredictRequest(_read_rows(instances, signature), rows=True)
    if "inputs" in document:
        return PredictRequest(_read_columns(document["inputs"], signature), rows=False)
    raise invalid("Missing 'inputs' or 'instances' key")


def write_answer(outputs: dict[str, NDArray[Any]], rows: bool) -> bytes:
    """Writes the answer in the form of the request: a single output bare, several outputs as objects.

    Floats are written as the shortest decimal that reads back as the same float32. Outputs whose names end in
    "_bytes" are written as {"b64": …}.
    """
    if not outputs:
        raise invalid("Cannot convert empty tensor map to JSON")
    if rows:
        _check_batch(outputs)
    finite = all(np.isfinite(array).all() for array in outputs.values() if array.dtype.kind == "f")
    write = dump if finite else dump_with_nan
    key = b"predictions" if rows else b"outputs"
    if rows and len(outputs) > 1:
        answer = _in_parts(len(next(iter(outputs.values()))), lambda part: write(_rows(outputs, part)))
    elif len(outputs) == 1:
        answer = _tensor(*next(iter(outputs.items())), write)
    else:
        members = (write(name) + b":" + _tensor(name, array, write) for name, array in outputs.items())
        answer = b"{" + b",".join(members) + b"}"
    return b'{"' + key + b'":' + answer + b"}"


def _tensor(name: str, array: NDArray[Any], write: Callable[[Any], bytes]) -> bytes:
    if array.ndim == 0:
        return write(jsonable(name, array))
    return _in_parts(len(array), lambda part: write(jsonable(name, array[part])))


def _rows(outputs: dict[str, NDArray[Any]], part: slice) -> list[dict[str, Any]]:
    values = {name: jsonable(name, array[part]) for name, array in outputs.items()}
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def _in_parts(rows: int, write: Callable[[slice], bytes]) -> bytes:
    """Writes a JSON array of `rows` elements in parts; `write` returns a slice of it as an array.

    The GIL is released between two parts, so that short requests need not wait for a long answer.
    """
    if rows <= PART_ROWS:
        return write(slice(0, rows))
    parts = []
    for start in range(0, rows, PART_ROWS):
        parts.append(write(slice(start, start + PART_ROWS))[1:-1])
        time.sleep(0)
    return b"[" + b",".join(parts) + b"]"


def _parse_as_rapidjson(body: bytes) -> Any:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # RapidJSON parses bytes, not characters, so any other error in them comes first.
        _rapidjson(body.decode("latin-1"))
        raise invalid(f"JSON Parse error: Invalid encoding in string. at offset: {error.start}") from None
    return _rapidjson(text)


def _rapidjson(text: str) -> Any:
    try:
        return rapidjson.loads(text)
    except RecursionError as error:
        raise invalid(f"JSON Parse error: {error}") from None
    except rapidjson.JSONDecodeError as error:
        place, _, reason = str(error).partition(": ")
        raise invalid(f"JSON Parse error: {reason} at offset: {place.rpartition(' ')[2]}") from None


def _misformed(document: Any, reason: str) -> StatusError:
    return invalid(f"JSON Value: {quoted(document)} {reason}")


def _read_rows(instances: list[Any], signature: Signature) -> dict[str, NDArray[Any]]:
    objects = _is_object(instances[0])
    if len(signature.inputs) > 1 and not isinstance(instances[0], dict):
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors required"
            " as per tensorinfo_map"
        )
    plain = _plain_rows(instances, signature, objects)
    return _walk_rows(instances, signature, objects) if plain is None else plain


def _plain_rows(instances: list[Any], signature: Signature, objects: bool) -> dict[str, NDArray[Any]] | None:
    """Converts regular rows to columns at once; returns None if they are irregular or wrong."""
    names = signature.inputs.keys()
    if not objects:
        name, spec = next(iter(signature.inputs.items()))
        columns = {name: plain_column(instances, spec.dtype)}
    elif all(isinstance(row, dict) and row.keys() == names for row in instances):
        columns = {
            name: plain_column([row[name] for row in instances], spec.dtype)
            for name, spec in signature.inputs.items()
        }
    else:
        return None
    found = {name: column for name, column in columns.items() if column is not None}
    return found if len(found) == len(columns) else None


def _walk_rows(instances: list[Any], signature: Signature, objects: bool) -> dict[str, NDArray[Any]]:
    names = sorted(signature.inputs)
    tensors: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    for number, row in enumerate(instances):
        at = f"Failed to process element: {number}"
        if _is_object(row) != objects:
            expected = "object but got list" if objects else "value/list but got object"
            raise invalid(f"Expecting {expected} at item {number} of input list")
        for name, value in row.items() if objects else [(names[0], row)]:
            try:
                if name not in tensors:
                    raise ValueFault(f"JSON object: does not have named input: {name}")
                tensor = tensor_of(value, signature.inputs[name].dtype)
                if tensors[name]:
                    _check_alike(tensors[name][0], tensor)
            except ValueFault as fault:
                key = f" key: {name}" if objects else ""
                raise invalid(f"{at}{key} of 'instances' list. Error: INVALID_ARGUMENT: {fault}") from None
            tensors[name].append(tensor)
        if objects and row.keys() != tensors.keys():
            raise invalid(
                f"{at} of 'instances' list. JSON object: {quoted(row)}"
                f" keys must be equal to: {','.join(names)}"
            )
    return {name: np.stack(parts) for name, parts in tensors.items()}


def _check_alike(first: NDArray[Any], other: NDArray[Any]) -> None:
    if first.size != other.size:
        raise ValueFault(f"Expecting tensor size: {first.size} but got: {other.size}")
    if first.shape != other.shape:
        raise ValueFault(f"Expecting shape {_shown(first)} but got: {_shown(other)}")


def _read_columns(inputs: Any, signature: Signature) -> dict[str, NDArray[Any]]:
    if not _is_object(inputs):
        if len(signature.inputs) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required"
                " as per tensorinfo_map"
            )
        inputs = {next(iter(signature.inputs)): inputs}
    arrays = {}
    for name, spec in signature.inputs.items():
        if name not in inputs:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
        column = plain_column(inputs[name], spec.dtype)
        try:
            arrays[name] = tensor_of(inputs[name], spec.dtype) if column is None else column
        except ValueFault as fault:
            raise invalid(str(fault)) from None
    return arrays


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _check_batch(outputs: dict[str, NDArray[Any]]) -> None:
    expected = None
    for name, array in outputs.items():
        if array.ndim == 0:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if expected not in (None, len(array)):
            raise invalid(
                f"Tensor name: {name} has inconsistent batch size: {len(array)} expecting: {expected}"
            )
        expected = len(array)


def _shown(array: NDArray[Any]) -> str:
    return "[" + ",".join(map(str, array.shape)) + "]"
