"""The component's inputs, outputs and parameters."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts

from components.recommender_assembler.executor import Executor


class RecommenderAssemblerSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "candidates": component_spec.ExecutionParameter(type=int),
        "rating_weight": component_spec.ExecutionParameter(type=float),
        "description": component_spec.ExecutionParameter(type=str),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "ranking": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "retrieval": component_spec.ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS = {"model": component_spec.ChannelParameter(type=standard_artifacts.Model)}  # noqa: RUF012


class RecommenderAssembler(base_component.BaseComponent):
    """Assembles a recommender from a retrieval and a ranking model (`trainer.export.recommender.assemble`).

    Args:
        ranking, retrieval: the exported models, trained on the same data.
        candidates: the number of films that are retrieved and rated per request.
        rating_weight: the points of retrieval score that one star is worth.
        description: JSON, the description of the data (`trainer.data.description`), which the model carries
            for those who show its answers to people; empty: it carries none.
        code_fingerprint: of `trainer` and this component, for the cache.

    Outputs `model`, a Model whose SavedModel answers as the two do together: that is verified, as TF Serving
    loads it, before the artifact has it, and a server can verify it again by the `trained_answers.json`
    beside it. Of models that were not refit nothing is assembled (`components.not_refit`).
    """

    SPEC_CLASS = RecommenderAssemblerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        ranking: BaseChannel,
        retrieval: BaseChannel,
        candidates: int,
        rating_weight: float,
        code_fingerprint: str,
        description: str = "",
    ):
        super().__init__(
            RecommenderAssemblerSpec(
                ranking=ranking,
                retrieval=retrieval,
                candidates=candidates,
                rating_weight=rating_weight,
                description=description,
                code_fingerprint=code_fingerprint,
                model=Channel(type=standard_artifacts.Model),
            )
        )
