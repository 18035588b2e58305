import shutil
import sqlite3

import pytest

from pipeline.store.metadata.lineage import Lineage
from pipeline.store.metadata.relocation import _replacement, relocate
from tests.pipeline.metadata_store import Store


@pytest.fixture
def moved(tmp_path):
    """A workspace that was made in `old`, and now lies in `new`."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    store = Store(old / "metadata.db")
    data = store.artifact("Examples", old / "artifacts" / "Gen" / "examples" / "1")
    model = store.artifact(
        "Model", old / "artifacts" / "Trainer" / "model" / "2", destination=f"{old}/serving_models"
    )
    run = store.run("r1").node("Gen", outputs={"examples": data}, config='{"path": "/data/old/artifacts"}')
    run.node(
        "Trainer", inputs={"examples": data}, outputs={"model": model}, backup=f'{{"d": "{old}/cache/x"}}'
    )
    shutil.move(old, new)
    return new


def seen(workspace):
    nodes = Lineage(workspace / "metadata.db").run("r1").nodes
    model = nodes["Trainer"].outputs["model"]
    return (
        model.uri,
        model.properties["destination"],
        nodes["Trainer"].parameters["backup"],
        nodes["Gen"].parameters["config"],
        nodes["Trainer"].inputs,
    )


def test_whoever_reads_a_moved_workspace_is_shown_where_things_are_and_writes_nothing(moved):
    before = (moved / "metadata.db").read_bytes()
    assert seen(moved) == (
        f"{moved}/artifacts/Trainer/model/2",
        f"{moved}/serving_models",
        f'{{"d": "{moved}/cache/x"}}',
        '{"path": "/data/old/artifacts"}',
        ("Gen",),
    )
    assert (moved / "metadata.db").read_bytes() == before


def test_a_run_rewrites_the_paths_once(moved):
    shown = seen(moved)
    assert relocate(moved / "metadata.db")
    assert not relocate(moved / "metadata.db")
    assert seen(moved) == shown
    with sqlite3.connect(moved / "metadata.db") as db:
        uris = {uri for (uri,) in db.execute("SELECT uri FROM Artifact")}
    assert uris == {f"{moved}/artifacts/Gen/examples/1", f"{moved}/artifacts/Trainer/model/2"}


def test_a_workspace_moved_twice_and_used_in_between_is_whole_again(moved, tmp_path):
    relocate(moved / "metadata.db")
    third = tmp_path / "old" / "third"
    third.parent.mkdir()
    shutil.copytree(moved, third)
    shutil.rmtree(moved)

    assert seen(third)[0] == f"{third}/artifacts/Trainer/model/2"
    assert relocate(third / "metadata.db")
    assert seen(third)[0] == f"{third}/artifacts/Trainer/model/2"


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("/a/ws", "/b"),
        ("/a/ws/x", "/b/x"),
        ('{"d": "/a/ws/x", "e": ["/a/ws"]}', '{"d": "/b/x", "e": ["/b"]}'),
        ("/a/ws2/x", "/a/ws2/x"),
        ("/a/ws.bak", "/a/ws.bak"),
        ("/a/ws copy/x", "/a/ws copy/x"),
        ("/a/ws~/x", "/a/ws~/x"),
        ("['/a/ws', '/a/ws']", "['/b', '/b']"),
        ("/home/a/ws/x", "/home/a/ws/x"),
        (None, None),
    ],
)
def test_only_a_whole_path_that_begins_there_is_replaced(text, replaced):
    assert _replacement({"/a/ws"}, "/b")(text) == replaced


def test_nothing_is_done_where_there_is_no_metadata(tmp_path):
    assert not relocate(tmp_path / "metadata.db")
