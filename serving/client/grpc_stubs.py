"""Client stubs of TF Serving's gRPC services that take and return plain Python values."""

from typing import Any

import grpc
from google.protobuf import json_format
from numpy.typing import NDArray
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.encoding.tensor_proto import array_of, proto_of


class Stubs:
    """gRPC channel to a server with its stubs; every call may raise grpc.RpcError."""

    def __init__(self, address: str):
        # Proxy settings do not apply to a server that is given by its address.
        options = [("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", -1)]
        self._channel = grpc.insecure_channel(address, options=options)
        self._prediction = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def predict(
        self, model: str, arrays: dict[str, NDArray[Any]], signature: str, version: int | None, timeout: float
    ) -> dict[str, NDArray[Any]]:
        spec = _spec(model, version)
        spec.signature_name = signature
        tensors = {name: proto_of(array) for name, array in arrays.items()}
        request = predict_pb2.PredictRequest(model_spec=spec, inputs=tensors)
        answer = self._prediction.Predict(request, timeout=timeout)
        return {name: array_of(proto) for name, proto in answer.outputs.items()}

    def status(self, model: str, timeout: float) -> dict[int, str]:
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=_spec(model, None))
        answer = self._models.GetModelStatus(request, timeout=timeout)
        states = get_model_status_pb2.ModelVersionStatus.State
        return {entry.version: states.Name(entry.state) for entry in answer.model_version_status}

    def metadata(self, model: str, version: int | None, timeout: float) -> dict[str, Any]:
        """Returns the SignatureDefs in the JSON form of TF Serving's REST API."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=_spec(model, version), metadata_field=["signature_def"]
        )
        answer = self._prediction.GetModelMetadata(request, timeout=timeout)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        answer.metadata["signature_def"].Unpack(signatures)
        as_json: dict[str, dict[str, Any]] = json_format.MessageToDict(
            signatures, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        return as_json["signature_def"]

    def close(self) -> None:
        self._channel.close()


def _spec(model: str, version: int | None) -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=model)
    if version is not None:
        spec.version.value = version
    return spec
