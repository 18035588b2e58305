"""The pusher's cache key: which push may come from the cache, given what is served by now."""

import pytest
from tfx.proto.orchestration import pipeline_pb2

from pipeline.store.metadata.lineage import Lineage
from pipeline.store.metadata.push_cache import PushCache
from pipeline.store.workspace import Workspace
from serving.versions.placement import set_content
from serving.versions.version_sets import push_set, rollback_set
from tests.pipeline.metadata_store import Store

NAMES = ("ranking", "retrieval", "recommender")
MAKERS = {name: f"{name.capitalize()}Maker" for name in NAMES}


@pytest.fixture
def place(tmp_path):
    workspace = Workspace(tmp_path / "workspace")
    workspace.root.mkdir()
    return workspace


@pytest.fixture
def store(place):
    return Store(place.metadata_db)


def models(place, content):
    """Folders of three models of that content."""
    sources = {}
    for name in NAMES:
        sources[name] = place.artifacts / content / name / "Format-Serving"
        sources[name].mkdir(parents=True, exist_ok=True)
        (sources[name] / "saved_model.pb").write_text(content + name)
    return sources


def run(store, place, run_id, content, blessed=1):
    """A run up to its pusher, whatever of it came from the cache."""
    sources = models(place, content)
    made = store.run(run_id)
    for name in NAMES:
        made.node(MAKERS[name], outputs={"model": store.artifact("Model", sources[name].parent)})
    folder = place.artifacts / content / f"blessing-{blessed}"
    made.node("Judge", outputs={"blessing": store.artifact("ModelBlessing", folder, blessed=blessed)})
    return sources


def key(place, run_id):
    node = pipeline_pb2.PipelineNode()
    node.node_info.id = "AtomicPusher"
    for name in NAMES:
        channel = node.inputs.inputs[name].channels.add()
        channel.producer_node_query.id, channel.output_key = MAKERS[name], "model"
    channel = node.inputs.inputs["ranking_blessing"].channels.add()
    channel.producer_node_query.id, channel.output_key = "Judge", "blessing"
    node.parameters.parameters["serving_models"].field_value.string_value = str(place.serving_models)
    PushCache(Lineage(place.metadata_db), run_id)(node)
    return node.parameters.parameters["cache_key"].field_value.string_value


def pushed(store, place, run_id, sources, cache_key):
    """What the pusher does, and what it leaves in the metadata."""
    version = push_set(sources, place.serving_models, keep=9)["ranking"]
    artifact = store.artifact(
        "PushedModel", place.artifacts / "AtomicPusher" / run_id,
        pushed=1, outcome="pushed", pushed_version=str(version), content=set_content(sources),
    )  # fmt: skip
    store.run(run_id).node("AtomicPusher", outputs={"pushed_model": artifact}, cache_key=cache_key)


def test_going_back_to_an_earlier_configuration_is_never_taken_from_the_cache(place, store):
    pushed(store, place, "a", run(store, place, "a", "A"), first := key(place, "a"))
    assert first == "pushed by run a"
    run(store, place, "again", "A")
    assert key(place, "again") == first  # the push that made what is served

    pushed(store, place, "b", run(store, place, "b", "B"), key(place, "b"))
    back = run(store, place, "back", "A")
    assert key(place, "back") == "pushed by run back"
    pushed(store, place, "back", back, "pushed by run back")
    run(store, place, "last", "A")
    assert key(place, "last") == "pushed by run back"


def test_a_refused_or_withdrawn_push_comes_to_the_same_again_as_long_as_nothing_changes(place, store):
    run(store, place, "no", "C", blessed=0)
    assert key(place, "no") == "refused"
    pushed(store, place, "a", run(store, place, "a", "A"), key(place, "a"))
    pushed(store, place, "b", run(store, place, "b", "B"), key(place, "b"))
    rollback_set(place.serving_models, "ranking")
    run(store, place, "b2", "B")
    assert key(place, "b2") == "withdrawn 2"


def test_what_was_pushed_by_nobody_here_has_a_key_of_its_content(place, store):
    push_set(models(place, "A"), place.serving_models, keep=9)
    sources = run(store, place, "a", "A")
    assert key(place, "a") == f"served {set_content(sources)}"


def test_where_a_model_is_missing_the_launcher_has_the_word(place, store):
    store.run("a").node("RankingMaker", outputs={})
    assert key(place, "a") == ""
