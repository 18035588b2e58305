import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from serving.errors import ServingError
from serving.versions.renames import JOURNAL, LOCK
from serving.versions.version_sets import (
    HISTORY,
    TRAINED,
    history,
    members,
    push_set,
    recover,
    restore_set,
    rollback_set,
)
from serving.versions.versions import list_models, list_versions, push, rollback

from .conftest import TINY_1, TINY_2

NAMES = ["ranking", "retrieval", "recommender"]
FIRST, SECOND = dict.fromkeys(NAMES, TINY_1), dict.fromkeys(NAMES, TINY_2)

# Says so, and waits to be killed, before anything is renamed to (or, of the journal, unlinked at) argv[2].
CHILD = """
import os, sys, time
from pathlib import Path
from serving.versions.version_sets import push_set, restore_set, rollback_set

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
    push_set(dict.fromkeys(names, source), models, keep=2, same_as=1 if "linked" in act else None)
elif "restore" in act:
    restore_set(models, names[1])
else:
    rollback_set(models, names[1], 1)
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
    with pytest.raises(
        ServingError, match="set of ranking 3 cannot be rolled back: retrieval has version 4 above it"
    ):
        rollback_set(folder, "ranking")
    assert there(folder) == {"ranking": [1, 2, 3], "retrieval": [2, 3, 4], "recommender": [2, 3]}


def test_rolling_back_to_a_version_withdraws_all_above_it_and_is_undone_at_once(folder):
    for source in (FIRST, SECOND, FIRST, SECOND):
        push_set(source, folder, keep=9)
    assert rollback_set(folder, "retrieval", to=1) == dict.fromkeys(NAMES, (4, 1))
    assert there(folder) == all_at(1)
    assert history(folder / ".rolled_back" / "ranking" / "3")["together"] == all_at(2, 3, 4)
    assert restore_set(folder, "recommender") == dict.fromkeys(NAMES, (4, 4))
    assert there(folder) == all_at(1, 2, 3, 4)
    assert list_versions(folder / ".rolled_back", "ranking") == []


def test_a_roll_back_to_what_is_not_there_or_served_already_changes_nothing(folder):
    for _ in range(3):
        push_set(FIRST, folder, keep=9)
    with pytest.raises(ServingError, match="cannot be rolled back to version 9: there is 1, 2, 3"):
        rollback_set(folder, "ranking", to=9)
    with pytest.raises(ServingError, match="Version 3 is the served version of ranking already"):
        rollback_set(folder, "ranking", to=3)
    rollback_set(folder, "ranking")
    with pytest.raises(ServingError, match="Version 3 was withdrawn: restore it"):
        rollback_set(folder, "ranking", to=3)
    assert there(folder) == all_at(1, 2)


def test_a_withdrawn_version_comes_back_under_a_new_number_where_another_was_pushed_since(folder):
    for _ in range(3):
        push_set(FIRST, folder, keep=9)
    rollback_set(folder, "ranking", to=1)
    push_set(SECOND, folder, keep=9)
    assert restore_set(folder, "ranking") == dict.fromkeys(NAMES, (3, 5))
    assert there(folder) == all_at(1, 4, 5)
    assert history(folder / "retrieval" / "5")["restored_from"] == 3
    assert restore_set(folder, "ranking", 2) == dict.fromkeys(NAMES, (2, 6))
    assert rollback_set(folder, "ranking") == dict.fromkeys(NAMES, (6, 5))


def test_the_rest_of_a_roll_back_is_restored_after_one_version_of_it(folder):
    for _ in range(3):
        push_set(FIRST, folder, keep=9)
    rollback_set(folder, "ranking", to=1)
    assert restore_set(folder, "recommender", 3) == dict.fromkeys(NAMES, (3, 3))
    assert restore_set(folder, "recommender") == dict.fromkeys(NAMES, (2, 4))


def test_the_last_roll_back_is_the_latest_moment_whatever_the_second_or_the_zone(folder):
    for _ in range(4):
        push_set(FIRST, folder, keep=9)
    rollback_set(folder, "ranking")
    rollback_set(folder, "ranking")  # version 3, within the same second
    assert restore_set(folder, "ranking") == dict.fromkeys(NAMES, (3, 3))
    rollback_set(folder, "ranking")
    for version, moment in ((3, "2026-11-30T01:00:00-05:00"), (4, "2026-11-30T05:00:00+00:00")):
        for name in NAMES:
            file = folder / ".rolled_back" / name / str(version) / HISTORY
            file.write_text(json.dumps(json.loads(file.read_text()) | {"withdrawn": moment}))
    assert restore_set(folder, "ranking") == dict.fromkeys(NAMES, (3, 3))


def test_restoring_what_is_not_withdrawn_is_an_error_that_names_what_is(folder):
    for _ in range(3):
        push_set(FIRST, folder, keep=9)
    with pytest.raises(ServingError, match="no version of ranking is withdrawn"):
        restore_set(folder, "ranking")
    rollback_set(folder, "ranking")
    with pytest.raises(ServingError, match=r"version 7 of ranking is not under .*\n.*Withdrawn: 3"):
        restore_set(folder, "ranking", 7)
    with pytest.raises(ServingError, match=r"Version 2 of ranking is not withdrawn\n.*--to 2"):
        restore_set(folder, "ranking", 2)
    assert there(folder) == all_at(1, 2)


def test_files_are_linked_to_those_of_the_same_version_but_for_what_is_its_own(folder, tmp_path):
    push_set(FIRST, folder, keep=9)
    push_set(SECOND, folder, keep=9)
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "w").write_text("1")
    push_set(FIRST, folder, keep=9, trained={"ranking": tmp_path / "weights"}, same_as=1)
    for name in NAMES:
        assert (folder / name / "3/saved_model.pb").samefile(folder / name / "1/saved_model.pb")
    assert (folder / "ranking" / "3" / TRAINED / "w").read_text() == "1"
    rollback_set(folder, "ranking")
    assert history(folder / "ranking" / "1") == {}
    assert push_set(SECOND, folder, keep=9, same_as=77) == dict.fromkeys(NAMES, 4)  # gone: copied
    assert not (folder / "ranking/4/saved_model.pb").samefile(folder / "ranking/2/saved_model.pb")


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


@pytest.mark.parametrize("place", [f"{name}/{version}" for name in NAMES for version in (2, 3)])
def test_a_roll_back_killed_between_its_renames_is_finished(folder, place):
    for _ in range(3):
        push_set(FIRST, folder, keep=3)
    killed(folder, f".rolled_back/{place}", "roll back, rename")
    assert there(folder) != all_at(1)
    recover(folder)
    assert there(folder) == all_at(1)
    assert files(folder) == []


@pytest.mark.parametrize("place", [f"models/{name}/{version}" for name in NAMES for version in (2, 3)])
def test_a_restoration_killed_between_its_renames_is_finished(folder, place):
    for _ in range(3):
        push_set(FIRST, folder, keep=3)
    rollback_set(folder, "ranking", to=1)
    killed(folder, place, "restore, rename")
    assert there(folder) != all_at(1, 2, 3)
    recover(folder)
    assert there(folder) == all_at(1, 2, 3)
    assert files(folder) == []


@pytest.mark.parametrize("place", [JOURNAL, "retrieval/3"])
def test_a_push_of_links_killed_half_way_leaves_the_version_that_they_lead_to(folder, place):
    push_set(SECOND, folder, keep=9)
    push_set(FIRST, folder, keep=9)
    killed(folder, place, "push, rename, linked")
    recover(folder)
    pushed = [1, 2] if place == JOURNAL else [1, 2, 3]
    assert there(folder) == all_at(*pushed)
    assert push_set(FIRST, folder, keep=9)["ranking"] == pushed[-1] + 1
    assert (folder / "ranking" / "1" / "saved_model.pb").read_bytes() == (
        TINY_2 / "saved_model.pb"
    ).read_bytes()
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


def test_a_version_written_with_zeros_is_withdrawn_and_restored_as_any_other(folder):
    push_set(FIRST, folder, keep=9)
    push_set(SECOND, folder, keep=9)
    for name in NAMES:
        (folder / name / "2").rename(folder / name / "00000002")
    assert rollback_set(folder, "ranking") == dict.fromkeys(NAMES, (2, 1))
    assert there(folder) == all_at(1)
    assert restore_set(folder, "ranking") == dict.fromkeys(NAMES, (2, 2))
    assert there(folder) == all_at(1, 2)
