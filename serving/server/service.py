"""Service that the REST and gRPC APIs share.

It finds models, enforces limits, reports status and metadata, counts requests and logs predictions.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tensorflow.core.protobuf import error_codes_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from serving.errors import StatusError, invalid
from serving.models import MODELS
from serving.prediction_log.exchange import Exchange
from serving.prediction_log.log import PredictionLog
from serving.server.blocks import MOST_ROWS, Arrays, Limits, check, rows_of, run_in_blocks, width_of
from serving.server.dispatch import Dispatch, Work
from serving.server.metrics import Call, Metrics
from serving.server.model import LoadedModel
from serving.server.registry import Registry, Servable, VersionStatus

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
QUICK_SECONDS = 0.002  # a call that takes less may run on the event loop: switching threads costs more
QUICK_WIDTH = 1_000  # values per row, of input or answer; the time of wider rows cannot be estimated
LONG_SECONDS = 0.2  # a batch that takes more waits in the queue of long requests


class Service:
    """Models of a registry, their metrics, and the threads that long requests run on.

    Args:
        limits: limits on the size of requests and answers.
        threads: number of threads for requests that would block the event loop.
        log: prediction log that takes a sample of the requests; None without one.
    """

    def __init__(self, registry: Registry, limits: Limits, threads: int, log: PredictionLog | None = None):
        self.registry = registry
        self.metrics = Metrics(registry, log.counts if log else None)
        self.dispatch = Dispatch(threads)
        self._limits = limits
        self._log = log
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Stops long requests between two blocks and cancels those that have not begun."""
        self._stopping.set()
        self.dispatch.close()

    async def answer(self, call: Call, size: int, read: Callable[[], Work[Answer]]) -> Answer:
        """Reads, dispatches, answers and counts a request of `size` bytes. Raises StatusError."""
        try:
            return await self.dispatch.answer(size, lambda: self._failure_counted(call, read))
        except StatusError as error:
            if not call.observed:
                self.metrics.observe(call, error.code)
            raise
        except BaseException:
            call.given_up = True  # the client is gone, or the server stops: nobody waits for the rest
            raise

    def work(
        self, call: Call, servable: Servable, signature: str, inputs: Arrays, compute: Callable[[], Answer]
    ) -> Work[Answer]:
        """Returns the work for a request to a leased model.

        Raises INVALID_ARGUMENT if the request is over the limits.
        """
        row_wise = servable.name in MODELS
        check(inputs, self._limits, row_wise)
        seconds, wide = servable.loaded.seconds(signature, inputs), width_of(inputs) > QUICK_WIDTH
        quick = seconds < QUICK_SECONDS and not wide
        long = row_wise and rows_of(inputs) > MOST_ROWS and (seconds > LONG_SECONDS or wide)
        return Work(servable, quick, long, lambda: self.counted(call, compute))

    def counted(self, call: Call, compute: Callable[[], Answer]) -> Answer:
        """Returns `compute()`, timed and counted. Raises only StatusError, INTERNAL for unexpected errors."""
        answer = self._failure_counted(call, compute)
        self.metrics.observe(call, "OK")
        if self._log and call.exchange:
            self._log.offer(_exchange(call, *call.exchange))
        return answer

    def lease(self, call: Call, model: str, version: int | None, label: str = "") -> Servable:
        """Leases the model that answers (`Registry.lease`), and stores its name in `call`."""
        servable = self.registry.lease(model, _resolved(model, version, label))
        call.model = model
        return servable

    def predict(
        self,
        call: Call,
        servable: Servable,
        signature: str,
        inputs: Arrays,
        output_filter: Sequence[str] = (),
    ) -> Arrays:
        """Calls a leased model as `LoadedModel.run`, for REST and gRPC, and logs the prediction.

        A long batch to a model of Marquee's is computed in blocks of rows. Other models are not, because
        their rows may depend on each other. Raises RESOURCE_EXHAUSTED if the answer would be too large.
        """
        model = servable.loaded

        def run(part: Arrays) -> Arrays:
            return model.run(signature, part, output_filter)

        if servable.name in MODELS:
            outputs = run_in_blocks(
                run, inputs, self._limits, model.block_rows, signature, lambda: self._check_wanted(call)
            )
        else:
            outputs = run(inputs)
        if self._log and self._log.wants():
            call.exchange = (inputs, outputs, servable.version)
        return outputs

    def _check_wanted(self, call: Call) -> None:
        if self._stopping.is_set():
            raise StatusError("UNAVAILABLE", "The server is stopping")
        if call.given_up:
            raise StatusError("CANCELLED", "The client has gone")

    def _failure_counted(self, call: Call, read: Callable[[], Answer]) -> Answer:
        try:
            return read()
        except StatusError as error:
            self.metrics.observe(call, error.code)
            raise
        except Exception as error:
            raise self._unforeseen(call, error) from error

    def _unforeseen(self, call: Call, error: Exception) -> StatusError:
        log.error("%s %s failed", call.entrypoint, call.api, exc_info=error)
        self.metrics.observe(call, "INTERNAL")
        return StatusError("INTERNAL", f"{type(error).__name__}: {error}")

    def status(
        self, call: Call, model: str, version: int | None, label: str = ""
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Returns the states of a model's versions, newest first."""
        statuses = self.registry.status(model, _resolved(model, version, label))
        call.model = model
        return get_model_status_pb2.GetModelStatusResponse(model_version_status=map(_status_proto, statuses))

    def description(
        self, call: Call, model: str, version: int | None, label: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """Returns the version that answers, and the description of the data that it was trained on."""
        servable = self.lease(call, model, version, label)
        with servable:
            return servable.version, servable.description

    def metadata(
        self, call: Call, model: str, version: int | None, label: str, fields: Sequence[str]
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Returns a model's signatures; "signature_def" is the only field."""
        if not fields:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in fields:
            if field != "signature_def":
                raise invalid(f"Metadata field {field} is not supported")
        servable = self.lease(call, model, version, label)
        with servable as loaded:
            answer = get_model_metadata_pb2.GetModelMetadataResponse()
            answer.model_spec.name = model
            answer.model_spec.version.value = servable.version
            signatures = get_model_metadata_pb2.SignatureDefMap(signature_def=loaded.signature_defs)
            answer.metadata["signature_def"].Pack(signatures)
            return answer


def refuse_examples_api(loaded: LoadedModel, signature: str, api: str) -> StatusError:
    """Returns the error for classify and regress, which none of Marquee's signatures support."""
    name = signature or "serving_default"
    if name not in loaded.signatures:
        return invalid(f"No signature was found with the name: {name}")
    if len(loaded.signatures[name].inputs) != 1:
        return invalid("Expected one input Tensor.")
    return StatusError("UNIMPLEMENTED", f"The embedded server does not {api}: call predict")


def _exchange(call: Call, inputs: Arrays, outputs: Arrays, version: int) -> Exchange:
    seconds = time.perf_counter() - call.started
    return Exchange(
        time.time(), call.model, version, call.signature, call.entrypoint, seconds, inputs, outputs
    )


def _resolved(model: str, version: int | None, label: str) -> int | None:
    if not model:
        raise invalid("ModelSpec has no name specified.")
    if label:
        raise invalid(f"Unrecognized servable version label: {label}")
    return version


def _status_proto(status: VersionStatus) -> get_model_status_pb2.ModelVersionStatus:
    proto = get_model_status_pb2.ModelVersionStatus(version=status.version)
    proto.state = get_model_status_pb2.ModelVersionStatus.State.Value(status.state)
    proto.status.error_code = error_codes_pb2.Code.Value(status.error_code)
    proto.status.error_message = status.error_message
    return proto
