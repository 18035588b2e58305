"""The files of a log, as several servers see them."""

import shutil

import pytest

from serving.prediction_log.encode import json_line, tf_record
from serving.prediction_log.folder import LogFolder, finish_left

from .exchanges import exchange


def opened(path, suffix="jsonl"):
    folder = LogFolder(path, suffix, rotate_bytes=1e6, rotate_seconds=3600)
    folder.open()
    return folder


def names(path):
    return sorted(file.name for file in path.iterdir())


def test_the_file_of_a_living_server_is_left_to_it(tmp_path):
    first = opened(tmp_path)
    first.append(b"1\n")
    [growing] = tmp_path.iterdir()
    second = opened(tmp_path)

    assert growing.exists()
    with pytest.raises(BlockingIOError):
        finish_left(growing)
    second.append(b"2\n")
    assert len(names(tmp_path)) == 2
    for folder in (first, second):
        folder.rotate()
    assert sorted(file.read_bytes() for file in tmp_path.glob("*.jsonl")) == [b"1\n", b"2\n"]


@pytest.mark.parametrize(
    ("suffix", "record"), [("jsonl", json_line(exchange())), ("tfrecord", tf_record(exchange(), 1.0))]
)
def test_what_a_dead_server_left_is_cut_to_whole_records_and_finished(tmp_path, suffix, record):
    (tmp_path / f"a.{suffix}.partial").write_bytes(record + record + record[:-5])
    (tmp_path / f"b.{suffix}.partial").write_bytes(record[:9])  # nothing whole in it
    (tmp_path / f"c.{suffix}").write_bytes(record[:9])  # finished: nobody's to change
    opened(tmp_path, suffix)

    assert names(tmp_path) == [f"a.{suffix}", f"c.{suffix}"]
    assert (tmp_path / f"a.{suffix}").read_bytes() == record + record


def test_a_damaged_record_in_the_middle_costs_none_of_those_after_it(tmp_path):
    record = tf_record(exchange(), 1.0)
    damaged = bytearray(record)
    damaged[20] ^= 1
    left = record + bytes(damaged) + record
    (tmp_path / "a.tfrecord.partial").write_bytes(left + bytes(damaged) + record[:-5])
    opened(tmp_path, "tfrecord")

    assert (tmp_path / "a.tfrecord").read_bytes() == left


def test_a_folder_that_is_deleted_is_made_again_and_what_comes_next_is_kept(tmp_path):
    folder = opened(tmp_path / "log")
    folder.append(b"1\n")
    shutil.rmtree(tmp_path / "log")
    folder.append(b"2\n")
    [growing] = (tmp_path / "log").iterdir()
    assert growing.read_bytes() == b"2\n"

    growing.unlink()
    folder.rotate()  # of what is gone nothing is to be finished
    folder.append(b"3\n")
    folder.rotate()
    assert [file.read_bytes() for file in (tmp_path / "log").iterdir()] == [b"3\n"]


def test_a_folder_of_which_nothing_came_is_left_empty(tmp_path):
    folder = opened(tmp_path / "made" / "for it")
    folder.rotate()
    assert names(tmp_path / "made" / "for it") == []
