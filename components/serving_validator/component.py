"""The component's inputs, outputs and parameters."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts

from components.serving_validator.executor import Executor


class ServingValidatorSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "model_name": component_spec.ExecutionParameter(type=str),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {"model": component_spec.ChannelParameter(type=standard_artifacts.Model)}  # noqa: RUF012
    OUTPUTS = {"blessing": component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing)}  # noqa: RUF012


class ServingValidator(base_component.BaseComponent):
    """Loads the model as TF Serving does, serves it, and compares every signature with the trained model.

    What the trained model answered lies beside the SavedModel, in `assets.extra/trained_answers.json`
    (`trainer.export`). Each of those requests goes over REST and over gRPC to the embedded server, which
    loads through the v1 loader: a model that only Python can run fails here rather than in production.

    Args:
        model: the exported model.
        model_name: the name to serve it under.
        code_fingerprint: of the server's and this component's code, for the cache.

    Outputs `blessing`, an InfraBlessing with `validation.json`: requests, largest difference, reasons.
    """

    SPEC_CLASS = ServingValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, model: BaseChannel, model_name: str, code_fingerprint: str):
        super().__init__(
            ServingValidatorSpec(
                model=model,
                model_name=model_name,
                code_fingerprint=code_fingerprint,
                blessing=Channel(type=standard_artifacts.InfraBlessing),
            )
        )
