"""TensorProtos are read as TensorFlow's own parser reads them, whoever wrote them."""

import math

import grpc
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.core.framework.tensor_shape_pb2 import TensorShapeProto
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.encoding.tensor_proto import TooManyValues, array_of
from serving.signature import NUMPY_DTYPES

FIELDS = {
    "string_val": st.binary(max_size=5),
    "float_val": st.floats(width=32, allow_nan=False),
    "double_val": st.floats(allow_nan=False),
    "int_val": st.integers(-(2**31), 2**31 - 1),
    "int64_val": st.integers(-(2**63), 2**63 - 1),
    "bool_val": st.booleans(),
    "uint32_val": st.integers(0, 2**32 - 1),
    "uint64_val": st.integers(0, 2**64 - 1),
    "half_val": st.integers(-(2**31), 2**31 - 1),
}
TYPES = sorted(f"DT_{name.upper()}" for name in NUMPY_DTYPES)


def shape_of(*sizes: int) -> TensorShapeProto:
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in sizes])


def content_of(dtype: str, count: int, values: list[bytes], cut: int) -> bytes:
    """What `tensor_content` holds for so many values, or nearly."""
    if dtype == "DT_STRING":
        strings = (values * count)[:count]
        content = b"".join(bytes([len(each)]) for each in strings) + b"".join(strings)
    else:
        size = NUMPY_DTYPES[dtype.removeprefix("DT_").lower()].itemsize
        content = bytes([1, 0]) * (size * count)
        content = content[: size * count] if dtype != "DT_BOOL" else bytes([1, 0] * count)[:count]
    return content[: len(content) - cut]


@st.composite
def protos(draw) -> tensor_pb2.TensorProto:
    proto = tensor_pb2.TensorProto(dtype=draw(st.sampled_from([*TYPES, "DT_INVALID", "DT_STRING_REF"])))
    sizes = draw(st.lists(st.integers(-1, 4), max_size=3))
    proto.tensor_shape.CopyFrom(shape_of(*sizes))
    proto.tensor_shape.unknown_rank = draw(st.sampled_from([False] * 9 + [True]))
    for field in draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=3)) | {_field(proto.dtype)}:
        getattr(proto, field).extend(draw(st.lists(FIELDS[field], max_size=6)))
    name = types_pb2.DataType.Name(proto.dtype)
    if name in TYPES and min(sizes, default=0) >= 0 and draw(st.integers(0, 3)) == 0:
        values = draw(st.lists(st.binary(max_size=3), min_size=1, max_size=3))
        proto.tensor_content = content_of(name, math.prod(sizes), values, draw(st.sampled_from([0, 0, 1])))
    return proto


def _field(dtype: int) -> str:
    name = types_pb2.DataType.Name(dtype).removeprefix("DT_").lower()
    fields = {"float": "float_val", "double": "double_val", "half": "half_val", "bool": "bool_val"}
    fields |= {"int64": "int64_val", "uint32": "uint32_val", "uint64": "uint64_val"}
    return fields.get(name, "int_val" if "int" in name else "string_val")


def tensorflow_reads(proto: tensor_pb2.TensorProto) -> np.ndarray | None:
    """None where TensorFlow refuses it."""
    name = types_pb2.DataType.Name(proto.dtype)
    if name not in TYPES:
        return None
    try:
        return tf.io.parse_tensor(proto.SerializeToString(), tf.as_dtype(proto.dtype)).numpy()
    except tf.errors.InvalidArgumentError:
        return None


@settings(max_examples=400, deadline=None, derandomize=True)
@given(proto=protos())
def test_an_array_is_what_tensorflow_reads(proto):
    right = tensorflow_reads(proto)
    if right is None:
        with pytest.raises(ValueError, match=r"."):
            array_of(proto)
        return
    found = array_of(proto)
    assert found.shape == np.shape(right)
    if proto.dtype == types_pb2.DT_STRING:
        assert found.tolist() == (right.tolist() if isinstance(right, np.ndarray) else right)
    else:
        assert found.dtype == right.dtype
        np.testing.assert_array_equal(found, right)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(content=st.binary(max_size=20), count=st.integers(0, 4))
def test_any_tensor_content_of_strings_is_what_tensorflow_reads(content, count):
    proto = tensor_pb2.TensorProto(
        dtype="DT_STRING", tensor_shape=shape_of(count), tensor_content=content, string_val=[b"other"]
    )
    right = tensorflow_reads(proto)
    if right is None:
        with pytest.raises(ValueError, match=r"."):
            array_of(proto)
    else:
        assert array_of(proto).tolist() == right.tolist()


@pytest.mark.parametrize(
    "sizes", [(2**40,), (2**31, 2**31), (2**62, 4), (2**62, 4, 0), (10**6, 10**6, 10**6), (5_000_000,)]
)
@pytest.mark.parametrize("dtype", ["DT_STRING", "DT_FLOAT", "DT_COMPLEX64"])
def test_a_shape_that_stands_for_far_more_than_was_sent_is_refused_at_once(sizes, dtype):
    proto = tensor_pb2.TensorProto(dtype=dtype, tensor_shape=shape_of(*sizes), string_val=[b"1"])
    with pytest.raises(ValueError, match=r"over the limit of|too large a shape"):
        array_of(proto, most=1_000_000)


def test_values_that_were_all_sent_are_not_limited():
    proto = tensor_pb2.TensorProto(dtype="DT_STRING", tensor_shape=shape_of(20), string_val=[b"1"] * 20)
    assert array_of(proto, most=10).tolist() == [b"1"] * 20
    proto.tensor_shape.dim[0].size = 21
    with pytest.raises(TooManyValues, match="a shape of 21 places, over the limit of 10"):
        array_of(proto, most=10)


@pytest.mark.parametrize(
    ("size", "values"),
    [
        (3, {"string_val": [b"42", b"7"]}),
        (2, {"string_val": [b"42", b"7", b"8"]}),
        (2, {}),
        (1, {"tensor_content": b"\x0242"}),
    ],
    ids=["too few", "too many", "none", "content"],
)
def test_the_server_reads_what_any_client_may_send(tiny_server, size, values):
    users = tensor_pb2.TensorProto(dtype="DT_STRING", tensor_shape=shape_of(size), **values)
    right = tf.io.parse_tensor(users.SerializeToString(), tf.string).numpy().tolist()
    request = predict_pb2.PredictRequest(
        model_spec={"name": "tiny"},
        inputs={
            "user_id": users,
            "movie_title": tensor_pb2.TensorProto(
                dtype="DT_STRING", tensor_shape=shape_of(1), string_val=[b"Speed (1994)"]
            ),
        },
    )
    with grpc.insecure_channel(tiny_server.grpc_address) as channel:
        answer = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=10)
    known = {b"42": 4.0, b"7": 3.0}
    assert array_of(answer.outputs["user_rating"]).tolist() == [known.get(user, 3.5) for user in right]


def test_the_server_refuses_a_shape_of_billions_in_words(tiny_server):
    users = tensor_pb2.TensorProto(dtype="DT_STRING", tensor_shape=shape_of(2_000_000_000), string_val=[b"1"])
    request = predict_pb2.PredictRequest(
        model_spec={"name": "tiny"}, inputs={"user_id": users, "movie_title": users}
    )
    with grpc.insecure_channel(tiny_server.grpc_address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        with pytest.raises(grpc.RpcError) as refusal:
            stub.Predict(request, timeout=10)
    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refusal.value.details().endswith("has a shape of 2000000000 places, over the limit of 4194304")
