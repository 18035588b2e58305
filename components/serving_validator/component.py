"""The component's inputs, outputs and parameters."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts

from components.serving_validator.executor import Executor


class ServingValidatorSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "code_fingerprint": component_spec.ExecutionParameter(type=str)
    }
    INPUTS = {  # noqa: RUF012
        "ranking": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "retrieval": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "recommender": component_spec.ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS = {"blessing": component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing)}  # noqa: RUF012


class ServingValidator(base_component.BaseComponent):
    """Loads the models as TF Serving does, serves them together, and compares every signature's answers.

    What the trained models answered lies beside each SavedModel, in `assets.extra/trained_answers.json`
    (`trainer.export.answers`). Each of those requests goes over REST and over gRPC to the embedded server,
    which loads through the v1 loader: a model that only Python can run fails here rather than in production.

    Args:
        ranking, retrieval, recommender: the exported models, served under these names.
        code_fingerprint: of the server's and this component's code, for the cache.

    Outputs `blessing`, an InfraBlessing with `validation.json`: requests, largest difference, problems. Of
    models that were not refit there is nothing to serve: the blessing is refused, and `nothing` says why.
    """

    SPEC_CLASS = ServingValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self, ranking: BaseChannel, retrieval: BaseChannel, recommender: BaseChannel, code_fingerprint: str
    ):
        super().__init__(
            ServingValidatorSpec(
                ranking=ranking,
                retrieval=retrieval,
                recommender=recommender,
                code_fingerprint=code_fingerprint,
                blessing=Channel(type=standard_artifacts.InfraBlessing),
            )
        )
