"""The component's inputs, outputs and parameters."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts
from tfx.types.artifact import Artifact

from components.run_report.executor import Executor


class Report(Artifact):
    """A folder with `report.json`."""

    TYPE_NAME = "MarqueeReport"


class RunReportSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "code_fingerprint": component_spec.ExecutionParameter(type=str)
    }
    INPUTS = {  # noqa: RUF012
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS = {"report": component_spec.ChannelParameter(type=Report)}  # noqa: RUF012


class RunReport(base_component.BaseComponent):
    """Reads `test`, the split that no other node reads, and writes the exported model's metrics on it.

    Args:
        examples: the splits; `train` is read for the mean that a model must beat.
        model: the exported ranking model.
        code_fingerprint: of this component's code, for the cache.

    Outputs `report`, with `report.json`: `test` (rows, rmse, mae) and `mean_rating_baseline` (rmse, mae).
    """

    SPEC_CLASS = RunReportSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, examples: BaseChannel, model: BaseChannel, code_fingerprint: str):
        super().__init__(
            RunReportSpec(
                examples=examples,
                model=model,
                code_fingerprint=code_fingerprint,
                report=Channel(type=Report),
            )
        )
