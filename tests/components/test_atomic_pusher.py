import pytest
from tfx.types import standard_artifacts

from components.atomic_pusher.executor import Executor
from serving.contract import MODELS
from serving.versions.version_sets import MEMBERS, members, restore_set, rollback_set
from serving.versions.versions import list_versions


def artifact(kind, path, **properties):
    path.mkdir(parents=True, exist_ok=True)
    made = kind()
    made.uri = str(path)
    for name, value in properties.items():
        made.set_int_custom_property(name, value)
    return made


def push(tmp_path, graph=b"graph", keep=5, **blessed):
    """Pushes three models of that graph; `ranking_blessing=0` and the like refuses."""
    inputs = {}
    for name in MODELS:
        saved = tmp_path / "models" / name / "Format-Serving"
        (saved / "variables").mkdir(parents=True, exist_ok=True)
        (saved / "saved_model.pb").write_bytes(graph + name.encode())
        inputs[name] = [artifact(standard_artifacts.Model, saved.parent)]
    for key in (*(f"{name}_blessing" for name in MODELS), "infra_blessing"):
        kind = (
            standard_artifacts.InfraBlessing if key.startswith("infra") else standard_artifacts.ModelBlessing
        )
        inputs[key] = [artifact(kind, tmp_path / key, blessed=blessed.get(key, 1))]
    pushed = artifact(standard_artifacts.PushedModel, tmp_path / "pushed")
    Executor().Do(
        inputs, {"pushed_model": [pushed]}, {"serving_models": str(tmp_path / "served"), "keep": keep}
    )
    return pushed


def there(tmp_path):
    return {tuple(list_versions(tmp_path / "served", name)) for name in MODELS}


def test_a_set_that_every_blessing_allows_is_pushed_as_the_next_version(tmp_path):
    assert push(tmp_path).get_string_custom_property("pushed_version") == "1"
    second = push(tmp_path, b"another")

    assert second.get_int_custom_property("pushed") == 1
    assert second.get_string_custom_property("pushed_version") == "2"
    assert second.get_string_custom_property("pushed_destination") == str(tmp_path / "served")
    assert there(tmp_path) == {(1, 2)}
    file = tmp_path / "served" / "recommender" / "2" / "saved_model.pb"
    assert file.read_bytes() == b"anotherrecommender"
    assert members(tmp_path / "served", "ranking", 2) == list(MODELS)


@pytest.mark.parametrize("refused", [*(f"{name}_blessing" for name in MODELS), "infra_blessing"])
def test_nothing_of_a_set_is_pushed_that_any_blessing_refuses(tmp_path, refused):
    pushed = push(tmp_path, **{refused: 0})

    assert pushed.get_int_custom_property("pushed") == 0
    assert not (tmp_path / "served").exists()


def test_only_the_last_versions_are_kept(tmp_path):
    for graph in (b"1", b"2", b"3", b"4"):
        push(tmp_path, graph, keep=2)

    assert there(tmp_path) == {(3, 4)}


def outcome(pushed):
    return pushed.get_string_custom_property("outcome")


def test_a_set_that_is_served_already_is_not_pushed_again(tmp_path):
    first, again = push(tmp_path), push(tmp_path)

    assert (outcome(first), outcome(again)) == ("pushed", "served")
    assert again.get_string_custom_property("pushed_version") == "1"
    assert again.get_string_custom_property("content") == first.get_string_custom_property("content")
    assert there(tmp_path) == {(1,)}


def test_a_set_that_another_one_has_replaced_is_pushed_again_without_a_copy(tmp_path):
    push(tmp_path, b"ours")
    push(tmp_path, b"theirs")
    again = push(tmp_path, b"ours")

    assert (outcome(again), again.get_string_custom_property("pushed_version")) == ("pushed", "3")
    assert members(tmp_path / "served", "ranking", 3) == list(MODELS)
    for name in MODELS:
        first, third = (tmp_path / "served" / name / version for version in ("1", "3"))
        assert (first / "saved_model.pb").samefile(third / "saved_model.pb")
        assert not (first / MEMBERS).samefile(third / MEMBERS)


def test_a_set_that_a_person_withdrew_is_pushed_again_only_once_it_is_restored(tmp_path):
    served = tmp_path / "served"
    push(tmp_path, b"good")
    push(tmp_path, b"bad")
    rollback_set(served, "retrieval")

    refused = push(tmp_path, b"bad")
    assert (outcome(refused), refused.get_int_custom_property("pushed")) == ("withdrawn", 0)
    assert refused.get_string_custom_property("withdrawn_version") == "2"
    assert there(tmp_path) == {(1,)}

    restore_set(served, "retrieval")
    push(tmp_path, b"good")
    assert push(tmp_path, b"bad").get_string_custom_property("pushed_version") == "4"
    assert outcome(push(tmp_path, b"good")) == "pushed"


def test_of_several_versions_with_the_same_models_the_latest_says_whether_they_are_withdrawn(tmp_path):
    push(tmp_path, b"ours")
    push(tmp_path, b"theirs")
    push(tmp_path, b"ours")
    rollback_set(tmp_path / "served", "ranking")

    assert there(tmp_path) == {(1, 2)}
    assert outcome(push(tmp_path, b"ours")) == "withdrawn"
    rollback_set(tmp_path / "served", "ranking")
    assert there(tmp_path) == {(1,)}
    assert outcome(push(tmp_path, b"ours")) == "served"
