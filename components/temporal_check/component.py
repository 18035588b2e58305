"""The component's inputs, outputs and parameters."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts

from components.temporal_check.executor import Executor


class TemporalCheckSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "mode": component_spec.ExecutionParameter(type=str),
        "candidates": component_spec.ExecutionParameter(type=int),
        "rating_weight": component_spec.ExecutionParameter(type=float),
        "min_rating": component_spec.ExecutionParameter(type=str),
        "backup_dir": component_spec.ExecutionParameter(type=str),
        "description": component_spec.ExecutionParameter(type=str),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "ranking_run": component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
        "retrieval_run": component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
    }
    OUTPUTS = {  # noqa: RUF012
        "check": component_spec.ChannelParameter(type=standard_artifacts.ModelEvaluation)
    }


class TemporalCheck(base_component.BaseComponent):
    """Retrains the judged settings on the older ratings and evaluates them on the newer ones.

    A split at random lets a model learn from ratings that were given after those that it is judged by, and
    compares it with a popularity that does not know what is new. A server has neither help. This node
    divides the ratings of all splits by time, trains both models as they were judged (the tuner's choice, as
    many epochs as the best epoch) on the oldest 80 %, and measures what their users went on to watch in the
    newest 20 %: beside the most rated items of all time, and beside those of the last days. It blesses
    nothing and keeps nothing from being pushed.

    Args:
        examples: all splits.
        ranking_run, retrieval_run: what the judged trainings wrote: `training.json`.
        mode: `auto` checks where there are times that differ and fewer than two million ratings; `always`
            however many there are.
        candidates, rating_weight: how the two models answer together.
        min_rating: JSON, the stars from which a rating counts as a positive; empty or null: every rating.
        code_fingerprint: of this component's and the trainer's code, for the cache.
        description: JSON, the description of the data (`trainer.data.description.Description`).
        backup_dir: the folder of the backup from which a killed training resumes; empty for no backup.

    Outputs `check`, with `temporal.json`: see `components.temporal_check.findings`.
    """

    SPEC_CLASS = TemporalCheckSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        examples: BaseChannel,
        ranking_run: BaseChannel,
        retrieval_run: BaseChannel,
        mode: str,
        candidates: int,
        rating_weight: float,
        code_fingerprint: str,
        min_rating: str = "",
        backup_dir: str | None = None,
        description: str = "{}",
    ):
        super().__init__(
            TemporalCheckSpec(
                examples=examples,
                ranking_run=ranking_run,
                retrieval_run=retrieval_run,
                mode=mode,
                candidates=candidates,
                rating_weight=rating_weight,
                min_rating=min_rating,
                backup_dir=backup_dir or "",
                description=description,
                code_fingerprint=code_fingerprint,
                check=Channel(type=standard_artifacts.ModelEvaluation),
            )
        )
