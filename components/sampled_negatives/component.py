"""The component's inputs, outputs and parameters."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts

from components.sampled_negatives.executor import Executor


class SampledNegativesSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "negatives": component_spec.ExecutionParameter(type=int),
        "description": component_spec.ExecutionParameter(type=str),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {  # noqa: RUF012
        "labelled": component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }


class SampledNegatives(base_component.BaseComponent):
    """Adds sampled negatives to the held-out interactions, so that TFMA can judge chances.

    Each interaction of `eval` and `test` has the label 1 in `user_rating`, and is followed by negatives with
    the label 0: the same user, time and context with an item that the user has in no split, and no event type
    (`trainer.data.implicit.negatives`). A hash of user and item draws them, so that candidate and baseline
    are judged by the same rows, as are the models of two nights on the same data.

    Args:
        examples: the splits of implicit feedback.
        negatives: the number of negatives of each interaction.
        description: JSON, the description of the data: it names the features of items.
        code_fingerprint: of this component's and the trainer's code, for the cache.

    Outputs `labelled`, with `Split-eval` and `Split-test`, and `negatives.json`: the numbers of `positives`
    and `negatives` by split.
    """

    SPEC_CLASS = SampledNegativesSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, examples: BaseChannel, negatives: int, description: str, code_fingerprint: str):
        super().__init__(
            SampledNegativesSpec(
                examples=examples,
                negatives=negatives,
                description=description,
                code_fingerprint=code_fingerprint,
                labelled=Channel(type=standard_artifacts.Examples),
            )
        )
