"""The two components: one keeps statistics, the other brings back what was kept."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts

from components.kept_statistics.executor import KeepExecutor, PreviousExecutor

_STATISTICS = standard_artifacts.ExampleStatistics


class KeepStatisticsSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "serving_models": component_spec.ExecutionParameter(type=str)
    }
    INPUTS = {"statistics": component_spec.ChannelParameter(type=_STATISTICS)}  # noqa: RUF012
    OUTPUTS: dict[str, component_spec.ChannelParameter] = {}  # noqa: RUF012


class KeepStatistics(base_component.BaseComponent):
    """Keeps statistics for the run after this one.

    It must run after all nodes that may refuse the data: refused data is not a reference for later runs.

    Args:
        statistics: of this run.
        serving_models: the folder of served models, of which a hidden one takes them.
    """

    SPEC_CLASS = KeepStatisticsSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(KeepExecutor)

    def __init__(self, statistics: BaseChannel, serving_models: str | RuntimeParameter):
        super().__init__(KeepStatisticsSpec(statistics=statistics, serving_models=serving_models))


class PreviousStatisticsSpec(component_spec.ComponentSpec):
    """Outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012
        "serving_models": component_spec.ExecutionParameter(type=str)
    }
    INPUTS: dict[str, component_spec.ChannelParameter] = {}  # noqa: RUF012
    OUTPUTS = {"statistics": component_spec.ChannelParameter(type=_STATISTICS)}  # noqa: RUF012


class PreviousStatistics(base_component.BaseComponent):
    """Copies the statistics that were kept last.

    Args:
        serving_models: as KeepStatistics has it.

    Outputs `statistics`; while none are kept, an artifact without splits, which nothing differs from.
    """

    SPEC_CLASS = PreviousStatisticsSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(PreviousExecutor)

    def __init__(self, serving_models: str | RuntimeParameter):
        super().__init__(
            PreviousStatisticsSpec(serving_models=serving_models, statistics=Channel(type=_STATISTICS))
        )
