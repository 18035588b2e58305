import os
import signal
import subprocess
import sys
import threading

import pytest

from serving.errors import ServingError
from serving.renames import JOURNAL, LOCK
from serving.version_sets import members, push_set, recover, rollback_set
from serving.versions import list_models, list_versions, push, rollback

from .conftest import TINY_1, TINY_2

NAMES = ["ranking", "retrieval", "recommender"]
FIRST, SECOND = dict.fromkeys(NAMES, TINY_1), dict.fromkeys(NAMES, TINY_2)

# Says so, and waits to be killed, before anything is renamed to (or, of the journal, unlinked at) argv[2].
CHILD = """
import os, sys, time
from pathlib import Path
from serving.version_sets import push_set, rollback_set

_, models, place, act, source, *names = sys.argv

def pausing(call):
    def paused(*paths):
        if str(paths[-1]).endswith(place) and call.__name__ in act:
            print("here", flush=True)
            time.sleep(60)
        return call(*paths)
    return paused

os.rename, os.unlink = pausing(os.rename), pausing(os.unlink)
if "push" in act:
    push_set(dict.fromkeys(names, source), models, keep=2)
else:
    rollback_set(models, names[1])
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "models"


def there(folder):
    return {name: list_versions(folder, name) for name in NAMES}


def all_at(*versions):
    return {name: list(versions) for name in NAMES}


def files(folder):
    """Every hidden file or folder that is no version, no withdrawn one and no lock."""
    return [path.name for path in folder.rglob(".*") if path.name not in (".rolled_back", LOCK)]


def killed(folder, place, act):
    """Runs `act` in a process of its own and kills it, with a signal that cannot be caught, at `place`."""
    command = [sys.executable, "-c", CHILD, str(folder), place, act, str(TINY_2), *NAMES]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "here\n"
    process.kill()
    assert process.wait() == -signal.SIGKILL


def test_a_set_has_one_number_greater_than_any_that_one_of_them_ever_had(folder):
    for _ in range(4):
        push(TINY_1, folder, "retrieval", keep=1)
    rollback_to = push(TINY_1, folder, "retrieval", keep=2)
    assert rollback(folder, "retrieval") == (rollback_to, 4)
    assert push_set(FIRST, folder, keep=2) == dict.fromkeys(NAMES, 6)
    assert push_set(SECOND, folder, keep=2) == dict.fromkeys(NAMES, 7)
    assert there(folder) == all_at(6, 7)
    assert list_models(folder) == sorted(NAMES)
    for name in NAMES:
        assert members(folder, name, 7) == NAMES
        pushed = folder / name / "7" / "saved_model.pb"
        assert pushed.read_bytes() == (TINY_2 / "saved_model.pb").read_bytes()
    assert files(folder) == []


def test_only_the_last_sets_are_kept_and_single_versions_between_them(folder):
    push_set(FIRST, folder, keep=2)
    assert push_set(FIRST, folder, keep=2)["ranking"] == 2
    assert push(TINY_1, folder, "ranking", keep=5) == 3
    push_set(FIRST, folder, keep=2)
    assert there(folder) == {**all_at(2, 4), "ranking": [2, 3, 4]}
    push_set(FIRST, folder, keep=1)
    assert there(folder) == all_at(5)


def test_nothing_is_pushed_where_one_of_them_is_no_model(folder, tmp_path):
    push_set(FIRST, folder, keep=2)
    with pytest.raises(ServingError, match="holds no SavedModel"):
        push_set({**SECOND, "recommender": tmp_path}, folder, keep=2)
    with pytest.raises(ServingError, match="keep is 0"):
        push_set(SECOND, folder, keep=0)
    with pytest.raises(ServingError, match="the set has no models"):
        push_set({}, folder, keep=2)
    assert there(folder) == all_at(1)


def test_rolling_back_one_rolls_back_the_set(folder):
    for _ in range(2):
        push_set(FIRST, folder, keep=3)
    assert rollback_set(folder, "retrieval") == dict.fromkeys(NAMES, (2, 1))
    assert there(folder) == all_at(1)
    assert (folder / ".rolled_back" / "recommender" / "2" / "saved_model.pb").exists()
    assert files(folder) == []
    assert push_set(SECOND, folder, keep=3) == dict.fromkeys(NAMES, 3)


def test_a_version_pushed_alone_is_rolled_back_alone(folder):
    push_set(FIRST, folder, keep=3)
    push(TINY_2, folder, "ranking", keep=3)
    assert rollback_set(folder, "ranking") == {"ranking": (2, 1)}
    assert there(folder) == all_at(1)


def test_nothing_is_rolled_back_where_one_of_them_cannot_be(folder):
    push(TINY_1, folder, "ranking", keep=3)
    push_set(FIRST, folder, keep=3)
    with pytest.raises(ServingError, match="retrieval cannot be rolled back: there is only version 2"):
        rollback_set(folder, "ranking")
    push_set(FIRST, folder, keep=3)
    push(TINY_1, folder, "retrieval", keep=9)
    with pytest.raises(ServingError, match="set of ranking 3 cannot be rolled back: retrieval has version 4"):
        rollback_set(folder, "ranking")
    assert there(folder) == {"ranking": [1, 2, 3], "retrieval": [2, 3, 4], "recommender": [2, 3]}


def test_a_push_killed_before_the_journal_pushed_nothing(folder):
    push_set(FIRST, folder, keep=2)
    killed(folder, JOURNAL, "push, rename")
    assert there(folder) == all_at(1)
    recover(folder)
    assert there(folder) == all_at(1)
    assert push_set(SECOND, folder, keep=2) == dict.fromkeys(NAMES, 2)
    assert there(folder) == all_at(1, 2)
    assert files(folder) == []


@pytest.mark.parametrize(
    ("place", "act"), [*((f"{name}/2", "push, rename") for name in NAMES), (JOURNAL, "push, unlink")]
)
def test_a_push_killed_between_its_renames_is_finished(folder, place, act):
    push_set(FIRST, folder, keep=2)
    killed(folder, place, act)
    done = NAMES.index(place.split("/")[0]) if "/2" in place else 3
    assert there(folder) == {**all_at(1), **{name: [1, 2] for name in NAMES[:done]}}
    recover(folder)
    assert there(folder) == all_at(1, 2)
    assert files(folder) == []
    recover(folder)
    assert there(folder) == all_at(1, 2)


@pytest.mark.parametrize("place", NAMES)
def test_a_roll_back_killed_between_its_renames_is_finished(folder, place):
    for _ in range(2):
        push_set(FIRST, folder, keep=2)
    killed(folder, f".rolled_back/{place}/2", "roll back, rename")
    assert there(folder) != all_at(1)
    recover(folder)
    assert there(folder) == all_at(1)
    assert files(folder) == []


def test_the_next_push_of_a_single_model_finishes_the_set_first(folder):
    push_set(FIRST, folder, keep=5)
    killed(folder, "retrieval/2", "push, rename")
    assert push(TINY_1, folder, "recommender", keep=5) == 3
    assert there(folder) == {**all_at(1, 2), "recommender": [1, 2, 3]}


def test_the_next_roll_back_finishes_the_set_first(folder):
    push_set(FIRST, folder, keep=5)
    killed(folder, "recommender/2", "push, rename")
    assert rollback_set(folder, "recommender") == dict.fromkeys(NAMES, (2, 1))
    assert there(folder) == all_at(1)


def test_a_rename_that_the_system_refuses_undoes_those_before_it(folder, monkeypatch):
    push_set(FIRST, folder, keep=5)
    rename = os.rename

    def refusing(source, destination):
        if str(destination).endswith("recommender/2"):
            raise OSError(28, "No space left on device")
        rename(source, destination)

    monkeypatch.setattr(os, "rename", refusing)
    with pytest.raises(ServingError, match="recommender/2: No space left on device"):
        push_set(SECOND, folder, keep=5)
    monkeypatch.undo()
    assert there(folder) == all_at(1)
    assert not (folder / JOURNAL).exists()
    assert push_set(SECOND, folder, keep=5) == dict.fromkeys(NAMES, 2)
    assert files(folder) == []


def test_a_roll_back_waits_for_the_push_that_is_under_way(folder):
    push_set(FIRST, folder, keep=5)
    push_set(SECOND, folder, keep=5)
    wrong = []

    def pushing():
        try:
            push_set(FIRST, folder, keep=50)
        except Exception as error:
            wrong.append(error)

    for _ in range(10):
        thread = threading.Thread(target=pushing)
        thread.start()
        rollback_set(folder, "retrieval")
        thread.join()

    assert wrong == []
    assert len({tuple(versions) for versions in there(folder).values()}) == 1
