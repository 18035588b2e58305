"""What REST and gRPC have in common: finding the model, the limits, status, metadata,
the counting and the log of predictions."""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from tensorflow.core.protobuf import error_codes_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from serving.errors import StatusError, invalid
from serving.metrics import Call, Metrics
from serving.model import LoadedModel
from serving.prediction_log.exchange import Exchange
from serving.prediction_log.log import PredictionLog
from serving.registry import Registry, Servable, VersionStatus

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class Service:
    """The models of a registry, their metrics, and the threads that long requests run on.

    Args:
        max_batch: the most rows that a request may have.
        log: where a sample of the predictions is written down, if anywhere.
    """

    def __init__(self, registry: Registry, max_batch: int, threads: int, log: PredictionLog | None = None):
        self.registry = registry
        self.metrics = Metrics(registry.loaded, log.counts if log else None)
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="predict")
        self._max_batch = max_batch
        self._log = log

    def counted(self, call: Call, compute: Callable[[], Answer]) -> Answer:
        """`compute()`, timed and counted. Raises StatusError only: what nobody foresaw becomes INTERNAL."""
        try:
            answer = compute()
        except StatusError as error:
            self.metrics.observe(call, error.code)
            raise
        except Exception as error:
            log.exception("%s %s failed", call.entrypoint, call.api)
            self.metrics.observe(call, "INTERNAL")
            raise StatusError("INTERNAL", f"{type(error).__name__}: {error}") from error
        self.metrics.observe(call, "OK")
        if self._log and call.exchange:
            self._log.offer(_exchange(call))
        return answer

    def lease(self, call: Call, model: str, version: int | None, label: str = "") -> Servable:
        """The model that answers, as `Registry.lease` gives it; notes its name in `call`."""
        servable = self.registry.lease(model, _resolved(model, version, label))
        call.model = model
        return servable

    def predict(
        self,
        call: Call,
        servable: Servable,
        signature: str,
        inputs: dict[str, np.ndarray],
        output_filter: Sequence[str] = (),
    ) -> dict[str, np.ndarray]:
        """What a leased model answers, as `LoadedModel.run`. REST and gRPC alike come by, and are logged.

        Raises INVALID_ARGUMENT for more rows than `max_batch`.
        """
        self._check_batch(inputs)
        outputs = servable.model.run(signature, inputs, output_filter)
        if self._log and self._log.wants():
            call.exchange = (inputs, outputs, servable.version)
        return outputs

    def _check_batch(self, inputs: dict[str, np.ndarray]) -> None:
        for name, array in inputs.items():
            if array.ndim and len(array) > self._max_batch:
                raise invalid(
                    f"Input {name} has {len(array)} rows, over the limit of {self._max_batch} a request: "
                    "split the request"
                )

    def status(
        self, call: Call, model: str, version: int | None, label: str = ""
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """The states of a model's versions, newest first."""
        statuses = self.registry.status(model, _resolved(model, version, label))
        call.model = model
        return get_model_status_pb2.GetModelStatusResponse(model_version_status=map(_status_proto, statuses))

    def metadata(
        self, call: Call, model: str, version: int | None, label: str, fields: Sequence[str]
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """A model's signatures; "signature_def" is the one field that there is."""
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
    """The answer to classify and regress, which none of Marquee's signatures are made for."""
    name = signature or "serving_default"
    if name not in loaded.signatures:
        return invalid(f"No signature was found with the name: {name}")
    if len(loaded.signatures[name].inputs) != 1:
        return invalid("Expected one input Tensor.")
    return StatusError("UNIMPLEMENTED", f"The embedded server does not {api}: call predict")


def _exchange(call: Call) -> Exchange:
    inputs, outputs, version = call.exchange
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
