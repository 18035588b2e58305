"""Parser of a few TensorFlow messages without TensorFlow, which takes many seconds to load.

Field numbers are those of tensorflow/core/example/{example,feature}.proto and
tensorflow/core/protobuf/{saved_model,meta_graph}.proto; unused fields are left out.
"""

import functools
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from serving.signature import Signature, TensorSpec

_FIELD = descriptor_pb2.FieldDescriptorProto
_TYPES = {"bytes": _FIELD.TYPE_BYTES, "float": _FIELD.TYPE_FLOAT, "int64": _FIELD.TYPE_INT64,
          "int32": _FIELD.TYPE_INT32, "bool": _FIELD.TYPE_BOOL, "string": _FIELD.TYPE_STRING}  # fmt: skip
#: Fields by message: name, number, type, and whether it is repeated.
_MESSAGES = {
    "BytesList": [("value", 1, "bytes", True)],
    "FloatList": [("value", 1, "float", True)],
    "Int64List": [("value", 1, "int64", True)],
    "Feature": [
        ("bytes_list", 1, "BytesList", False),
        ("float_list", 2, "FloatList", False),
        ("int64_list", 3, "Int64List", False),
    ],
    "FeatureEntry": [("key", 1, "string", False), ("value", 2, "Feature", False)],
    "Features": [("feature", 1, "FeatureEntry", True)],
    "Example": [("features", 1, "Features", False)],
    "Dim": [("size", 1, "int64", False)],
    "Shape": [("dim", 2, "Dim", True), ("unknown_rank", 3, "bool", False)],
    "TensorInfo": [("dtype", 2, "int32", False), ("tensor_shape", 3, "Shape", False)],
    "TensorEntry": [("key", 1, "string", False), ("value", 2, "TensorInfo", False)],
    "SignatureDef": [("inputs", 1, "TensorEntry", True), ("outputs", 2, "TensorEntry", True)],
    "SignatureEntry": [("key", 1, "string", False), ("value", 2, "SignatureDef", False)],
    "MetaGraph": [("signature_def", 5, "SignatureEntry", True)],
    "SavedModel": [("meta_graphs", 2, "MetaGraph", True)],
}
#: TensorFlow's DataType (tensorflow/core/framework/types.proto).
_DTYPES = {
    1: "float", 2: "double", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 9: "int64",
    10: "bool", 17: "uint16", 19: "half", 22: "uint32", 23: "uint64",
}  # fmt: skip


def example(serialized: bytes) -> dict[str, list[Any]]:
    """Returns a tf.Example's values by feature; strings as bytes."""
    found = {}
    for entry in _message("Example").FromString(serialized).features.feature:
        lists = entry.value.ListFields()
        found[entry.key] = list(lists[0][1].value) if lists else []
    return found


def signatures(saved_model: bytes) -> dict[str, Signature]:
    """Returns the signatures in a `saved_model.pb`, by name."""
    found = {}
    for graph in _message("SavedModel").FromString(saved_model).meta_graphs[:1]:
        for entry in graph.signature_def:
            if not entry.key.startswith("__"):  # __saved_model_init_op
                found[entry.key] = Signature(_specs(entry.value.inputs), _specs(entry.value.outputs))
    return dict(sorted(found.items()))


def _specs(tensors) -> dict[str, TensorSpec]:
    return {
        each.key: TensorSpec(
            _DTYPES.get(each.value.dtype, "?"),
            None
            if each.value.tensor_shape.unknown_rank
            else tuple(dim.size for dim in each.value.tensor_shape.dim),
        )
        for each in sorted(tensors, key=lambda each: each.key)
    }


@functools.cache
def _message(name: str):
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"marquee.{name}"))


@functools.cache
def _pool() -> descriptor_pool.DescriptorPool:
    """Returns a separate descriptor pool, which does not affect TensorFlow's messages in this process."""
    file = descriptor_pb2.FileDescriptorProto(name="marquee.proto", package="marquee", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            message.field.add(
                name=field,
                number=number,
                label=_FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL,
                type=_TYPES.get(kind, _FIELD.TYPE_MESSAGE),
                type_name=None if kind in _TYPES else f".marquee.{kind}",
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool
