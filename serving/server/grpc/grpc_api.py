"""TF Serving's gRPC API: PredictionService.Predict and GetModelMetadata, ModelService.GetModelStatus.

Classify and Regress are refused, as TF Serving refuses them on predict signatures. The other calls of these
services are answered UNIMPLEMENTED.
"""

from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from google.protobuf.message import Message
from numpy.typing import NDArray
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from serving.encoding.tensor_proto import TooManyValues, array_of, proto_of
from serving.errors import StatusError, invalid
from serving.server.dispatch import Work
from serving.server.grpc.grpc_parsing import Parsing
from serving.server.metrics import Call
from serving.server.service import Service, refuse_examples_api

_NOT_HERE = "The embedded server has no {}: a stock TensorFlow Serving has"
MOST_FILLED_IN = 4 * 1024 * 1024  # values that a TensorProto's shape may stand for beyond those it holds


def add_services(server: grpc.aio.Server, service: Service) -> None:
    """Adds TF Serving's two services to `server`."""
    server = Parsing(server)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(_Prediction(service), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(_Models(service), server)


class _Prediction(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, service: Service):
        self._service = service

    async def Predict(
        self, request: predict_pb2.PredictRequest, context: grpc.aio.ServicerContext
    ) -> predict_pb2.PredictResponse:
        call = Call("GRPC", "predict")
        try:
            return await self._service.answer(call, request.ByteSize(), lambda: self._read(call, request))
        except StatusError as error:
            await context.abort(grpc.StatusCode[error.code], error.message)

    async def GetModelMetadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: grpc.aio.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        call = Call("GRPC", "GetModelMetadata")
        return await _answer(
            self._service,
            context,
            call,
            lambda: self._service.metadata(call, *_spec(request), request.metadata_field),
        )

    async def Classify(
        self, request: classification_pb2.ClassificationRequest, context: grpc.aio.ServicerContext
    ) -> classification_pb2.ClassificationResponse:
        return await self._refuse(request, context, "classify")

    async def Regress(
        self, request: regression_pb2.RegressionRequest, context: grpc.aio.ServicerContext
    ) -> regression_pb2.RegressionResponse:
        return await self._refuse(request, context, "regress")

    async def MultiInference(
        self, request: inference_pb2.MultiInferenceRequest, context: grpc.aio.ServicerContext
    ) -> inference_pb2.MultiInferenceResponse:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, _NOT_HERE.format("MultiInference"))

    def _read(self, call: Call, request: predict_pb2.PredictRequest) -> Work[predict_pb2.PredictResponse]:
        servable = self._service.lease(call, *_spec(request))
        try:
            name = request.model_spec.signature_name or "serving_default"
            servable.loaded.signature(name)  # TF Serving looks for the signature before it reads a tensor
            call.signature = name
            inputs = {key: _array(key, proto) for key, proto in request.inputs.items()}

            def compute() -> predict_pb2.PredictResponse:
                outputs = self._service.predict(call, servable, name, inputs, request.output_filter)
                answer = predict_pb2.PredictResponse(
                    outputs={key: proto_of(value) for key, value in outputs.items()}
                )
                answer.model_spec.name = servable.name
                answer.model_spec.version.value = servable.version
                answer.model_spec.signature_name = name
                return answer

            return self._service.work(call, servable, name, inputs, compute)
        except BaseException:
            servable.release()
            raise

    async def _refuse(self, request: Message, context: grpc.aio.ServicerContext, api: str) -> Message:
        call = Call("GRPC", api)

        def compute() -> NoReturn:
            with self._service.lease(call, *_spec(request)) as loaded:
                raise refuse_examples_api(loaded, request.model_spec.signature_name, api)

        return await _answer(self._service, context, call, compute)


class _Models(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, service: Service):
        self._service = service

    async def GetModelStatus(
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.aio.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        call = Call("GRPC", "GetModelStatus")
        return await _answer(
            self._service, context, call, lambda: self._service.status(call, *_spec(request))
        )

    async def HandleReloadConfigRequest(
        self, request: model_management_pb2.ReloadConfigRequest, context: grpc.aio.ServicerContext
    ) -> model_management_pb2.ReloadConfigResponse:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, _NOT_HERE.format("HandleReloadConfigRequest"))


async def _answer(
    service: Service, context: grpc.aio.ServicerContext, call: Call, compute: Callable[[], Message]
) -> Message:
    try:
        return service.counted(call, compute)
    except StatusError as error:
        await context.abort(grpc.StatusCode[error.code], error.message)


def _spec(request: Message) -> tuple[str, int | None, str]:
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    spec = request.model_spec
    return spec.name, spec.version.value if spec.HasField("version") else None, spec.version_label


def _array(name: str, proto: TensorProto) -> NDArray[Any]:
    try:
        return array_of(proto, MOST_FILLED_IN)
    except TooManyValues as error:
        raise StatusError("RESOURCE_EXHAUSTED", f"tensor {name} has {error}") from None
    except ValueError:
        raise invalid(f"tensor parsing error: {name}") from None
