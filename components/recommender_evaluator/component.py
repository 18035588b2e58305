"""The component's inputs, outputs and parameters."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts

from components.recommender_evaluator.executor import Executor


class RecommenderEvaluatorSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "bars": component_spec.ExecutionParameter(type=str),
        "over_popularity": component_spec.ExecutionParameter(type=str),
        "min_rating": component_spec.ExecutionParameter(type=str),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "transform_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "baseline_model": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS = {  # noqa: RUF012
        "evaluation": component_spec.ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
    }


class RecommenderEvaluator(base_component.BaseComponent):
    """Asks the assembled recommender for ten items per user of `eval`, and blesses it by what they are worth.

    The two models that it is made of are judged by evaluators of their own. How they answer together is
    decided by `candidates` and `rating_weight`, which only these lists show. They are those of the exported
    model's `recommend`, without what the user rated in `train`; users whom train does not know are left
    out. They are measured beside the most rated items, and beside the last blessed recommender on the same
    users. Limits in standard errors allow for the chance of another training; of two recommenders that are
    made of the very same models, and so differ in settings alone, they allow for nothing, and `at_least`
    for what it says.

    Args:
        examples: the splits.
        transform_graph: the vocabularies.
        model: the assembled recommender of models that were trained on `train` alone.
        baseline_model: the last blessed one; may resolve to nothing.
        bars: JSON, measure to limits, as for the RetrievalEvaluator. The measures are those of
            `trainer.recommender_measures`.
        over_popularity: JSON, measure to the least ratio to popularity's: {"ndcg@10": 1}.
        min_rating: JSON, the stars from which a rating counts as a positive; empty or null: every rating.
        code_fingerprint: of this component's and the trainer's code, for the cache.

    Outputs:
        evaluation: `metrics.json`, in the form of the RetrievalEvaluator's, without a search; `eval` also
            has `under_mean`, the share of all these ratings that are lower than their user's mean.
        blessing: a ModelBlessing as TFX's Evaluator writes it. A model without any bar is not blessed.
    """

    SPEC_CLASS = RecommenderEvaluatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        examples: BaseChannel,
        transform_graph: BaseChannel,
        model: BaseChannel,
        bars: str,
        code_fingerprint: str,
        baseline_model: BaseChannel | None = None,
        over_popularity: str = "{}",
        min_rating: str = "",
    ):
        super().__init__(
            RecommenderEvaluatorSpec(
                examples=examples,
                transform_graph=transform_graph,
                model=model,
                baseline_model=baseline_model,
                bars=bars,
                over_popularity=over_popularity,
                min_rating=min_rating,
                code_fingerprint=code_fingerprint,
                evaluation=Channel(type=standard_artifacts.ModelEvaluation),
                blessing=Channel(type=standard_artifacts.ModelBlessing),
            )
        )
