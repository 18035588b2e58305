"""A short form of the campaign in `benchmarks/reliability.py`: its parts, a few trials each."""

import apache_beam.utils.multi_process_shared  # noqa: F401 replaces a part of multiprocessing
import pytest
from rich.console import Console

from benchmarks.campaign.bodies import CHUNK as BODIES
from benchmarks.campaign.bodies import bodies
from benchmarks.campaign.ratings_files import CHUNK as FILES
from benchmarks.campaign.ratings_files import ratings_files
from benchmarks.campaign.record import Record
from benchmarks.campaign.swaps import swaps
from benchmarks.campaign.workspace_faults import Inspector

QUIET = Console(quiet=True)


def test_versions_change_under_load_without_a_failed_request(first, marquee, tmp_path):
    record = swaps(2, marquee.workspace / "serving_models", tmp_path, QUIET)

    assert record.faults == []
    assert all(trial["requests"]["REST"] and trial["requests"]["gRPC"] for trial in record.trials)


def test_no_damaged_request_breaks_the_server(first, marquee, tmp_path):
    record = bodies(2 * BODIES, marquee.workspace / "serving_models", tmp_path, seed=1, console=QUIET)

    assert record.faults == []
    assert {trial["api"] for trial in record.trials} == {"REST", "gRPC"}


def test_no_damaged_file_of_ratings_ends_in_anything_but_a_sentence(tmp_path):
    record = ratings_files(FILES, tmp_path, seed=1, console=QUIET)

    assert record.faults == []
    assert {"read", "refused"} <= record.trials[0]["answers"].keys()


def test_a_finished_workspace_is_whole(first, marquee):
    assert Inspector(marquee.workspace).faults(at_rest=True) == []


@pytest.mark.parametrize("damage", ["half a version", "a version that changed", "a missing output"])
def test_the_inspector_sees_what_is_wrong(tmp_path, damage):
    workspace = tmp_path / "workspace"
    made = workspace / "artifacts" / "RankingTrainer" / "model" / "1" / "Format-Serving"
    for folder in (made, *(workspace / "serving_models" / name / "1" for name in _MODELS)):
        folder.mkdir(parents=True)
        (folder / "saved_model.pb").write_bytes(b"a graph")
    _metadata(workspace, made.parent)
    inspector = Inspector(workspace)
    assert inspector.faults(at_rest=True) == []

    served = workspace / "serving_models" / "ranking" / "1" / "saved_model.pb"
    if damage == "half a version":
        served.unlink()
        said = "different versions"
    elif damage == "a version that changed":
        served.write_bytes(b"another graph")
        said = "has changed since it was pushed"
    else:
        (made / "saved_model.pb").unlink()
        made.rmdir()
        made.parent.rmdir()
        said = "output is missing"

    assert any(said in fault for fault in inspector.faults(at_rest=True))


def test_a_campaign_goes_on_where_it_was_stopped(tmp_path):
    file = tmp_path / "part.jsonl"
    Record(file).add([], seconds=1)
    with file.open("a") as lines:
        lines.write('{"seconds": 2, "fau')  # killed while it wrote

    assert [trial["seconds"] for trial in Record(file).trials] == [1]


_MODELS = ("ranking", "retrieval", "recommender")


def _metadata(workspace, output):
    """The tables of ML Metadata that an inspection reads: one finished node, one output."""
    import sqlite3

    with sqlite3.connect(workspace / "metadata.db") as database:
        database.executescript(
            f"""
            CREATE TABLE Execution (id INTEGER, last_known_state INTEGER);
            CREATE TABLE Artifact (id INTEGER, uri TEXT, state INTEGER);
            CREATE TABLE Event (artifact_id INTEGER, execution_id INTEGER, type INTEGER);
            INSERT INTO Execution VALUES (1, 3);
            INSERT INTO Artifact VALUES (1, '{output}', 2);
            INSERT INTO Event VALUES (1, 1, 4);
            """
        )
