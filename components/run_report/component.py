"""The component's inputs, outputs and parameters."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts

from components.run_report.executor import Executor


class RunReportSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "min_rating": component_spec.ExecutionParameter(type=str),
        "max_users": component_spec.ExecutionParameter(type=str),
        "description": component_spec.ExecutionParameter(type=str),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "labelled": component_spec.ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "ranking": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "transform_graph": component_spec.ChannelParameter(
            type=standard_artifacts.TransformGraph, optional=True
        ),
        "retrieval": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
        "recommender": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS = {  # noqa: RUF012
        # TFX's own type: Kubeflow knows no others.
        "report": component_spec.ChannelParameter(type=standard_artifacts.ModelEvaluation)
    }


class RunReport(base_component.BaseComponent):
    """Reads `test`, the split that no other node reads, and writes the exported models' metrics on it.

    Args:
        examples: the splits; `train` is read for what a model must beat, and for what users have watched,
            `eval` is counted.
        ranking: the exported ranking model.
        description: JSON, the description of the data (`trainer.data.description`).
        code_fingerprint: of this component's code, for the cache.
        transform_graph: the vocabularies; needed with `retrieval` or `recommender`, and for `details.json`.
        retrieval: the exported retrieval model.
        recommender: the exported model of both.
        labelled: of implicit feedback, `test` with sampled negatives (`components.sampled_negatives`).
        min_rating: JSON, the stars from which a rating counts as a positive; empty or null: every rating.
        max_users: JSON, the largest number of users whose lists are judged (`HeldOut.sampled`), or null.

    Outputs `report`, with `report.json`: `test` (rows, rmse, mae) and `mean_rating_baseline` (rmse, mae), or
    of implicit feedback what `chances.chance_errors` returns; with `retrieval`, also `retrieval` and
    `retrieval_popularity` (recall, ndcg at 10 and 100, users); with `recommender`, also `recommender`
    (recall@10, ndcg@10, users). Lists are of the whole catalogue without
    the films that a user rated in train. Null stands for lists that nothing in `test` could be found in.
    With `transform_graph`, also `details.json`: what the page of a run draws (`study.Study.of`).
    """

    SPEC_CLASS = RunReportSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        examples: BaseChannel,
        ranking: BaseChannel,
        description: str,
        code_fingerprint: str,
        transform_graph: BaseChannel | None = None,
        retrieval: BaseChannel | None = None,
        recommender: BaseChannel | None = None,
        min_rating: str = "",
        max_users: str = "null",
        labelled: BaseChannel | None = None,
    ):
        super().__init__(
            RunReportSpec(
                examples=examples,
                labelled=labelled,
                ranking=ranking,
                transform_graph=transform_graph,
                retrieval=retrieval,
                recommender=recommender,
                min_rating=min_rating,
                max_users=max_users,
                description=description,
                code_fingerprint=code_fingerprint,
                report=Channel(type=standard_artifacts.ModelEvaluation),
            )
        )
