import pytest
from tfx.types import standard_artifacts

from components.atomic_pusher.executor import Executor
from serving import versions


def artifact(kind, path, **properties):
    path.mkdir(parents=True, exist_ok=True)
    made = kind()
    made.uri = str(path)
    for name, value in properties.items():
        made.set_int_custom_property(name, value)
    return made


def push(tmp_path, graph=b"graph", blessed=1, infra_blessed=1, keep=5):
    saved = tmp_path / "model" / "Format-Serving"
    (saved / "variables").mkdir(parents=True, exist_ok=True)
    (saved / "saved_model.pb").write_bytes(graph)
    pushed = artifact(standard_artifacts.PushedModel, tmp_path / "pushed")
    Executor().Do(
        {
            "model": [artifact(standard_artifacts.Model, tmp_path / "model")],
            "model_blessing": [artifact(standard_artifacts.ModelBlessing, tmp_path / "b", blessed=blessed)],
            "infra_blessing": [
                artifact(standard_artifacts.InfraBlessing, tmp_path / "i", blessed=infra_blessed)
            ],
        },
        {"pushed_model": [pushed]},
        {"serving_models": str(tmp_path / "served"), "model_name": "ranking", "keep": keep},
    )
    return pushed


def test_a_model_that_both_blessings_allow_is_pushed_as_the_next_version(tmp_path):
    assert push(tmp_path).get_string_custom_property("pushed_version") == "1"
    second = push(tmp_path, b"another graph")

    assert second.get_int_custom_property("pushed") == 1
    assert second.get_string_custom_property("pushed_destination") == str(
        tmp_path / "served" / "ranking" / "2"
    )
    assert (tmp_path / "served" / "ranking" / "2" / "saved_model.pb").read_bytes() == b"another graph"


@pytest.mark.parametrize(("blessed", "infra_blessed"), [(0, 1), (1, 0), (0, 0)])
def test_a_model_that_either_blessing_refuses_is_not_pushed(tmp_path, blessed, infra_blessed):
    pushed = push(tmp_path, blessed=blessed, infra_blessed=infra_blessed)

    assert pushed.get_int_custom_property("pushed") == 0
    assert not (tmp_path / "served").exists()


def test_only_the_last_versions_are_kept(tmp_path):
    for graph in (b"1", b"2", b"3", b"4"):
        push(tmp_path, graph, keep=2)

    assert sorted(p.name for p in (tmp_path / "served" / "ranking").iterdir()) == ["3", "4"]


def test_a_model_that_is_in_front_already_is_not_pushed_again(tmp_path):
    push(tmp_path)
    again = push(tmp_path)

    assert again.get_string_custom_property("pushed_version") == "1"
    assert [p.name for p in (tmp_path / "served" / "ranking").iterdir()] == ["1"]


def test_a_model_behind_another_one_is_pushed_to_the_front(tmp_path):
    push(tmp_path, b"ours")
    push(tmp_path, b"theirs")

    assert push(tmp_path, b"ours").get_string_custom_property("pushed_version") == "3"


def test_a_model_that_was_rolled_back_is_not_brought_back(tmp_path):
    push(tmp_path, b"good")
    push(tmp_path, b"bad")
    versions.rollback(tmp_path / "served", "ranking")

    assert push(tmp_path, b"bad").get_int_custom_property("pushed") == 0
    assert versions.list_versions(tmp_path / "served", "ranking") == [1]
