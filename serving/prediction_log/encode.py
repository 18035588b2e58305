"""Encoding of an exchange as bytes: a line of JSON Lines, or a TFRecord."""

import base64
import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tensorflow_serving.apis import prediction_log_pb2

from serving.encoding.json_values import dump, dump_with_nan
from serving.encoding.tensor_proto import proto_of
from serving.prediction_log.exchange import Exchange
from serving.prediction_log.framing import frame


def json_line(exchange: Exchange) -> bytes:
    """Encodes an exchange as a JSON object and a line break.

    The object has `time` (UTC), `model`, `version`, `signature`, `protocol`, `latency_ms`, and `inputs` and
    `outputs` in columns, as TF Serving's REST API takes them, so that `inputs` can be sent again. Bytes that
    are not UTF-8 are {"b64": …}.
    """
    arrays = [*exchange.inputs.values(), *exchange.outputs.values()]
    finite = all(np.isfinite(array).all() for array in arrays if array.dtype.kind == "f")
    time = datetime.datetime.fromtimestamp(exchange.time, datetime.UTC)
    return (dump if finite else dump_with_nan)(
        {
            "time": time.isoformat(timespec="microseconds"),
            "model": exchange.model,
            "version": exchange.version,
            "signature": exchange.signature,
            "protocol": exchange.protocol,
            "latency_ms": round(1000 * (exchange.seconds or 0), 3),
            "inputs": {name: _plain(array) for name, array in exchange.inputs.items()},
            "outputs": {name: _plain(array) for name, array in exchange.outputs.items()},
        }
    ) + b"\n"


def tf_record(exchange: Exchange, sample: float) -> bytes:
    """Encodes an exchange as a framed PredictionLog with `predict_log` and `log_metadata`, as TF Serving.

    It has no field for the protocol and the latency. `sample` is the share of logged requests.
    """
    log = prediction_log_pb2.PredictionLog()
    log.log_metadata.timestamp_secs = int(exchange.time)
    log.log_metadata.sampling_config.sampling_rate = sample
    said = log.predict_log
    for spec in (log.log_metadata.model_spec, said.request.model_spec, said.response.model_spec):
        spec.name, spec.signature_name = exchange.model, exchange.signature
        spec.version.value = exchange.version
    for arrays, protos in (
        (exchange.inputs, said.request.inputs),
        (exchange.outputs, said.response.outputs),
    ):
        for name, array in arrays.items():
            protos[name].CopyFrom(proto_of(array))
    return frame(log.SerializeToString())


def _plain(array: NDArray[Any]) -> Any:
    if array.dtype != object:
        return np.ascontiguousarray(array) if array.ndim else array[()]
    return _texts(array.tolist())


def _texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_texts(each) for each in value]
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}
