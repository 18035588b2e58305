"""Conversion of NumPy arrays to TensorProto and back.

It is several times faster than `tf.make_tensor_proto`, and reads protos as TensorFlow's own parser does
(`Tensor::FromProto`), which `tf.make_ndarray` does not.
"""

import math
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.core.framework.tensor_shape_pb2 import TensorShapeProto

from serving.signature import DTYPE_NAMES, NUMPY_DTYPES

# Fields of TensorProto for the values of a dtype; those of other dtypes go into tensor_content.
_FIELDS = {
    "float": "float_val",
    "double": "double_val",
    "int8": "int_val",
    "int16": "int_val",
    "int32": "int_val",
    "uint8": "int_val",
    "uint16": "int_val",
    "int64": "int64_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
    "bool": "bool_val",
    "string": "string_val",
    "half": "half_val",
}
_WRITTEN = _FIELDS.keys() - {"half"}
_AT_ONCE = 16_384  # values passed to protobuf in one call, for which other threads wait
_MOST_DIMENSIONS = 254


class TooManyValues(ValueError):
    """Error for a tensor whose shape needs more filled-in values than the reader allows."""


def proto_of(array: NDArray[Any]) -> tensor_pb2.TensorProto:
    """Converts an array to a proto with values in the field of their type, as TF Serving answers."""
    name = DTYPE_NAMES[array.dtype]
    proto = tensor_pb2.TensorProto(
        dtype=types_pb2.DataType.Value(f"DT_{name.upper()}"),
        tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in array.shape]),
    )
    if name in _WRITTEN:
        values, flat = getattr(proto, _FIELDS[name]), array.ravel()
        for start in range(0, len(flat), _AT_ONCE):
            values.extend(flat[start : start + _AT_ONCE].tolist())
    else:
        proto.tensor_content = array.tobytes()
    return proto


def array_of(proto: tensor_pb2.TensorProto, most: int | None = None) -> NDArray[Any]:
    """Returns the array that TensorFlow reads from `proto`; strings as an object array of bytes.

    If there are fewer values than the shape needs, the last value, or the type's default if there is none,
    fills the rest. Surplus values are ignored. `tensor_content` takes precedence over the values.

    Args:
        proto: tensor to read.
        most: maximum number of values of a tensor that has to be filled up; None for no limit.

    Raises:
        TooManyValues: a tensor that has to be filled up would exceed `most` values.
        ValueError: the tensor is malformed, for TensorFlow too.
    """
    shape = _shape(proto.tensor_shape)
    count = math.prod(shape)
    name = types_pb2.DataType.Name(proto.dtype).removeprefix("DT_").lower()
    if name not in _FIELDS:
        return _unusual(proto, count, most)
    if proto.tensor_content and count:
        read = _strings if name == "string" else _numbers
        return read(proto.tensor_content, name, count).reshape(shape)
    values = getattr(proto, _FIELDS[name])
    given = min(len(values), count)
    if most is not None and count > max(given, most):
        raise TooManyValues(f"a shape of {count} places, over the limit of {most}")
    array = np.empty(count, NUMPY_DTYPES[name])
    if name == "string":
        array[:given] = values[:given]
    elif name == "half":
        array[:given] = np.array(values[:given], np.int64).astype(np.uint16).view(np.float16)
    elif _FIELDS[name] == "int_val":
        array[:given] = np.array(values[:given], np.int32).astype(array.dtype)  # wider ones are cut
    else:
        array[:given] = np.array(values[:given], array.dtype)
    if given < count:
        array[given:] = array[given - 1] if given else (b"" if name == "string" else 0)
    return array.reshape(shape)


def _shape(proto: TensorShapeProto) -> list[int]:
    shape = [dim.size for dim in proto.dim]
    if len(shape) > _MOST_DIMENSIONS or min(shape, default=0) < 0:  # TensorFlow ignores unknown_rank
        raise ValueError(f"not a whole shape: {shape}")
    count = 1
    for size in shape:
        count *= size
        if count >= 2**63:
            raise ValueError(f"too large a shape: {shape}")
    return shape


def _numbers(content: bytes, name: str, count: int) -> NDArray[Any]:
    dtype = NUMPY_DTYPES[name]
    if len(content) != count * dtype.itemsize:
        raise ValueError(f"{len(content)} bytes do not make {count} of {name}")
    if name == "bool":  # any byte other than 0 is true
        return np.frombuffer(content, np.uint8).astype(bool)
    return np.frombuffer(content, dtype)


def _strings(content: bytes, _name: str, count: int) -> NDArray[Any]:
    """Decodes TensorFlow's list of strings: all lengths as varints, then all bytes."""
    if count > len(content):  # each length takes at least a byte
        raise ValueError(f"{len(content)} bytes do not make {count} strings")
    lengths, place = [], 0
    for _ in range(count):
        length, place = _varint(content, place)
        lengths.append(length)
    if sum(lengths) != len(content) - place:
        raise ValueError(f"strings of {sum(lengths)} bytes in {len(content) - place}")
    array = np.empty(count, dtype=object)
    for position, length in enumerate(lengths):
        array[position] = content[place : place + length]
        place += length
    return array


def _varint(content: bytes, place: int) -> tuple[int, int]:
    """Decodes an unsigned 32-bit number; returns it and the position after it."""
    value = 0
    for shift in range(0, 35, 7):
        if place >= len(content):
            break
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFF, place
    raise ValueError("a length that does not end")


def _unusual(proto: tensor_pb2.TensorProto, count: int, most: int | None) -> NDArray[Any]:
    """Reads a tensor of a type that no signature here has, so that the error can name the type."""
    if most is not None and count > most:
        raise TooManyValues(f"a shape of {count} places, over the limit of {most}")
    try:
        return np.asarray(tf.make_ndarray(proto))
    except Exception as error:  # make_ndarray may raise anything
        raise ValueError(str(error)) from None
