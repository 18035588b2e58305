"""TF Serving's REST API as a bare ASGI application.

GET  /v1/models/M[/versions/N]             the states of its versions
GET  /v1/models/M[/versions/N]/metadata    its signatures
GET  /v1/models/M[/versions/N]/description the data that it was trained on (not in TF Serving)
POST /v1/models/M[/versions/N]:predict     rows ("instances") or columns ("inputs")
GET  /healthz                              200 once every model has a version that answers, else 503
GET  /metrics, /monitoring/prometheus/metrics
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from google.protobuf import json_format
from starlette.types import Receive, Scope, Send
from tensorflow_serving.apis import get_model_metadata_pb2

from serving.encoding.json_values import dump, quoted
from serving.errors import StatusError, invalid
from serving.server.dispatch import QUICK_BYTES, Work
from serving.server.http.json_dialect import (
    find_signature,
    parse_object,
    read_request,
    signature_name,
    write_answer,
)
from serving.server.http.rest_body import Bodies, BodyError, Disconnected
from serving.server.metrics import CONTENT_TYPE, Call
from serving.server.service import Service, refuse_examples_api

METRICS_PATHS = ("/metrics", "/monitoring/prometheus/metrics")
_MODEL = r"/v1/models/([^/:]+)(?:/versions/(\d+)|/labels/([^/:]+))?"
_CALL = re.compile(rf"(?i:{_MODEL}):(classify|regress|predict)")
_QUESTION = re.compile(rf"(?i:{_MODEL}(?:/(metadata|description))?)")
Answer = TypeVar("Answer")
_JSON, _HTML = "application/json", "text/html"
_NOT_FOUND = (
    b"<HTML><HEAD>\n<TITLE>404 Not Found</TITLE>\n</HEAD><BODY>\n<H1>Not Found</H1>\n</BODY></HTML>\n"
)


class RestApi:
    """ASGI application of the REST API.

    Args:
        service: service that REST and gRPC share.
        max_body_bytes: maximum size of a body in bytes; a longer one is answered 413.
    """

    def __init__(self, service: Service, max_body_bytes: int):
        self._service = service
        self._bodies = Bodies(max_body_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._respond(scope, receive, send)
        except BodyError as error:
            await _respond(send, error.status, _JSON, _error(error.message))
        except Disconnected:
            pass
        except asyncio.CancelledError:  # the server stops, and its grace period is over
            await _respond(send, 503, _JSON, dump({"error": "The server is stopping"}))

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        if method != "POST":
            await _respond(send, *self._ask(method, path))
            return
        body, encoding = await self._bodies.read(scope, receive)
        size = len(body)
        try:
            if encoding != "identity":
                body = await self._service.dispatch.in_thread(self._bodies.inflated, body, encoding)
                grown, size = len(body) - size, len(body)
                self._bodies.hold(grown)
            if match := _CALL.fullmatch(path):
                model, version, label, api = match.groups()
                answering: Awaitable[tuple[int, bytes]] = self._predict(model, version, label, api, body)
                if len(body) > QUICK_BYTES:
                    answering = _while_connected(answering, receive)
                status, answer = await answering
                await _respond(send, status, _JSON, answer)
            else:
                await _respond(send, *self._ask(method, path))
        finally:
            self._bodies.release(size)

    async def _predict(
        self, model: str, version: str | None, label: str | None, api: str, body: bytes
    ) -> tuple[int, bytes]:
        call = Call("REST", api)
        try:
            return 200, await self._service.answer(
                call, len(body), lambda: self._read(call, model, version, label, api, body)
            )
        except StatusError as error:
            return error.http_status, _error(error.message)

    def _read(
        self, call: Call, model: str, version: str | None, label: str | None, api: str, body: bytes
    ) -> Work[bytes]:
        document = parse_object(body)
        name = signature_name(document)
        if api != "predict":
            _check_examples(document)
        servable = self._service.lease(call, model, _number(version), label or "")
        try:
            loaded = servable.loaded
            if api != "predict":
                raise refuse_examples_api(loaded, name, api)
            signature = find_signature(name, loaded.signatures)
            call.signature = name or "serving_default"
            request = read_request(document, signature)

            def compute() -> bytes:
                outputs = self._service.predict(call, servable, call.signature, request.inputs)
                return write_answer(outputs, request.rows)

            return self._service.work(call, servable, call.signature, request.inputs, compute)
        except BaseException:
            servable.release()
            raise

    def _ask(self, method: str, path: str) -> tuple[int, str, bytes]:
        looks = method in ("GET", "HEAD")  # a load balancer may ask for the head alone
        if looks and path == "/healthz":
            waiting, loaded = self._service.registry.waiting(), self._service.registry.loaded()
            if loaded and not waiting:
                return 200, _JSON, dump({"status": "ok", "models": loaded})
            return 503, _JSON, dump({"status": "waiting", "models_without_a_version": waiting})
        if looks and path in METRICS_PATHS:
            return 200, CONTENT_TYPE, self._service.metrics.text()
        if not path.lower().startswith("/v1/"):
            return 404, _HTML, _NOT_FOUND
        call = Call("REST", "GetModelStatus")
        status, answer = self._answer(call, lambda: self._describe(call, method, path))
        return status, _JSON, answer

    def _describe(self, call: Call, method: str, path: str) -> bytes:
        if method == "GET" and path.lower() == "/v1/models":
            raise invalid("Missing model name in request.")
        match = _QUESTION.fullmatch(path) if method == "GET" else None
        if match is None:
            raise invalid(f"Malformed request: {method} {path}")
        model, version, label, about = match.groups()
        if about and about.lower() == "description":
            call.api = "GetModelDescription"
            number, described = self._service.description(call, model, _number(version), label or "")
            return dump({"model_spec": {"name": model, "version": str(number)}, "description": described})
        if about:
            call.api = "GetModelMetadata"
            answer = self._service.metadata(call, model, _number(version), label or "", ["signature_def"])
            return dump(_metadata_json(answer))
        status = self._service.status(call, model, _number(version), label or "")
        return dump(json_format.MessageToDict(status, always_print_fields_with_no_presence=True))

    def _answer(self, call: Call, compute: Callable[[], bytes]) -> tuple[int, bytes]:
        try:
            return 200, self._service.counted(call, compute)
        except StatusError as error:
            return error.http_status, _error(error.message)


async def _while_connected(answering: Awaitable[Answer], receive: Receive) -> Answer:
    """Awaits `answering`, and cancels it when the client disconnects. Raises Disconnected."""
    task, gone = asyncio.ensure_future(answering), asyncio.ensure_future(receive())
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Disconnected
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _respond(send: Send, status: int, content_type: str, body: bytes) -> None:
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _error(message: str) -> bytes:
    """Returns an error as JSON; half a surrogate pair in the message, which JSON cannot hold, is replaced."""
    return dump({"error": message.encode(errors="replace").decode()})


def _number(version: str | None) -> int | None:
    if version is None:
        return None
    if len(version.lstrip("0")) > 19 or int(version) >= 2**63:
        raise invalid(f"Failed to convert version: {version} to numeric.")
    return int(version)


def _check_examples(document: dict[str, Any]) -> None:
    examples = document.get("examples")
    fault = None
    if "examples" not in document:
        fault = "When method is classify, key 'examples' is expected and was not found"
    elif not isinstance(examples, list):
        fault = "Expecting 'examples' value to be an list/array"
    elif not examples:
        fault = "'examples' value is an empty array"
    if fault:
        raise invalid(f"JSON Value: {quoted(document)} {fault}")


def _metadata_json(answer: get_model_metadata_pb2.GetModelMetadataResponse) -> dict[str, Any]:
    signatures = get_model_metadata_pb2.SignatureDefMap()
    answer.metadata["signature_def"].Unpack(signatures)
    spec, definitions = (
        json_format.MessageToDict(
            message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        for message in (answer.model_spec, signatures)
    )
    return {"model_spec": spec, "metadata": {"signature_def": definitions}}
