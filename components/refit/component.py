"""The component's inputs, outputs and parameters."""

from collections.abc import Mapping

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts

from components.refit.executor import Executor

#: Whose blessings may be asked for; each is the input `<name>_blessing`.
BLESSED = ("ranking", "retrieval", "recommender")


class RefitSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "task": component_spec.ExecutionParameter(type=str),
        "mode": component_spec.ExecutionParameter(type=str),
        "backup_dir": component_spec.ExecutionParameter(type=str),
        "description": component_spec.ExecutionParameter(type=str),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "transform_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
        "judged_run": component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
        "judged_model": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
        "base_model": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
        **{
            f"{name}_blessing": component_spec.ChannelParameter(
                type=standard_artifacts.ModelBlessing, optional=True
            )
            for name in BLESSED
        },
    }
    OUTPUTS = {  # noqa: RUF012
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "model_run": component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
    }


class Refit(base_component.BaseComponent):
    """Trains the settings of a blessed model once more, on every split, for serving (`trainer.refit`).

    Where a blessing was refused there is nothing to refit: the node ends well, without training, and its
    `model` holds the file `NOT_REFIT` (`components.not_refit`) in place of a model.

    Args:
        task: `ranking` or `retrieval`.
        mode: `all` trains on every split; `seen` keeps the judged weights and completes what users watched.
        examples: the splits.
        transform_graph: the judged model's vocabularies, for `seen`; `all` counts its own.
        judged_run: what the judged training wrote: its settings and its best epoch.
        judged_model: the judged model; a channel that brings none means that it was refused.
        blessings: the permissions, by name; one refused, nothing is refit.
        code_fingerprint: of `trainer` and this component, for the cache.
        description: JSON, the description of the data (`trainer.data.description.Description`).
        base_model: the model of the warm start, if any; `all` only.
        backup_dir: the folder of the backup from which a killed training resumes; empty for no backup.

    Outputs `model`, with `trained/` beside the SavedModel and the property `refit` (1, or 0 where nothing
    was refit), and `model_run` with `training.json`.
    """

    SPEC_CLASS = RefitSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        task: str,
        mode: str,
        examples: BaseChannel,
        transform_graph: BaseChannel,
        judged_run: BaseChannel,
        judged_model: BaseChannel,
        blessings: Mapping[str, BaseChannel],
        code_fingerprint: str,
        description: str = "{}",
        base_model: BaseChannel | None = None,
        backup_dir: str | None = None,
    ):
        super().__init__(
            RefitSpec(
                task=task,
                mode=mode,
                backup_dir=backup_dir or "",
                description=description,
                code_fingerprint=code_fingerprint,
                examples=examples,
                transform_graph=transform_graph,
                judged_run=judged_run,
                judged_model=judged_model,
                base_model=base_model,
                **{f"{name}_blessing": blessing for name, blessing in blessings.items()},
                model=Channel(type=standard_artifacts.Model),
                model_run=Channel(type=standard_artifacts.ModelRun),
            )
        )
