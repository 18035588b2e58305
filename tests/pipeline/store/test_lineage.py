import sqlite3
import subprocess
import sys

import pytest

from marquee.errors import MarqueeError
from pipeline.store.metadata.lineage import Lineage
from pipeline.store.metadata.relocation import relocate

# What MLMD writes for two runs of a pipeline: the second one's node was answered from the cache.
ROWS = """
CREATE TABLE MLMDEnv (schema_version INTEGER PRIMARY KEY);
INSERT INTO MLMDEnv VALUES (10);
CREATE TABLE Type (id INT, name TEXT);
CREATE TABLE Context (id INT, type_id INT, name TEXT, create_time_since_epoch INT);
CREATE TABLE ParentContext (context_id INT, parent_context_id INT);
CREATE TABLE Execution (id INT, type_id INT, last_known_state INT, create_time_since_epoch INT,
                        last_update_time_since_epoch INT);
CREATE TABLE Association (context_id INT, execution_id INT);
CREATE TABLE Event (id INT, artifact_id INT, execution_id INT, type INT);
CREATE TABLE EventPath (event_id INT, is_index_step INT, step_index INT, step_key TEXT);
CREATE TABLE Artifact (id INT, type_id INT, uri TEXT);
CREATE TABLE ExecutionProperty (execution_id INT, name TEXT, is_custom_property INT, int_value INT,
                                double_value REAL, string_value TEXT);
CREATE TABLE ArtifactProperty (artifact_id INT, name TEXT, is_custom_property INT, int_value INT,
                               double_value REAL, string_value TEXT);
INSERT INTO Type VALUES (1, 'pipeline'), (2, 'pipeline_run'), (3, 'node'), (4, 'a.b.Pusher'),
                        (5, 'x.Resolver'), (6, 'PushedModel');
INSERT INTO Context VALUES (1, 1, 'my.films', 0), (2, 2, 'first', 1000), (3, 2, 'second', 2000),
                           (4, 3, 'my.films.Pusher', 0), (5, 3, 'my.films.Last', 0);
INSERT INTO ParentContext VALUES (2, 1), (3, 1);
INSERT INTO Execution VALUES (1, 4, 3, 1000, 3500), (2, 4, 5, 2000, 2000), (3, 5, 3, 1000, 1000);
INSERT INTO Association VALUES (2, 1), (4, 1), (3, 2), (4, 2), (2, 3), (5, 3);
INSERT INTO Artifact VALUES (7, 6, '/artifacts/7');
INSERT INTO ArtifactProperty VALUES (7, 'pushed', 1, 1, NULL, NULL),
                                    (7, 'pushed_version', 1, NULL, NULL, '4');
INSERT INTO Event VALUES (1, 7, 1, 4), (2, 7, 2, 4), (3, 7, 1, 3);
INSERT INTO EventPath VALUES (1, 0, NULL, 'pushed_model'),
                             (2, 0, NULL, 'pushed_model'), (3, 0, NULL, 'model');
"""
# A node of the second run that read what the first one answered from the cache, and something of before.
READER = """
INSERT INTO Context VALUES (6, 3, 'my.films.Reader', 0);
INSERT INTO Execution VALUES (4, 4, 3, 3000, 4000);
INSERT INTO Association VALUES (3, 4), (6, 4);
INSERT INTO Event VALUES (4, 7, 4, 3), (5, 8, 4, 3);
"""
# A commit so large that SQLite writes to the file before it is done; then the process is gone.
KILLED = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("PRAGMA cache_size = 1")
db.execute("DELETE FROM Event")
db.executemany("INSERT INTO Artifact VALUES (?, 6, ?)", [(i, "x" * 1000) for i in range(100, 2000)])
os._exit(9)
"""


@pytest.fixture
def database(tmp_path):
    (tmp_path / "a #1?").mkdir()
    path = tmp_path / "a #1?" / "metadata.db"
    with sqlite3.connect(path) as db:
        db.executescript(ROWS)
    return path


def test_runs_are_newest_first_with_their_nodes_but_no_resolvers(database):
    runs = Lineage(database).runs()

    assert [(run.run_id, run.pipeline, run.state, list(run.nodes)) for run in runs] == [
        ("second", "my.films", "done", ["Pusher"]),
        ("first", "my.films", "done", ["Pusher"]),
    ]
    assert [run.nodes["Pusher"].state for run in runs] == ["cached", "done"]
    assert (runs[1].nodes["Pusher"].started, runs[1].nodes["Pusher"].seconds) == (1.0, 2.5)


def test_an_output_has_its_folder_and_properties_in_a_cached_run_too(database):
    output = Lineage(database).run("second").output("Pusher", "pushed_model")

    assert (output.uri, output.properties) == ("/artifacts/7", {"pushed": 1, "pushed_version": "4"})
    assert Lineage(database).run("second").output("Pusher", "model") is None


def test_a_node_names_those_whose_outputs_it_read_in_the_same_run(database):
    with sqlite3.connect(database) as db:
        db.executescript(READER)
    nodes = Lineage(database).run("second").nodes

    assert nodes["Reader"].inputs == ("Pusher",)
    assert nodes["Pusher"].inputs == ()


def test_runs_can_be_asked_for_by_pipeline(database):
    assert Lineage(database).runs("another") == []
    assert len(Lineage(database).runs("my.films")) == 2


def test_where_nothing_has_run_there_are_no_runs(tmp_path):
    (tmp_path / "empty.db").touch()

    assert Lineage(tmp_path / "none.db").runs() == []
    assert Lineage(tmp_path / "empty.db").runs() == []


def test_tables_of_another_version_are_not_read(database):
    with sqlite3.connect(database) as db:
        db.execute("UPDATE MLMDEnv SET schema_version = 11")

    with pytest.raises(MarqueeError, match=r"has version 11 of .* reads version 10"):
        Lineage(database).runs()
    with pytest.raises(MarqueeError, match="has version 11"):
        relocate(database)


def test_tables_that_a_killed_process_had_no_time_to_make_are_no_runs(tmp_path):
    with sqlite3.connect(tmp_path / "metadata.db") as db:
        db.execute("CREATE TABLE MLMDEnv (schema_version INTEGER PRIMARY KEY)")

    assert Lineage(tmp_path / "metadata.db").runs() == []
    assert not relocate(tmp_path / "metadata.db")


def test_a_damaged_database_is_a_clear_error(tmp_path):
    (tmp_path / "metadata.db").write_bytes(b"not a database" * 100)

    with pytest.raises(MarqueeError, match=r"metadata\.db cannot be read"):
        Lineage(tmp_path / "metadata.db").runs()


def test_what_a_killed_process_left_half_written_is_undone(database):
    subprocess.run([sys.executable, "-c", KILLED, str(database)], check=False)
    journal = database.with_name("metadata.db-journal")
    assert journal.stat().st_size > 0

    run = Lineage(database).run("first")
    assert run.output("Pusher", "pushed_model").uri == "/artifacts/7"
    assert not journal.exists()


def test_a_database_that_a_run_is_writing_to_is_to_be_asked_again(database, monkeypatch):
    connect = sqlite3.connect
    with connect(database) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, timeout=0, **options))
        with pytest.raises(MarqueeError, match=r"database is locked\nA run is writing to it. Try again\."):
            Lineage(database).runs()
