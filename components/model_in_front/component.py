"""The component's outputs and parameters."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import Channel, component_spec, standard_artifacts

from components.model_in_front.executor import Executor


class ModelInFrontSpec(component_spec.ComponentSpec):
    """Outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "serving_models": component_spec.ExecutionParameter(type=str),
        "name": component_spec.ExecutionParameter(type=str),
        "judged": component_spec.ExecutionParameter(type=int),
    }
    INPUTS: dict[str, component_spec.ChannelParameter] = {}  # noqa: RUF012
    OUTPUTS = {"model": component_spec.ChannelParameter(type=standard_artifacts.Model)}  # noqa: RUF012


class ModelInFront(base_component.BaseComponent):
    """Copies the version of a model that is served now, or the judged model that it was refit from.

    What is served was blessed and pushed, so its judged model is the last blessed one, as a resolver would
    find it in the metadata; Kubeflow runs no resolvers, and Vertex's do not tell one model's blessing from
    another's.

    Args:
        serving_models: the folder of served models.
        name: which of them.
        judged: whether the judged model is wanted, which a refit version carries; any other version was
            judged itself. A model that has learned what the next one is judged by is no baseline.

    Outputs `model`, and in its `trained/` the weights for a warm start, if they were pushed too. While
    nothing is pushed it holds `NOTHING_IS_PUSHED` and no model, which `components.baseline.drop_missing`
    takes for none.
    """

    SPEC_CLASS = ModelInFrontSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, serving_models: str | RuntimeParameter, name: str, judged: bool = True):
        super().__init__(
            ModelInFrontSpec(
                serving_models=serving_models,
                name=name,
                judged=int(judged),
                model=Channel(type=standard_artifacts.Model),
            )
        )
