"""The component's inputs, outputs and parameters."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts

from components.atomic_pusher.executor import Executor


class AtomicPusherSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "serving_models": component_spec.ExecutionParameter(type=str),
        "model_name": component_spec.ExecutionParameter(type=str),
        "keep": component_spec.ExecutionParameter(type=int),
        "disturbed": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "model_blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
        "infra_blessing": component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing),
    }
    OUTPUTS = {  # noqa: RUF012
        "pushed_model": component_spec.ChannelParameter(type=standard_artifacts.PushedModel)
    }


class AtomicPusher(base_component.BaseComponent):
    """Copies a model that both blessings allow to `<serving_models>/<model_name>/<version>/`.

    TFX's Pusher copies file by file into the folder that servers watch. This one writes beside it and
    renames (`serving.versions`), so a server, or a power cut, never sees half a version.

    Args:
        model, model_blessing, infra_blessing: what to push, and the two permissions.
        serving_models: the folder of served models.
        model_name: the model's name there.
        keep: how many versions stay.
        disturbed: empty while the last push is in front; else what is there instead, so that the cache
            notices when somebody deleted, replaced or withdrew it.

    A model whose content is in front already is not pushed again, and one that was rolled back is not
    brought back. Outputs `pushed_model` with the properties of TFX's Pusher, `pushed` (1 or 0),
    `pushed_destination`, `pushed_version`, and `content`, the model's checksum.
    """

    SPEC_CLASS = AtomicPusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: BaseChannel,
        model_blessing: BaseChannel,
        infra_blessing: BaseChannel,
        serving_models: str,
        model_name: str,
        keep: int,
        disturbed: str = "",
    ):
        super().__init__(
            AtomicPusherSpec(
                model=model,
                model_blessing=model_blessing,
                infra_blessing=infra_blessing,
                serving_models=serving_models,
                model_name=model_name,
                keep=keep,
                disturbed=disturbed,
                pushed_model=Channel(type=standard_artifacts.PushedModel),
            )
        )
