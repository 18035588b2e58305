"""Whatever is sent is answered, with 200 or with a sentence: no 500, no hang, no end of the server."""

import gzip
import json
import os

import grpc
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow_serving.apis import predict_pb2

from .test_server import ROW

pytestmark = pytest.mark.skipif("TF_SERVING_BINARY" in os.environ, reason="about the embedded server alone")
QUICK = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["42", "Speed (1994)", "user_id", {"b64": "NDI="}, {"b64": "?"}, {"b64": 1}]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["user_id", "movie_title", "k", "b64", ""]), inner, max_size=3),
    ),
    max_leaves=12,
)
REQUESTS = st.dictionaries(
    st.sampled_from(["instances", "inputs", "signature_name", "examples", "context", ""]), VALUES, max_size=3
) | st.fixed_dictionaries(
    {
        "signature_name": st.sampled_from(["recommend", "serving_default", "nope", "", 1]),
        "inputs": st.fixed_dictionaries(
            {
                "user_id": VALUES | st.lists(st.text(max_size=3), max_size=5),
                "movie_title": VALUES,
                "k": SCALARS | st.integers(-3, 2**31),
            }
        ),
    }
)
PATHS = st.sampled_from(
    [
        "/v1/models/tiny:predict",
        "/v1/models/tiny/versions/1:predict",
        "/v1/models/tiny/versions/0001:predict",
        "/v1/models/tiny:classify",
        "/v1/models/tiny:regress",
        "/v1/models/tiny/labels/x:predict",
        "/v1/models/%C3%A9:predict",
        "/v1/models/tiny",
        "/",
    ]
)


@pytest.fixture(scope="module")
def http(tiny_server):
    with httpx.Client(base_url=tiny_server.rest_url, timeout=20) as client:
        yield client


def answered(client, path, body, headers=None):
    response = client.post(path, content=body, headers=headers)
    assert response.status_code in (200, 400, 404, 413, 415, 429, 501), response.text
    if path.startswith("/v1"):
        said = json.loads(response.content.replace(b"NaN", b"0").replace(b"Infinity", b"1"))
        assert response.status_code == 200 or said["error"]


def alive(client):
    assert client.post("/v1/models/tiny:predict", content=ROW).json() == {"predictions": [4.0]}


@QUICK
@given(document=REQUESTS, path=PATHS)
def test_json_of_any_kind(http, document, path):
    answered(http, path, json.dumps(document))
    alive(http)


@QUICK
@given(document=REQUESTS, data=st.data())
def test_json_that_is_damaged(http, document, data):
    body = bytearray(json.dumps(document).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(body) - 1)) if body else 0
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    answered(http, "/v1/models/tiny:predict", bytes(body))
    alive(http)


@QUICK
@given(document=REQUESTS, cut=st.integers(0, 40), junk=st.binary(max_size=8))
def test_gzip_that_is_damaged(http, document, cut, junk):
    body = gzip.compress(json.dumps(document).encode())
    answered(http, "/v1/models/tiny:predict", body[: len(body) - cut] + junk, {"Content-Encoding": "gzip"})
    alive(http)


@pytest.mark.parametrize("depth", [100, 900, 1_100, 5_000, 1_000_000])
@pytest.mark.parametrize(
    "frame", ['{"instances": %s}', '{"inputs": {"user_id": %s, "movie_title": ["a"]}}', "%s"]
)
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_json_nested_to_any_depth(http, depth, frame, brackets):
    opening = "[" if brackets == "[]" else '{"b64": '
    answered(http, "/v1/models/tiny:predict", frame % (opening * depth + '"x"' + brackets[1] * depth))
    alive(http)


@pytest.mark.parametrize("k", [-1, 0, 2**31 - 1, 2**31, 2**63, 2**64, 10**400, 1e300])
def test_any_k(http, k):
    body = {"signature_name": "recommend", "inputs": {"user_id": ["42"], "k": k}}
    answered(http, "/v1/models/tiny:predict", json.dumps(body))
    alive(http)


@pytest.mark.parametrize("text", ["\\ud800", "\\ud800x\\udfff", "\\u0000"])
@pytest.mark.parametrize(
    "frame", ['{"instances": [{"user_id": "%s", "movie_title": 1}]}', '{"instances": "%s"}']
)
def test_strings_that_no_text_can_hold(http, text, frame):
    answered(http, "/v1/models/tiny:predict", frame % text)
    alive(http)


def test_the_head_of_the_health_check(http):
    response = http.head("/healthz")
    assert (response.status_code, response.content) == (200, b"")
    alive(http)


def test_a_title_of_megabytes(http):
    row = {"user_id": "42", "movie_title": "x" * 8_000_000}
    response = http.post("/v1/models/tiny:predict", json={"instances": [row]})
    assert response.json() == {"predictions": [3.5]}


PROTOS = predict_pb2.PredictRequest(model_spec={"name": "tiny"})
PROTOS.inputs["user_id"].CopyFrom(
    predict_pb2.PredictRequest(
        inputs={"x": {"dtype": "DT_STRING", "tensor_shape": {"dim": [{"size": 1}]}, "string_val": [b"42"]}}
    ).inputs["x"]
)
PROTOS.inputs["movie_title"].CopyFrom(PROTOS.inputs["user_id"])


@QUICK
@given(data=st.data())
def test_protocol_buffers_that_are_damaged(http, tiny_server, data):
    body = bytearray(PROTOS.SerializeToString())
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, max(0, len(body) - 1)))
        body[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    with grpc.insecure_channel(tiny_server.grpc_address) as channel:
        predict = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        error = predict.future(bytes(body)).exception(timeout=20)
    known = ("INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "RESOURCE_EXHAUSTED")
    assert error is None or error.code().name in known, error
    alive(http)


def test_a_message_that_cannot_be_parsed_is_a_sentence(tiny_server):
    with grpc.insecure_channel(tiny_server.grpc_address) as channel:
        for method in ("PredictionService/Predict", "ModelService/GetModelStatus"):
            call = channel.unary_unary(f"/tensorflow.serving.{method}")
            error = call.future(b"\xff").exception(timeout=20)
            assert (error.code().name, error.details()) == (
                "INVALID_ARGUMENT",
                "The request cannot be parsed",
            )
        error = channel.unary_unary("/tensorflow.serving.Nothing/At").future(b"").exception(timeout=20)
        assert error.code().name == "UNIMPLEMENTED"
