"""Every exchange that was recorded from a real TensorFlow Serving, replayed against the server under test."""

import json
import re
import time

import grpc
import httpx
import pytest
from google.protobuf import json_format
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.versions.versions import push

from .conftest import GOLDEN, TINY_2, start_server

RECORDED = json.loads((GOLDEN / "golden.json").read_text())
AFTER_PUSH = "after version 2 was pushed: "
BEFORE = [exchange for exchange in RECORDED["rest"] if not exchange["name"].startswith(AFTER_PUSH)]
AFTER = [exchange for exchange in RECORDED["rest"] if exchange["name"].startswith(AFTER_PUSH)]


def name_of(exchange):
    return exchange["name"]


def plain(answer):
    """An answer without what may differ: the white space of a quoted request, the names of graph nodes."""
    if isinstance(answer, dict):
        return {key: plain(value) for key, value in answer.items()}
    if isinstance(answer, str):
        return re.sub(r"\s+", "", re.sub(r"\[\[.*\]\]", "[[node]]", answer))
    return answer


def replay(url, exchange):
    body = bytes.fromhex(exchange["body_hex"]) if exchange["body_hex"] else (exchange["body"] or "").encode()
    response = httpx.request(exchange["method"], url + exchange["path"], content=body)
    content_type = response.headers["content-type"]
    answer = response.json() if content_type == "application/json" else response.text
    return response.status_code, content_type, plain(answer)


def recorded(exchange):
    return exchange["status"], exchange["content_type"], plain(exchange["answer"])


@pytest.mark.parametrize("exchange", BEFORE, ids=name_of)
def test_rest_answers_as_tf_serving_did(tiny_server, exchange):
    assert replay(tiny_server.rest_url, exchange) == recorded(exchange)


def test_rest_answers_as_tf_serving_did_after_a_push(models_dir):
    with start_server(models_dir) as server:
        push(TINY_2, models_dir, "tiny", keep=2)
        deadline = time.monotonic() + 10
        while replay(server.rest_url, AFTER[0]) != recorded(AFTER[0]) and time.monotonic() < deadline:
            time.sleep(0.05)
        for exchange in AFTER:
            assert replay(server.rest_url, exchange) == recorded(exchange), exchange["name"]


@pytest.mark.parametrize("exchange", RECORDED["grpc"], ids=name_of)
def test_grpc_answers_as_tf_serving_did(tiny_server, exchange):
    with grpc.insecure_channel(tiny_server.grpc_address) as channel:
        kind, call = _grpc_call(channel, exchange["name"])
        request = json_format.ParseDict(exchange["request"], kind())
        if exchange["code"] == "OK":
            assert json_format.MessageToDict(call(request, timeout=10)) == exchange["answer"]
        else:
            with pytest.raises(grpc.RpcError) as refusal:
                call(request, timeout=10)
            answer = refusal.value.code().name, plain(refusal.value.details())
            assert answer == (exchange["code"], plain(exchange["details"]))


def test_all_54_recorded_exchanges_are_replayed():
    assert (len(BEFORE) + len(AFTER), len(RECORDED["grpc"])) == (40, 14)


def _grpc_call(channel, name):
    if name.startswith("model status"):
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        return get_model_status_pb2.GetModelStatusRequest, stub.GetModelStatus
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    if name.startswith("metadata"):
        return get_model_metadata_pb2.GetModelMetadataRequest, stub.GetModelMetadata
    return predict_pb2.PredictRequest, stub.Predict
