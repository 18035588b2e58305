"""TFX's Evaluator with another executor."""

from tfx.components import Evaluator
from tfx.dsl.components.base import executor_spec

from components.ranking_evaluator.executor import Executor


class RankingEvaluator(Evaluator):
    """`tfx.components.Evaluator`; a `baseline_model` artifact without a model in it counts as none.

    A resolver gives no artifact at all on the first run. A cluster has no such thing: a task's output is
    always there (`components.model_in_front`).

    Beside TFMA's files `evaluation` has `slices.json`: the same metrics as `by_slice` gives them.
    """

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
