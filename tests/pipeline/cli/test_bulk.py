import itertools
import signal

import pyarrow.parquet as pq
import pytest

from serving.bulk.parts import ParquetPart
from tests.serving.tiny_recommender import export_tiny


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workspace")
    export_tiny(folder / "serving_models", version=1)
    export_tiny(folder / "serving_models", {"newer": ["50"]}, version=2)
    return folder


@pytest.fixture
def marquee(workspace, in_process):
    """Calls `marquee bulk`; gives its exit status and what it wrote."""

    def call(*arguments):
        where = ("--workspace", str(workspace))
        return in_process("bulk", *arguments, *where)

    return call


def test_the_version_in_front_answers_for_the_users_that_it_knows(marquee, tmp_path):
    answer = marquee("--out", tmp_path / "out", "-k", "2")

    assert answer.out.splitlines() == [
        "recommender version 2",
        "1 user in 1 part",
        str(tmp_path / "out" / "parquet"),
    ]
    assert pq.read_table(tmp_path / "out")["user_id"].to_pylist() == ["newer", "newer"]


def test_the_users_of_a_file_may_be_strangers_and_that_is_said(marquee, tmp_path):
    (tmp_path / "users.txt").write_text("newer\nu1\n")
    answer = marquee("--out", tmp_path / "out", "--users", tmp_path / "users.txt", "--format", "both")

    assert "1 of them are cold-start users: they get popular films" in answer.out
    assert answer.out.splitlines()[-1] == str(tmp_path / "out" / "prediction_logs-*.gz")


def test_without_a_recommender_it_says_how_to_get_one(marquee, tmp_path):
    answer = marquee("--out", tmp_path / "out", "--models", tmp_path)

    assert (answer.status, answer.err) == (
        1,
        f"error: there is no recommender in {tmp_path}\nPush one first: marquee run\n",
    )


def test_interrupted_it_keeps_whole_parts_and_prints_the_command_that_goes_on(marquee, tmp_path, monkeypatch):
    out, users = tmp_path / "out", tmp_path / "users.txt"
    users.write_text("".join(f"u{number}\n" for number in range(5_000)))
    arguments = ("--out", out, "-k", "5", "--users", users, "--block", "8")

    write, blocks = ParquetPart.write, itertools.count()

    def interrupted_in_the_third_part(part, block):
        if next(blocks) == 35:
            signal.raise_signal(signal.SIGINT)
        write(part, block)

    monkeypatch.setattr(ParquetPart, "write", interrupted_in_the_third_part)
    answer = marquee(*arguments, "--overwrite")

    assert answer.status == 1
    message, command = answer.err.splitlines()
    assert message == f"error: interrupted; the finished parts in {out} are kept"
    assert command.startswith(f"resume with: marquee bulk --out {out} -k 5")
    assert "--overwrite" not in command  # or it would begin anew
    assert not (out / "_SUCCESS").exists()
    assert not list(out.rglob(".*.part"))

    again = marquee(*command.removeprefix("resume with: marquee bulk ").split())
    assert "5,000 users in 40 parts" in again.out
    assert "2 of them finished before" in again.out
    assert pq.read_metadata(out / "parquet" / "part-00039.parquet").num_rows == 8 * 5
