"""NumPy arrays to TensorProto and back, several times faster than `tf.make_tensor_proto`."""

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.core.framework.tensor_shape_pb2 import TensorShapeProto

from serving.signature import DTYPE_NAMES

# Where TensorProto keeps the values of a dtype; those of the others go into tensor_content.
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
}


def proto_of(array: np.ndarray) -> tensor_pb2.TensorProto:
    """`array` with its values in the field of their type, as TF Serving answers; strings are bytes."""
    name = DTYPE_NAMES[array.dtype]
    proto = tensor_pb2.TensorProto(
        dtype=types_pb2.DataType.Value(f"DT_{name.upper()}"),
        tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in array.shape]),
    )
    if field := _FIELDS.get(name):
        getattr(proto, field).extend(array.ravel().tolist())
    else:
        proto.tensor_content = array.tobytes()
    return proto


def array_of(proto: tensor_pb2.TensorProto) -> np.ndarray:
    """The array in `proto`; strings as an object array of bytes. Raises ValueError where it is misformed."""
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if proto.dtype == types_pb2.DT_STRING and not proto.tensor_content:
        values = np.empty(len(proto.string_val), dtype=object)
        values[:] = list(proto.string_val)
        if len(values) == 1 and shape:  # one value stands for all, as in every TensorProto
            return np.full(shape, values[0], dtype=object)
        return values.reshape(shape)
    return np.asarray(tf.make_ndarray(proto))
