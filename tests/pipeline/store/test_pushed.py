"""What runs say of their models: who pushed what, and what only was there already."""

import pytest

from pipeline.store.metadata.lineage import Lineage
from pipeline.store.origin import push_behind, pushes
from pipeline.store.pushed import pushed
from pipeline.store.runs.rows import row
from pipeline.store.workspace import Workspace
from serving.versions.version_sets import push_set, restore_set, rollback_set
from tests.pipeline.metadata_store import Store

NAMES = ("ranking", "retrieval", "recommender")


@pytest.fixture
def workspace(tmp_path):
    """A pushed 1, B pushed 2, A again pushed 3, and a fourth run took that push from the cache."""
    place = Workspace(tmp_path / "workspace")
    place.root.mkdir()
    store = Store(place.metadata_db)

    def push(run, content, **properties):
        folder = place.artifacts / "AtomicPusher" / run
        artifact = store.artifact("PushedModel", folder, content=content, **properties)
        store.run(run).node("AtomicPusher", outputs={"pushed_model": artifact}, cache_key=f"of {run}")
        return artifact

    for number, (run, content) in enumerate([("a", "A"), ("b", "B"), ("a2", "A")], 1):
        last = push(run, content, pushed=1, outcome="pushed", pushed_version=str(number))
        source = tmp_path / content
        source.mkdir(exist_ok=True)
        (source / "saved_model.pb").write_text(content)
        push_set(dict.fromkeys(NAMES, source), place.serving_models, keep=9)
    store.run("a3").node("AtomicPusher", "cached", outputs={"pushed_model": last})
    push("a4", "A", pushed=1, outcome="served", pushed_version="3")
    push("b2", "B", pushed=0, outcome="withdrawn", withdrawn_version="2")
    push("c", "C", pushed=0, outcome="refused")
    store.run("d").node("RankingTrainer")
    return place


def said(workspace, run_id):
    lineage = Lineage(workspace.metadata_db)
    found = pushed(lineage.run(run_id), pushes(lineage))
    return found and (found.outcome, found.version, found.by)


def test_a_run_says_pushed_of_what_it_pushed_and_names_who_pushed_the_rest(workspace):
    assert said(workspace, "a") == ("pushed", 1, "a")
    assert said(workspace, "a2") == ("pushed", 3, "a2")
    assert said(workspace, "a3") == ("served", 3, "a2")
    assert said(workspace, "a4") == ("served", 3, "a2")
    assert said(workspace, "b2") == ("withdrawn", 2, "b")
    assert said(workspace, "c") == ("refused", None, "")
    assert said(workspace, "d") is None
    lineage = Lineage(workspace.metadata_db)
    sentences = [pushed(lineage.run(run), pushes(lineage)).sentence for run in ("a", "a3", "b2")]
    assert sentences[0].startswith("Pushed as version 1 on ")
    assert sentences[1:] == [
        "These models were already served as version 3, pushed by run a2.",
        "Not pushed: these models were withdrawn by hand, as version 2, pushed by run b.",
    ]


def test_the_served_version_is_told_of_the_runs_whose_models_it_is_also_after_a_roll_back(workspace):
    def served():
        lineage = Lineage(workspace.metadata_db)
        return {run.run_id for run in lineage.runs() if row(workspace, run)["served"]}

    assert served() == {"a2", "a3", "a4"}
    rollback_set(workspace.serving_models, "ranking")
    assert served() == {"b"}
    rollback_set(workspace.serving_models, "ranking")
    assert served() == {"a"}
    assert [row(workspace, run)["pushed"] for run in Lineage(workspace.metadata_db).runs()][-3:] == [3, 2, 1]


def test_a_version_restored_under_a_new_number_has_the_origin_of_the_old_one(workspace, tmp_path):
    models = workspace.serving_models
    rollback_set(models, "ranking")
    push_set(dict.fromkeys(NAMES, tmp_path / "B"), models, keep=9)  # by hand: no run knows of it
    assert restore_set(models, "ranking")["ranking"] == (3, 5)

    known = pushes(Lineage(workspace.metadata_db))
    assert push_behind(known, models, "ranking", 5).made_in == "a2"
    assert push_behind(known, models, "ranking", 4) is None
    lineage = Lineage(workspace.metadata_db)
    assert {run.run_id for run in lineage.runs() if row(workspace, run)["served"]} == {"a2", "a3", "a4"}
