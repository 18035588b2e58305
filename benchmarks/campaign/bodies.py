"""Damaged requests to a running server, over REST and gRPC."""

import copy
import http.client
import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import grpc
from rich.console import Console
from tensorflow_serving.apis import predict_pb2

from benchmarks.campaign.process import memory_mib, served
from benchmarks.campaign.record import Record

CHUNK = 1000  # bodies per trial
_SLOW = 20.0  # seconds; a body of a few kilobytes that takes longer is a fault
_GROWTH_MIB = 300  # by which a server may exceed its size after the first tenth of the trials
_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, -(2**63), 2**63, 10**40, 1.5, -0.0, 1e308, 1e-320, "", "42", "\x00",
    "a" * 3000, "Ünïcode \U0001f600", "\ud800", [], {}, [[]], [[], [1]], [None], {"b64": "QUFB"},
    {"b64": "!"}, {"b64": 1}, [["42"]] * 3, ["1", 2, None], "NaN", {"a": {"b": {"c": []}}},
)  # fmt: skip
_VALID: tuple[dict[str, Any], ...] = (
    {"instances": [{"user_id": "42"}]},
    {"instances": ["42", "7"]},
    {"inputs": {"user_id": ["42", "nobody"]}},
    {"signature_name": "recommend", "inputs": {"user_id": ["42"], "k": 3, "exclude_seen": True}},
    {"signature_name": "recommend_from_history", "inputs": {"movie_title": [["Alien (1979)", ""]], "k": 3}},
)
_PATHS = (
    "/v1/models/recommender/versions/99:predict",
    "/v1/models/nobody:predict",
    "/v1/models/ranking:classify",
    "/v1/models/retrieval:predict",
    "/v1/models/recommender:explode",
    "/v1/models/%00:predict",
)
#: Statuses with which a server may refuse a body. 500 is none of them: it says that the server broke.
_REFUSED = {400, 404, 405, 408, 411, 413, 414, 415, 417, 429, 431, 501, 503, 504}
_BROKEN = {
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.DATA_LOSS,
}
#: Message of gRPC's own Python server for bytes that cannot be parsed.
_NO_MESSAGE = "Exception deserializing request"


def bodies(times: int, models: Path, out: Path, seed: int, console: Console) -> Record:
    """Sends `times` bodies, half over REST and half over gRPC, to `marquee serve` on a folder of models.

    Every body is a valid one with one to four things wrong. After each thousand, the server must still answer
    a valid request correctly. The server's memory is recorded.

    Args:
        times: number of bodies in all, including those of earlier sessions.
        models: folder of the served models.
        out: folder of the record.
        seed: random seed of the bodies; trial n always sends the same.
    """
    record = Record(out / "bodies.jsonl")
    with served(models, out / "bodies.out") as (process, rest, address):
        senders = {"REST": _Rest(rest), "gRPC": _Grpc(address)}
        for number in range(len(record), -(-times // CHUNK)):
            api = ("REST", "gRPC")[number % 2]
            chance = random.Random(seed * 1_000_003 + number)
            answers: Counter[str] = Counter()
            faults, slowest = [], 0.0
            for _ in range(CHUNK):
                begin = time.monotonic()
                answer, fault = senders[api].send(chance)
                seconds = time.monotonic() - begin
                slowest = max(slowest, seconds)
                answers[answer] += 1
                if fault:
                    faults.append(fault)
                if seconds > _SLOW:
                    faults.append(f"an answer took {seconds:.0f} s")
            if process.poll() is not None:
                raise SystemExit(f"the server ended with {process.returncode} at trial {number} over {api}")
            faults += senders["REST"].check()
            memory = memory_mib(process)
            base = record.trials[len(record) // 10]["memory_mib"] if len(record) >= 10 else memory
            if memory > base + _GROWTH_MIB:
                faults.append(f"the server grew from {base:.0f} to {memory:.0f} MiB")
            record.add(
                faults[:20], api=api, bodies=CHUNK, answers=dict(answers), slowest=round(slowest, 2),
                memory_mib=round(memory),
            )  # fmt: skip
            console.print(
                f"{(number + 1) * CHUNK} of {times} bodies, {api}: {dict(answers)}, {len(faults)} faults"
            )
    return record


class _Rest:
    """Sends bodies over one connection, which stays open while the server lets it."""

    def __init__(self, url: str):
        self._host = url.removeprefix("http://")
        self._connection = http.client.HTTPConnection(self._host, timeout=2 * _SLOW)

    def send(self, chance: random.Random) -> tuple[str, str]:
        """Sends a body; returns the status of the answer, and its fault (empty if there is none)."""
        body, headers, path = rest_body(chance)
        try:
            self._connection.request("POST", path, body=body, headers=headers)
            response = self._connection.getresponse()
            said = response.read()
        except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
            self._connection.close()
            return type(error).__name__, "" if _hopeless(
                headers
            ) else f"{type(error).__name__} for {body[:200]!r}"
        if response.status != 200 and response.status not in _REFUSED:
            return str(response.status), f"{response.status} for {body[:200]!r}: {said[:200]!r}"
        try:
            json.loads(said)
        except ValueError:
            if path.endswith(":predict"):
                return str(response.status), f"an answer that is no JSON for {body[:200]!r}: {said[:200]!r}"
        return str(response.status), ""

    def check(self) -> list[str]:
        """Sends a valid request; returns the faults of the answer."""
        self._connection.close()
        self._connection.request(
            "POST", "/v1/models/recommender:predict", body=json.dumps({"instances": [{"user_id": "42"}]})
        )
        response = self._connection.getresponse()
        said = response.read()
        if response.status != 200 or len(json.loads(said)["predictions"][0]["movie_id"]) != 10:
            return [f"a right request is answered {response.status}: {said[:200]!r}"]
        return []


class _Grpc:
    """Sends serialized PredictRequests over one channel."""

    def __init__(self, address: str):
        self._channel = grpc.insecure_channel(address)
        self._predict = self._channel.unary_unary("/tensorflow.serving.PredictionService/Predict")

    def send(self, chance: random.Random) -> tuple[str, str]:
        """Sends a body; returns the code of the answer, and its fault (empty if there is none)."""
        request = grpc_body(chance)
        try:
            self._predict(request, timeout=2 * _SLOW)
        except grpc.RpcError as error:
            code = error.code()
            if code in _BROKEN and _NO_MESSAGE not in (error.details() or ""):
                return code.name, f"{code.name} for {request[:200]!r}: {error.details()[:200]}"
            return code.name, ""
        return "OK", ""


def rest_body(chance: random.Random) -> tuple[bytes, dict[str, str], str]:
    """Returns a damaged body, its headers, and the path to send it to."""
    document = copy.deepcopy(chance.choice(_VALID))
    headers = {"Content-Type": "application/json"}
    path = "/v1/models/recommender:predict"
    for _ in range(chance.randint(1, 3)):
        document = _spoil(document, chance)
    body = json.dumps(document, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    kind = chance.random()
    if kind < 0.25:
        body = _damage(body, chance)
    elif kind < 0.30:
        body = b"[" * chance.randint(1, 20_000) + body
    elif kind < 0.33:
        headers["Content-Encoding"] = chance.choice(
            ["gzip", "br", "identity", "deflate", "gzip, gzip", "\u00fc"]
        )
    elif kind < 0.36:
        headers["Content-Type"] = chance.choice(
            ["text/plain", "", "multipart/form-data", "application/x-protobuf"]
        )
    elif kind < 0.39:
        path = chance.choice(_PATHS)
    elif kind < 0.41:
        headers["Upgrade"], headers["Connection"] = "h2c", "Upgrade, HTTP2-Settings"
    return body, headers, path


def grpc_body(chance: random.Random) -> bytes:
    """Returns a serialized PredictRequest with something wrong."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = chance.choice(
        ["recommender", "recommender", "ranking", "retrieval", "nobody", ""]
    )
    request.model_spec.signature_name = chance.choice(
        ["", "serving_default", "recommend", "rate_ids", "none", "\x00"]
    )
    if chance.random() < 0.1:
        request.model_spec.version.value = chance.choice([0, 1, -1, 2**62])
    for name in chance.sample(
        ["user_id", "movie_title", "movie_id", "k", "exclude_seen", "odd"], chance.randint(0, 4)
    ):
        tensor = request.inputs[name]
        tensor.dtype = chance.choice([7, 7, 7, 3, 1, 10, 0, 9, 23, 99])
        for _ in range(chance.randint(0, 3)):
            tensor.tensor_shape.dim.add(size=chance.choice([0, 1, 2, 3, -1, 2**31, 2**62]))
        tensor.tensor_shape.unknown_rank = chance.random() < 0.05
        tensor.string_val.extend(
            chance.choice([b"42", b"", b"\xff\xfe", b"x" * 2000]) for _ in range(chance.randint(0, 3))
        )
        tensor.int_val.extend(chance.choice([0, 1, -1, 2**31 - 1]) for _ in range(chance.randint(0, 2)))
        if chance.random() < 0.2:
            tensor.tensor_content = chance.randbytes(chance.randint(0, 64))
    if chance.random() < 0.1:
        request.output_filter.append(chance.choice(["movie_id", "nothing", ""]))
    body = request.SerializeToString()
    return _damage(body, chance) if chance.random() < 0.3 else body


def _spoil(value: Any, chance: random.Random) -> Any:
    """Returns a document with one place replaced, renamed, left out, or repeated."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        key = chance.choice(list(value))
        what = chance.random()
        if what < 0.15:
            del value[key]
        elif what < 0.3:
            value[chance.choice(["", "k", "instances", "inputs", "user_id", "x" * 100, "signature_name"])] = (
                value.pop(key)
            )
        else:
            value[key] = _spoil(value[key], chance)
        return value
    if isinstance(value, list) and value and chance.random() < 0.7:
        place = chance.randrange(len(value))
        if chance.random() < 0.2:
            return copy.deepcopy(value * chance.choice([0, 2, 50]))
        value[place] = _spoil(value[place], chance)
        return value
    return copy.deepcopy(chance.choice(_ODD))  # a copy, or later damage would change the table itself


def _damage(body: bytes, chance: random.Random) -> bytes:
    """Returns bytes that are cut short, or with some bytes replaced or inserted."""
    place = chance.randint(0, len(body))
    what = chance.random()
    if what < 0.4:
        return body[:place]
    if what < 0.7:
        return body[:place] + chance.randbytes(chance.randint(1, 8)) + body[place + 1 :]
    return (
        body[:place]
        + chance.choice([b"\x00", b"\xef\xbb\xbf", b"\\u", b'"', b"}", b"\xff\xfe"])
        + body[place:]
    )


def _hopeless(headers: dict[str, str]) -> bool:
    """Returns whether a server may close the connection on such headers instead of answering."""
    return not all(value.isascii() for value in headers.values())
