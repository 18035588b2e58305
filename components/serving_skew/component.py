"""The component's inputs, outputs and parameters."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts

from components.serving_skew.executor import Executor


class ServingSkewSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "logs": component_spec.ExecutionParameter(type=str),
        "logs_fingerprint": component_spec.ExecutionParameter(type=str),
        "thresholds": component_spec.ExecutionParameter(type=str),
        "min_values": component_spec.ExecutionParameter(type=int),
        "on_skew": component_spec.ExecutionParameter(type=str),
        "description": component_spec.ExecutionParameter(type=str),
        "every_split": component_spec.ExecutionParameter(type=int),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples)
    }
    OUTPUTS = {  # noqa: RUF012
        # Not ExampleStatistics beside it: the next run would take them for the data's.
        "anomalies": component_spec.ChannelParameter(type=standard_artifacts.ExampleAnomalies)
    }


class ServingSkew(base_component.BaseComponent):
    """Measures the skew between a server's requests and answers and the training data of served models.

    TFDV's statistics of both sides, and its skew comparators. Damaged or torn logs are read as far as they
    are whole, and named; a folder with nothing in it yet is no skew.

    Args:
        examples: the splits; `train` is read.
        logs: a folder, a file or a pattern of prediction logs, ours or TF Serving's.
        logs_fingerprint: of what they hold, for the cache.
        thresholds: JSON, name (of `measures.MEASURES`) to the distance from which it is skewed; null: it
            is not compared.
        min_values: of a feature with fewer logged values than this, nothing is said.
        on_skew: `"warn"` writes skew down, `"stop"` also stops the run.
        description: JSON, the description of the data (`trainer.data.description`).
        code_fingerprint: of this component's code, for the cache.
        every_split: whether served models are trained on `eval` and `test` too: then these are read as well.

    Outputs `anomalies`, with `findings.json` (see `executor.findings`), `Split-serving/SchemaDiff.pb` (TFDV's
    Anomalies) and the statistics that were compared, `Split-train` and `Split-serving/FeatureStats.pb`.

    Raises (in the executor):
        DataError: skew, where it is to stop the run.
        ServingError: there is no such folder.
    """

    SPEC_CLASS = ServingSkewSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        examples: BaseChannel,
        logs: str,
        logs_fingerprint: str,
        thresholds: str,
        min_values: int,
        on_skew: str,
        description: str,
        code_fingerprint: str,
        every_split: bool = False,
    ):
        super().__init__(
            ServingSkewSpec(
                examples=examples,
                logs=logs,
                logs_fingerprint=logs_fingerprint,
                thresholds=thresholds,
                min_values=min_values,
                on_skew=on_skew,
                description=description,
                every_split=int(every_split),
                code_fingerprint=code_fingerprint,
                anomalies=Channel(type=standard_artifacts.ExampleAnomalies),
            )
        )
