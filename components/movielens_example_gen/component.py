"""MovieLensExampleGen, the component that starts a pipeline: MovieLens files in, tf.Examples out."""

from tfx import types
from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.movielens_example_gen.executor import Executor


class MovieLensExampleGenSpec(ComponentSpec):
    """Inputs, outputs and parameters."""

    PARAMETERS = {  # noqa: RUF012 (TFX reads them from the class)
        "input_base": ExecutionParameter(type=str),
        "config": ExecutionParameter(type=str),
        "fingerprint": ExecutionParameter(type=str),
        "code_fingerprint": ExecutionParameter(type=str),
        "origin": ExecutionParameter(type=str),
        "spans": ExecutionParameter(type=str),
    }
    INPUTS: dict[str, ChannelParameter] = {}  # noqa: RUF012
    OUTPUTS = {"examples": ChannelParameter(type=standard_artifacts.Examples)}  # noqa: RUF012


class MovieLensExampleGen(BaseBeamComponent):
    """Reads MovieLens files of any release and writes one tf.Example a rating, in train, eval and test.

    It has no driver of its own, so it runs on every TFX runner, and its work is Beam's: pieces of the ratings
    file are ingested apart from each other and no rating goes through a shuffle.

    Args:
        input_base: the folder or file to read, as `sources.locate` finds it; empty leaves that to the
            executor, which may run on another machine.
        config: a `DataConfig` as JSON.
        fingerprint: `fingerprint.fingerprint` of the data, so that changed files are read again.
        code_fingerprint: of this component's code, for the same reason.
        origin: where the files came from, for the record; stable from run to run.
        spans: those that the fingerprint is of, as `spans.name_of` says them; empty leaves the choice to
            the executor.

    Outputs:
        - examples: a `standard_artifacts.Examples` of gzipped TFRecords, named as `trainer.data.features`.
            Its custom properties and its `ingest.json` say the split, the rows of each, bad rows and origin;
            `span` is the newest span, as TFX's own ExampleGens have it.
    """

    SPEC_CLASS = MovieLensExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        input_base: str | RuntimeParameter,
        config: str,
        fingerprint: str = "",
        code_fingerprint: str = "",
        origin: str = "",
        spans: str = "",
    ):
        super().__init__(
            spec=MovieLensExampleGenSpec(
                input_base=input_base,
                config=config,
                fingerprint=fingerprint,
                code_fingerprint=code_fingerprint,
                origin=origin,
                spans=spans,
                examples=types.Channel(type=standard_artifacts.Examples),
            )
        )
