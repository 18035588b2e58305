"""The component: TFX's ExampleValidator with the previous run's statistics as one more input."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts

from components.example_validator.executor import Executor


class StoppingExampleValidatorSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "drift": component_spec.ExecutionParameter(type=str),
        "drift_thresholds": component_spec.ExecutionParameter(type=str),
        "skew": component_spec.ExecutionParameter(type=str),
        "skew_thresholds": component_spec.ExecutionParameter(type=str),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "statistics": component_spec.ChannelParameter(type=standard_artifacts.ExampleStatistics),
        "schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
        "previous_statistics": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleStatistics, optional=True
        ),
    }
    OUTPUTS = {  # noqa: RUF012
        "anomalies": component_spec.ChannelParameter(type=standard_artifacts.ExampleAnomalies),
    }


class StoppingExampleValidator(base_component.BaseComponent):
    """Compares every split with the schema, `train` with the previous run's, and `eval` with `train`.

    The last two comparisons are TFDV's drift and skew comparators. Skew usually means training against
    serving; here it means training against evaluation data: in a run on spans, the window against its newest
    span.

    Args:
        statistics: the ExampleStatistics of this run.
        schema: the committed schema, with drift comparators for the features whose drift matters.
        previous_statistics: the ExampleStatistics of an earlier run; none in the first run.
        drift: `"warn"` writes drift down, `"stop"` also stops the run.
        drift_thresholds: JSON, feature to `{"infinity_norm": t}` or `{"jensen_shannon_divergence": t}`, in
            place of the schema's own; null for none.
        skew: as `drift`.
        skew_thresholds: as `drift_thresholds`.
        code_fingerprint: of this component's code, for the cache.

    Raises (in the executor):
        DataError: an anomaly; the message holds a table of all of them.
    """

    SPEC_CLASS = StoppingExampleValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        statistics: BaseChannel,
        schema: BaseChannel,
        previous_statistics: BaseChannel | None,
        drift: str,
        code_fingerprint: str,
        drift_thresholds: str = "{}",
        skew: str = "warn",
        skew_thresholds: str = "{}",
    ):
        super().__init__(
            StoppingExampleValidatorSpec(
                statistics=statistics,
                schema=schema,
                previous_statistics=previous_statistics,
                drift=drift,
                drift_thresholds=drift_thresholds,
                skew=skew,
                skew_thresholds=skew_thresholds,
                code_fingerprint=code_fingerprint,
                anomalies=Channel(type=standard_artifacts.ExampleAnomalies),
            )
        )
