"""The base component of evaluators of lists: its inputs, outputs and parameters."""

from tfx.dsl.components.base import base_component
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts


class ListEvaluatorSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "bars": component_spec.ExecutionParameter(type=str),
        "over_popularity": component_spec.ExecutionParameter(type=str),
        "min_rating": component_spec.ExecutionParameter(type=str),
        "max_users": component_spec.ExecutionParameter(type=str),
        "description": component_spec.ExecutionParameter(type=str),
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


class ListEvaluator(base_component.BaseComponent):
    """Evaluates a model's lists for the users of `eval`, and blesses the model by their metrics.

    Args:
        examples: the splits.
        transform_graph: the vocabularies.
        model: the candidate.
        baseline_model: the last blessed model; may resolve to nothing.
        bars: JSON, measure to limits: {"ndcg@10": {"min": 0.2, "max_decrease": 0.0}}; `min`, `max`, and
            against the baseline `max_increase` or `max_decrease`, a number or {"standard_errors": 2}, as
            `components.bars.verdicts` takes them.
        over_popularity: JSON, measure to the least ratio to popularity's: {"ndcg@10": 1.2}.
        min_rating: JSON, the stars from which a rating counts as a positive; empty or null: every rating.
        max_users: JSON, the largest number of users who are judged (`HeldOut.sampled`), or null.
        description: JSON, the description of the data (`trainer.data.description`).
        code_fingerprint: of the component's and the trainer's code, for the cache.

    Outputs:
        - evaluation: `metrics.json` (`components.list_evaluation.evaluation`).
        - blessing: a ModelBlessing as TFX's Evaluator writes it. A model without any bar is not blessed.
    """

    SPEC_CLASS = ListEvaluatorSpec

    def __init__(
        self,
        examples: BaseChannel,
        transform_graph: BaseChannel,
        model: BaseChannel,
        bars: str,
        description: str,
        code_fingerprint: str,
        baseline_model: BaseChannel | None = None,
        over_popularity: str = "{}",
        min_rating: str = "",
        max_users: str = "null",
    ):
        super().__init__(
            ListEvaluatorSpec(
                examples=examples,
                transform_graph=transform_graph,
                model=model,
                baseline_model=baseline_model,
                bars=bars,
                over_popularity=over_popularity,
                min_rating=min_rating,
                max_users=max_users,
                description=description,
                code_fingerprint=code_fingerprint,
                evaluation=Channel(type=standard_artifacts.ModelEvaluation),
                blessing=Channel(type=standard_artifacts.ModelBlessing),
            )
        )
