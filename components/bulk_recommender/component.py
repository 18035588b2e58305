"""The component's inputs, outputs and parameters."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts

from components.bulk_recommender.executor import Executor


class BulkRecommenderSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "k": component_spec.ExecutionParameter(type=int),
        "exclude_seen": component_spec.ExecutionParameter(type=int),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "pushed_model": component_spec.ChannelParameter(type=standard_artifacts.PushedModel),
    }
    OUTPUTS = {  # noqa: RUF012
        "inference_result": component_spec.ChannelParameter(type=standard_artifacts.InferenceResult)
    }


class BulkRecommender(base_component.BaseComponent):
    """Computes the recommendations of every user that a recommender knows (`serving.bulk.bulk`).

    TFX's BulkInferrer calls models that take serialized tf.Examples; a recommender takes users, and knows
    them. What it writes is named and framed as BulkInferrer's, one PredictionLog a user, with the same
    answers as Parquet beside it.

    Args:
        model: an exported recommender, with `assets.extra/user_ids.txt`.
        pushed_model: whether the model was pushed; if not, the output stays empty.
        k: the number of films per user.
        exclude_seen: whether films that the user has seen are left out.
        code_fingerprint: of this component's and the server's code, for the cache.

    Outputs `inference_result`: `prediction_logs-NNNNN-of-NNNNN.gz`, `parquet/part-NNNNN.parquet`.
    """

    SPEC_CLASS = BulkRecommenderSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: BaseChannel,
        pushed_model: BaseChannel,
        k: int,
        exclude_seen: bool,
        code_fingerprint: str,
    ):
        super().__init__(
            BulkRecommenderSpec(
                model=model,
                pushed_model=pushed_model,
                k=k,
                exclude_seen=int(exclude_seen),
                code_fingerprint=code_fingerprint,
                inference_result=Channel(type=standard_artifacts.InferenceResult),
            )
        )
