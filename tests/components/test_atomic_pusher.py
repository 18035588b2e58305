import pytest
from tfx.types import standard_artifacts

from components.atomic_pusher.executor import Executor
from serving.contract import MODELS
from serving.version_sets import members, rollback_set
from serving.versions import list_versions


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


def test_a_set_that_is_in_front_already_is_not_pushed_again(tmp_path):
    first, again = push(tmp_path), push(tmp_path)

    assert again.get_string_custom_property("pushed_version") == "1"
    assert again.get_string_custom_property("content") == first.get_string_custom_property("content")
    assert there(tmp_path) == {(1,)}


def test_a_set_behind_another_one_is_pushed_to_the_front(tmp_path):
    push(tmp_path, b"ours")
    push(tmp_path, b"theirs")

    assert push(tmp_path, b"ours").get_string_custom_property("pushed_version") == "3"


def test_a_set_that_was_rolled_back_is_not_brought_back(tmp_path):
    push(tmp_path, b"good")
    push(tmp_path, b"bad")
    rollback_set(tmp_path / "served", "retrieval")

    assert push(tmp_path, b"bad").get_int_custom_property("pushed") == 0
    assert there(tmp_path) == {(1,)}
