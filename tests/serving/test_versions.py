import shutil
import signal
import subprocess
import sys
import time

import pytest

from serving.errors import ServingError
from serving.versions.versions import list_models, list_versions, push, rollback, version_folder

from .conftest import TINY_1, TINY_2


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "models"


def test_versions_count_up_from_one_and_only_the_last_ones_are_kept(folder):
    pushed = [push(TINY_1, folder, "tiny", keep=2) for _ in range(4)]
    assert pushed == [1, 2, 3, 4]
    assert list_versions(folder, "tiny") == [3, 4]
    assert sorted(path.name for path in (folder / "tiny").iterdir()) == ["3", "4"]


def test_a_pushed_version_is_the_source_file_for_file(folder):
    push(TINY_1, folder, "tiny", keep=1)
    files = [path.relative_to(TINY_1) for path in TINY_1.rglob("*") if path.is_file()]
    assert len(files) == 4
    for file in files:
        assert (folder / "tiny" / "1" / file).read_bytes() == (TINY_1 / file).read_bytes()


def test_only_numbered_folders_with_a_saved_model_are_versions(folder):
    push(TINY_1, folder, "tiny", keep=1)
    for name in ("2", "x", "temp-4", "+5", "\u0663", "9" * 30):  # the last but one is Arabic for 3
        (folder / "tiny" / name).mkdir()
        if name != "2":
            (folder / "tiny" / name / "saved_model.pb").touch()
    (folder / "empty").mkdir()
    assert list_versions(folder, "tiny") == [1]
    assert list_models(folder) == ["tiny"]
    assert list_versions(folder, "nope") == []


def test_rollback_puts_the_previous_version_in_front_and_its_number_is_not_used_again(folder):
    for _ in range(3):
        push(TINY_1, folder, "tiny", keep=3)
    assert rollback(folder, "tiny") == (3, 2)
    assert list_versions(folder, "tiny") == [1, 2]
    assert (folder / ".rolled_back" / "tiny" / "3" / "saved_model.pb").exists()
    assert list_models(folder) == ["tiny"]
    assert push(TINY_2, folder, "tiny", keep=3) == 4


@pytest.mark.parametrize(("pushes", "there"), [(0, "no version at all"), (1, "only version 1")])
def test_rollback_needs_an_older_version(folder, pushes, there):
    for _ in range(pushes):
        push(TINY_1, folder, "tiny", keep=3)
    with pytest.raises(ServingError, match=f"tiny cannot be rolled back: there is {there}"):
        rollback(folder, "tiny")
    assert list_versions(folder, "tiny") == [1][:pushes]


def test_push_refuses_what_is_no_model_and_to_keep_nothing(folder, tmp_path):
    with pytest.raises(ServingError, match="holds no SavedModel"):
        push(tmp_path, folder, "tiny", keep=1)
    with pytest.raises(ServingError, match="keep is 0"):
        push(TINY_1, folder, "tiny", keep=0)
    assert list_versions(folder, "tiny") == []


def test_a_push_killed_half_way_leaves_nothing_to_be_seen(folder, tmp_path):
    """A real process, killed with a signal that cannot be caught while a large model is being copied."""
    push(TINY_1, folder, "tiny", keep=2)
    source = tmp_path / "large"
    shutil.copytree(TINY_1, source)
    for number in range(400):
        (source / "variables" / f"filler-{number}").write_bytes(bytes(200_000))
    call = "push(sys.argv[1], sys.argv[2], 'tiny', keep=2)"
    code = f"import sys; from serving.versions.versions import push; {call}"
    process = subprocess.Popen([sys.executable, "-c", code, source, folder])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not list((folder / "tiny").glob(".*/variables/filler-*")):
        time.sleep(0.001)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert list((folder / "tiny").glob(".pushing-*")), "the kill came too late to test anything"
    assert list_versions(folder, "tiny") == [1]

    assert push(TINY_2, folder, "tiny", keep=2) == 2
    assert sorted(path.name for path in (folder / "tiny").iterdir()) == ["1", "2"]


def test_a_version_with_leading_zeros_is_a_version_as_tf_serving_reads_it(folder):
    shutil.copytree(TINY_1, folder / "tiny" / "00000123")
    assert list_models(folder) == ["tiny"]
    assert list_versions(folder, "tiny") == [123]
    assert version_folder(folder, "tiny", 123) == folder / "tiny" / "00000123"

    assert push(TINY_2, folder, "tiny", keep=2) == 124
    assert rollback(folder, "tiny") == (124, 123)
    assert push(TINY_2, folder, "tiny", keep=2) == 125
    assert push(TINY_2, folder, "tiny", keep=2) == 126
    assert list_versions(folder, "tiny") == [125, 126]
    assert not (folder / "tiny" / "00000123").exists()


def test_a_version_with_leading_zeros_is_withdrawn_like_any_other(folder):
    for name in ("0007", "08"):
        shutil.copytree(TINY_1, folder / "tiny" / name)
    assert rollback(folder, "tiny") == (8, 7)
    assert list_versions(folder, "tiny") == [7]
    assert (folder / ".rolled_back" / "tiny" / "8" / "saved_model.pb").is_file()


def test_of_two_folders_with_one_number_a_whole_one_counts_and_then_the_plain_one(folder):
    shutil.copytree(TINY_1, folder / "tiny" / "05")
    (folder / "tiny" / "5").mkdir()
    assert version_folder(folder, "tiny", 5) == folder / "tiny" / "05"
    shutil.copytree(TINY_1, folder / "tiny" / "5", dirs_exist_ok=True)
    assert list_versions(folder, "tiny") == [5]
    assert version_folder(folder, "tiny", 5) == folder / "tiny" / "5"
    assert version_folder(folder, "tiny", 6) == folder / "tiny" / "6"
