"""TFX's Tuner with an executor that records every trial."""

from tfx.components import Tuner
from tfx.dsl.components.base import executor_spec

from components.tuner.executor import Executor


class AccountingTuner(Tuner):
    """`tfx.components.Tuner`, with more in `tuner_results`.

    `trials.json` has all trials, failed ones with the reason; `logs/` is what TensorBoard shows of each.

    Raises (in the executor):
        TrainingError: not one trial was completed.
    """

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
