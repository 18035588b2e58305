"""TFX's Evaluator with custom bars."""

from typing import TYPE_CHECKING

from tfx.components import Evaluator
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts
from tfx.types.standard_component_specs import EvaluatorSpec
from tfx.utils import json_utils

from components.ranking_evaluator.executor import Executor

if TYPE_CHECKING:
    import tensorflow_model_analysis as tfma


class RankingEvaluatorSpec(EvaluatorSpec):
    """Inputs, outputs and parameters: TFX's own and the bars."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        **EvaluatorSpec.PARAMETERS,
        "bars": component_spec.ExecutionParameter(type=str),
        "computed_by": component_spec.ExecutionParameter(type=str),
        "description": component_spec.ExecutionParameter(type=str),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }


class RankingEvaluator(Evaluator):
    """Evaluates a ranking model in TFMA's format of results, and blesses it by `bars`.

    The metrics are computed in vectorised sums in one process, or by `tfx.components.Evaluator` (TFMA), which
    runs on Beam and takes each row and slice by itself in Python. Both give the same files.

    A `baseline_model` artifact without a model in it counts as none. A resolver gives no artifact at all on
    the first run. A cluster has no such thing: a task's output is always there (`components.model_in_front`).

    Args:
        examples: the splits; `eval` is measured. Of implicit feedback they are those of `SampledNegatives`,
            whose `user_rating` is 1 or 0.
        model: the exported ranking model.
        eval_config: what TFMA measures. Its thresholds, if it has any, decide nothing.
        bars: JSON, measure to limits, as `components.bars.verdicts` takes them: {"rmse": {"max": 1.2,
            "max_increase": {"standard_errors": 2}}}.
        code_fingerprint: of this component's and the trainer's code, for the cache.
        baseline_model: the last blessed one; may resolve to nothing.
        schema: of the examples.
        description: JSON, the description of the data (`trainer.data.description.Description`).
        computed_by: `sums`, or `tfma`. What an `eval_config` asks beyond the sums (other metrics, slices by
            two features, confidence intervals) TFMA computes in either case.

    Outputs:
        - evaluation: TFMA's files; `slices.json`, the same metrics as `by_slice` gives them, and over all of
            eval those of each type of event (`event_rows`); `verdicts.json`, what they came to
            (`verdicts.judged`).
        - blessing: a ModelBlessing as TFX's Evaluator writes it. A model without any bar is not blessed.
    """

    SPEC_CLASS = RankingEvaluatorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        examples: BaseChannel,
        model: BaseChannel,
        eval_config: "tfma.EvalConfig",
        bars: str,
        code_fingerprint: str,
        baseline_model: BaseChannel | None = None,
        schema: BaseChannel | None = None,
        example_splits: list[str] | None = None,
        description: str = "{}",
        computed_by: str = "sums",
    ):
        spec = RankingEvaluatorSpec(
            examples=examples,
            model=model,
            baseline_model=baseline_model,
            schema=schema,
            eval_config=eval_config,
            example_splits=json_utils.dumps(example_splits),
            fairness_indicator_thresholds="null",
            bars=bars,
            computed_by=computed_by,
            description=description,
            code_fingerprint=code_fingerprint,
            evaluation=Channel(type=standard_artifacts.ModelEvaluation),
            blessing=Channel(type=standard_artifacts.ModelBlessing),
        )
        # Not the constructor of TFX's Evaluator, which makes a spec without bars.
        base_beam_component.BaseBeamComponent.__init__(self, spec=spec)
