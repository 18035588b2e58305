"""Corners of both protocols that the recorded exchanges do not reach."""

import os

import grpc
import httpx
import numpy as np
import pytest
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.encoding.tensor_proto import array_of, proto_of

pytestmark = pytest.mark.skipif("TF_SERVING_BINARY" in os.environ, reason="the embedded server's own wording")

EXAMPLES = '{"examples": [{"user_id": "42"}]}'


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("GET", "/v1/models", "", 400, "Missing model name in request."),
        ("GET", "/v1/models/", "", 400, "Malformed request: GET /v1/models/"),
        ("PUT", "/v1/models/tiny", "", 400, "Malformed request: PUT /v1/models/tiny"),
        (
            "GET",
            "/v1/models/tiny/versions/99999999999999999999",
            "",
            400,
            "Failed to convert version: 99999999999999999999 to numeric.",
        ),
        ("GET", "/v1/models/tiny/versions/" + "9" * 5_000, "", 400, "99 to numeric."),
        ("GET", "/v1/models/tiny/labels/best", "", 400, "Unrecognized servable version label: best"),
        ("GET", "/v1/models/nope/metadata", "", 404, "Servable not found for request: Latest(nope)"),
        (
            "POST",
            "/v1/models/tiny:predict",
            '{"inputs": 1, "signature_name": 1}',
            400,
            "must be a string value.",
        ),
        ("POST", "/v1/models/tiny:classify", "{}", 400, "key 'examples' is expected and was not found"),
        ("POST", "/v1/models/nope:regress", EXAMPLES, 404, "Servable not found for request: Latest(nope)"),
    ],
)
def test_rest_errors(tiny_server, method, path, body, status, error):
    response = httpx.request(method, tiny_server.rest_url + path, content=body)
    assert response.status_code == status
    assert response.json()["error"].endswith(error)


def test_paths_are_matched_whatever_their_case_as_tf_serving_does(tiny_server):
    assert httpx.get(f"{tiny_server.rest_url}/V1/Models/tiny").status_code == 200
    assert httpx.get(f"{tiny_server.rest_url}/v1/models/TINY").status_code == 404


@pytest.fixture
def channel(tiny_server):
    with grpc.insecure_channel(tiny_server.grpc_address) as opened:
        yield opened


@pytest.mark.parametrize(
    ("call", "request_", "code", "details"),
    [
        ("Predict", predict_pb2.PredictRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
        (
            "Predict",
            predict_pb2.PredictRequest(model_spec={"signature_name": "x"}),
            "INVALID_ARGUMENT",
            "ModelSpec has no name specified.",
        ),
        (
            "Predict",
            predict_pb2.PredictRequest(
                model_spec={"name": "tiny"},
                inputs={
                    "user_id": {
                        "dtype": "DT_STRING",
                        "tensor_shape": {"dim": [{"size": -1}]},
                        "string_val": [b"", b""],
                    }
                },
            ),
            "INVALID_ARGUMENT",
            "tensor parsing error: user_id",
        ),
        (
            "GetModelMetadata",
            get_model_metadata_pb2.GetModelMetadataRequest(model_spec={"name": "tiny"}),
            "INVALID_ARGUMENT",
            "GetModelMetadataRequest must specify at least one metadata_field",
        ),
        (
            "GetModelMetadata",
            get_model_metadata_pb2.GetModelMetadataRequest(model_spec={"name": "tiny"}, metadata_field=["x"]),
            "INVALID_ARGUMENT",
            "Metadata field x is not supported",
        ),
        (
            "MultiInference",
            inference_pb2.MultiInferenceRequest(),
            "UNIMPLEMENTED",
            "The embedded server has no MultiInference: a stock TensorFlow Serving has",
        ),
    ],
)
def test_grpc_errors(channel, call, request_, code, details):
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    with pytest.raises(grpc.RpcError) as error:
        getattr(stub, call)(request_, timeout=10)
    assert (error.value.code().name, error.value.details()) == (code, details)


def test_grpc_status_of_a_version_that_is_not_there(channel):
    request = get_model_status_pb2.GetModelStatusRequest(model_spec={"name": "tiny", "version": {"value": 9}})
    with pytest.raises(grpc.RpcError) as error:
        model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(request, timeout=10)
    assert error.value.details() == "Could not find version 9 of model tiny"


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1.5, -2.0]], np.float32),
        np.array([0.1]),
        np.array([1, 0.5], np.float16),
        np.array(3, np.int32),
        np.array([-(2**63)], np.int64),
        np.array([2**64 - 1], np.uint64),
        np.array([True, False]),
        np.array([b"\xff", b""], dtype=object),
        np.array(b"one", dtype=object),
        np.zeros((0, 2), np.float32),
        np.empty((0,), dtype=object),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_survive_a_tensor_proto(array):
    back = array_of(proto_of(array))
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)


def test_one_value_in_a_tensor_proto_stands_for_all():
    proto = proto_of(np.array([b"a"], dtype=object))
    proto.tensor_shape.dim[0].size = 3
    assert array_of(proto).tolist() == [b"a", b"a", b"a"]
