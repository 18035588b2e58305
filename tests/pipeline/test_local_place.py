import pytest

from pipeline import local_place
from pipeline.lineage import Artifact, Node, Run
from pipeline.local_place import LocalPlace
from pipeline.workspace import Workspace


def run(state, content, pushed=1):
    artifact = Artifact("", {"pushed": pushed, "content": content})
    return Run(
        "r", "smoke", {"AtomicPusher": Node("AtomicPusher", state, 0.1, 0.0, {"pushed_model": artifact})}
    )


@pytest.fixture
def disturbed(tmp_path, monkeypatch):
    """What is said of the folder of models, after runs (newest first) and with that content in front."""

    def asked(runs, in_front):
        class Lineage:
            def __init__(self, database): ...

            def runs(self, pipeline):
                return runs

        monkeypatch.setattr(local_place, "Lineage", Lineage)
        monkeypatch.setattr(local_place, "in_front", lambda *_: in_front)
        return LocalPlace(Workspace(tmp_path)).disturbed("smoke")

    return asked


def test_nothing_is_disturbed_before_the_first_push_and_while_the_last_is_in_front(disturbed):
    assert disturbed([], "anything") == ""
    assert disturbed([run("done", "a", pushed=0)], "anything") == ""
    assert disturbed([run("done", "b"), run("done", "a")], "b") == ""


def test_what_was_deleted_or_replaced_is_noticed(disturbed):
    assert disturbed([run("done", "a")], "another").startswith("in front: ")


def test_a_cached_push_is_none_so_an_older_model_is_not_brought_back_over_a_later_one(disturbed):
    assert disturbed([run("cached", "a"), run("done", "b"), run("done", "a")], "b") == ""
