"""Pushes of a real pipeline on this machine, with its cache: models of one file each, and no training."""

from pathlib import Path

import pytest
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.types import Channel, artifact_utils, component_spec, standard_artifacts

from components.atomic_pusher import AtomicPusher
from pipeline.dag.local_place import LocalPlace
from pipeline.execution.runner import ObservedDagRunner
from pipeline.store.metadata.lineage import Lineage
from pipeline.store.metadata.push_cache import PushCache
from pipeline.store.origin import pushes
from pipeline.store.pushed import pushed
from pipeline.store.workspace import Workspace
from serving.contract import MODELS
from serving.versions.version_sets import restore_set, rollback_set
from serving.versions.versions import list_versions

# TFX asks protobuf for a field's `label`; a frame of ours is on the stack, where warnings are errors.
pytestmark = pytest.mark.filterwarnings("ignore:label")

BLESSINGS = (*(f"{name}_blessing" for name in MODELS), "infra_blessing")


class MadeExecutor(base_executor.BaseExecutor):
    """Writes the parameter `content` as each model."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        for name in MODELS:
            folder = Path(artifact_utils.get_single_uri(output_dict[name])) / "Format-Serving"
            folder.mkdir(parents=True)
            (folder / "saved_model.pb").write_text(exec_properties["content"] + name)
        for name in BLESSINGS:
            [blessing] = output_dict[name]
            blessing.set_int_custom_property("blessed", exec_properties["blessed"])


class MadeSpec(component_spec.ComponentSpec):
    PARAMETERS = {  # noqa: RUF012 - TFX's own way of declaring a spec
        "content": component_spec.ExecutionParameter(type=str),
        "blessed": component_spec.ExecutionParameter(type=int),
    }
    INPUTS = {}  # noqa: RUF012
    OUTPUTS = {  # noqa: RUF012
        **{name: component_spec.ChannelParameter(type=standard_artifacts.Model) for name in MODELS},
        **{
            name: component_spec.ChannelParameter(
                type=standard_artifacts.InfraBlessing
                if name.startswith("infra")
                else standard_artifacts.ModelBlessing
            )
            for name in BLESSINGS
        },
    }


class Made(base_component.BaseComponent):
    SPEC_CLASS = MadeSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(MadeExecutor)


class Silent:
    def started(self, event):
        """Says nothing."""

    def finished(self, event):
        """Says nothing."""


@pytest.fixture
def place(tmp_path):
    return Workspace(tmp_path / "workspace")


def run(place, run_id, content, blessed=1):
    """Runs with models of that content; gives the pusher's state, and what the run says of its models."""
    where = LocalPlace(place)
    outputs = {name: Channel(type=spec.type) for name, spec in MadeSpec.OUTPUTS.items()}
    made = Made(MadeSpec(content=content, blessed=blessed, **outputs))
    pusher = AtomicPusher(**made.outputs, serving_models=where.serving_models, keep=9, code_fingerprint="c")
    pipeline = tfx_pipeline.Pipeline(
        pipeline_name="films",
        pipeline_root=where.root,
        components=[made, pusher],
        metadata_connection_config=where.metadata,
        enable_cache=True,
    )
    lineage = Lineage(place.metadata_db)
    ObservedDagRunner(Silent(), run_id, PushCache(lineage, run_id)).run(pipeline)
    found = lineage.run(run_id)
    became = pushed(found, pushes(lineage))
    return found.nodes["AtomicPusher"].state, became.outcome, became.version, became.by


def versions(place):
    [found] = {tuple(list_versions(place.serving_models, name)) for name in MODELS}
    return list(found)


def test_what_a_run_blessed_last_is_served_after_it_whatever_was_cached(place):
    assert run(place, "1", "A") == ("done", "pushed", 1, "1")
    assert run(place, "2", "A") == ("cached", "served", 1, "1")
    assert run(place, "3", "B") == ("done", "pushed", 2, "3")
    assert run(place, "4", "A") == ("done", "pushed", 3, "4")
    assert run(place, "5", "A") == ("cached", "served", 3, "4")
    assert run(place, "6", "B") == ("done", "pushed", 4, "6")
    assert versions(place) == [1, 2, 3, 4]

    rollback_set(place.serving_models, "ranking")
    assert run(place, "7", "B") == ("done", "withdrawn", 4, "6")
    assert run(place, "8", "B") == ("cached", "withdrawn", 4, "6")
    assert run(place, "9", "A") == ("cached", "served", 3, "4")
    assert versions(place) == [1, 2, 3]

    restore_set(place.serving_models, "ranking")
    assert run(place, "10", "B") == ("cached", "served", 4, "6")
    assert run(place, "11", "C", blessed=0) == ("done", "refused", None, "")
    assert run(place, "12", "C", blessed=0) == ("cached", "refused", None, "")
    assert versions(place) == [1, 2, 3, 4]
