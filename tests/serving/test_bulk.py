import fcntl
import gzip
import os
import signal
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.bulk.bulk import BulkRequest, BulkResult, bulk
from serving.encoding.tensor_proto import array_of
from serving.errors import ServingError
from serving.server.model import LoadedModel
from tests.warm_process import WarmPopen

from .tiny_recommender import FILMS, export_tiny

TITLES = {film: title for film, title, *_ in FILMS}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    export_tiny(folder)
    return folder


@pytest.fixture(scope="module")
def recommender(models):
    return models / "recommender" / "1"


@pytest.fixture
def many(tmp_path):
    """A file of 200 users, some of them known."""
    file = tmp_path / "users.txt"
    file.write_text("".join(f"u{number}\n" for number in range(1, 201)))
    return file


def rows(out):
    return pq.read_table(out / "parquet").to_pylist()


def logs(out):
    found = []
    for file in sorted(out.glob("prediction_logs-*.gz")):
        for record in tf.data.TFRecordDataset(str(file), compression_type="GZIP").as_numpy_iterator():
            found.append(prediction_log_pb2.PredictionLog.FromString(record).predict_log)
    return found


def test_every_user_the_model_knows_gets_their_films_and_no_padding(recommender, tmp_path):
    result = bulk(recommender, tmp_path / "out", BulkRequest(k=5))

    assert result == BulkResult(users=3, strangers=0, parts=1, kept=0)
    films = {}
    for row in rows(tmp_path / "out"):
        films.setdefault(row["user_id"], []).append(row["movie_id"])
        assert row["rank"] == len(films[row["user_id"]])
        assert row["movie_title"] == TITLES[row["movie_id"]]
    # u2 has seen everything: no row at all, and none of "" either.
    assert films == {"u1": ["176", "50", "2571", "4973", "9"], "u3": ["1", "50", "183", "176", "2571"]}


def test_the_numbers_are_the_models_own(recommender, tmp_path):
    bulk(recommender, tmp_path / "out", BulkRequest(k=3, exclude_seen=False))
    table = pq.read_table(tmp_path / "out" / "parquet")
    model = LoadedModel(recommender)
    users = np.array([b"u1", b"u2", b"u3"], object)
    answer = model.run(
        "recommend", {"user_id": users, "k": np.array(3, np.int32), "exclude_seen": np.array(False)}
    )
    model.close()

    assert table["score"].to_pylist() == answer["score"].ravel().tolist()
    assert table["user_rating"].to_pylist() == answer["user_rating"].ravel().tolist()
    assert table["movie_id"].to_pylist() == [film.decode() for film in answer["movie_id"].ravel()]
    types = [str(field.type) for field in table.schema]
    assert types == ["string", "int32", "string", "string", "float", "float"]


def test_a_prediction_log_is_what_a_server_answers_that_user_alone(recommender, tmp_path):
    bulk(recommender, tmp_path / "out", BulkRequest(k=6, format="inference-result"))
    model = LoadedModel(recommender)

    assert [file.name for file in (tmp_path / "out").glob("*.gz")] == ["prediction_logs-00000-of-00001.gz"]
    assert not (tmp_path / "out" / "parquet").exists()
    found = logs(tmp_path / "out")
    assert [array_of(log.request.inputs["user_id"]).tolist() for log in found] == [[b"u1"], [b"u2"], [b"u3"]]
    for log in found:
        assert log.request.model_spec.signature_name == "recommend"
        alone = model.run("recommend", {name: array_of(proto) for name, proto in log.request.inputs.items()})
        for name, values in alone.items():
            np.testing.assert_array_equal(array_of(log.response.outputs[name]), values)
    model.close()


def test_blocks_and_parts_change_nothing_but_the_files(recommender, many, tmp_path):
    at_once = bulk(recommender, tmp_path / "1", BulkRequest(format="both"), users=many)
    in_parts = bulk(recommender, tmp_path / "2", BulkRequest(format="both", block=3), users=many)

    assert (at_once.parts, in_parts.parts) == (1, 5)  # of 16 blocks of 3 users
    assert rows(tmp_path / "1") == rows(tmp_path / "2")
    assert len(logs(tmp_path / "2")) == 200
    assert logs(tmp_path / "1") == logs(tmp_path / "2")
    assert pq.ParquetFile(tmp_path / "2" / "parquet" / "part-00000.parquet").num_row_groups == 16


def test_the_model_is_never_asked_for_more_than_a_block(recommender, many, tmp_path, monkeypatch):
    sizes, run = [], LoadedModel.run
    warmed_up = 1

    def spy(model, signature, inputs, *more):
        sizes.append(len(inputs.get("user_id", ())))
        return run(model, signature, inputs, *more)

    monkeypatch.setattr(LoadedModel, "run", spy)
    bulk(recommender, tmp_path / "out", BulkRequest(block=60), users=many)

    assert [size for size in sizes if size > warmed_up] == [60, 60, 60, 20]


def test_users_come_from_a_file_and_strangers_are_counted_and_get_popular_films(recommender, tmp_path):
    file = tmp_path / "users.txt"
    file.write_bytes(b"\xef\xbb\xbfu3\r\n\nJos\xc3\xa9\nu3\n")
    result = bulk(recommender, tmp_path / "out", BulkRequest(k=1), users=file)

    assert (result.users, result.strangers) == (3, 1)
    answered = [(row["user_id"], row["movie_title"]) for row in rows(tmp_path / "out")]
    assert answered == [("u3", "Toy Story (1995)"), ("José", "Star Wars (1977)"), ("u3", "Toy Story (1995)")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"\n\n", "holds no user ids"),
        (b"u1\n\xff\n", "line 2: b'\\\\xff' is not UTF-8"),
    ],
)
def test_a_file_that_gives_no_users_is_one_clear_message(recommender, tmp_path, content, message):
    file = tmp_path / "users.txt"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ServingError, match=message):
        bulk(recommender, tmp_path / "out", BulkRequest(), users=file)
    assert not (tmp_path / "out").exists()


def test_a_model_that_does_not_say_whom_it_knows_is_named(tmp_path, recommender):
    with pytest.raises(ServingError, match=r"no assets\.extra/user_ids\.txt in it"):
        bulk(tmp_path, tmp_path / "out", BulkRequest())


def test_what_is_finished_is_kept_and_only_the_rest_is_done_again(recommender, many, tmp_path):
    out, request = tmp_path / "out", BulkRequest(format="both", block=3)
    bulk(recommender, out, request, users=many)
    before = rows(out)
    kept = {file: file.stat().st_mtime_ns for file in out.rglob("*0000[0134]*")}
    assert len(kept) == 8
    (out / "parquet" / "part-00002.parquet").unlink()  # its log stays: a part needs both
    seen = []

    result = bulk(recommender, out, request, users=many, on_progress=lambda done, of: seen.append(done))

    assert result.kept == 4
    assert seen[0] == 152
    assert seen[-1] == 200
    assert rows(out) == before
    assert {file: file.stat().st_mtime_ns for file in kept} == kept


def test_the_answers_to_something_else_are_not_mixed_and_only_overwritten_when_told(
    recommender, many, tmp_path
):
    out = tmp_path / "out"
    bulk(recommender, out, BulkRequest(k=2, block=3, format="both"), users=many)

    with pytest.raises(ServingError, match="something else: format was both and is parquet, k was"):
        bulk(recommender, out, BulkRequest(k=1, block=3))
    assert len(rows(out)) == 2 * 199

    bulk(recommender, out, BulkRequest(k=1), overwrite=True)
    assert sorted(file.name for file in out.rglob("*") if file.is_file()) == [
        ".lock",
        "_SUCCESS",
        "_manifest.json",
        "part-00000.parquet",
    ]


def test_somebody_elses_files_are_never_touched(recommender, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")

    with pytest.raises(ServingError, match="holds files that no bulk run wrote"):
        bulk(recommender, tmp_path, BulkRequest(), overwrite=True)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_two_processes_do_not_write_one_folder(recommender, tmp_path):
    with open(tmp_path / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ServingError, match="is being written by another process"):
            bulk(recommender, tmp_path, BulkRequest())


@pytest.mark.parametrize(
    ("format", "file"),
    [("parquet", "parquet/part-00000.parquet"), ("inference-result", "prediction_logs-00000-of-00001.gz")],
)
def test_a_full_disk_is_one_clear_message(recommender, many, tmp_path, format, file):
    out, request = tmp_path / "out", BulkRequest(format=format)
    bulk(recommender, out, request, users=many)
    (out / file).unlink()
    (out / file).with_name(f".{Path(file).name}.part").symlink_to("/dev/full")

    with pytest.raises(ServingError, match=r"out cannot be written: .*No space left on device"):
        bulk(recommender, out, request, users=many)
    assert not (out / file).exists()


def test_a_part_that_fails_half_way_leaves_nothing(recommender, many, tmp_path):
    def fail(done, of):
        if done > 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bulk(recommender, tmp_path / "out", BulkRequest(format="both", block=3), users=many, on_progress=fail)

    found = sorted(file.name for file in (tmp_path / "out").rglob("*") if file.is_file())
    assert found == [".lock", "_manifest.json", "part-00000.parquet", "prediction_logs-00000-of-00005.gz"]


BULK = """
import sys
from pathlib import Path
from serving.bulk.bulk import BulkRequest, bulk
model, out, users = map(Path, sys.argv[1:])
bulk(model, out, BulkRequest(format="both", block=8), users)
"""


def test_killed_in_the_middle_it_goes_on_where_it_was_and_comes_to_the_same(recommender, tmp_path):
    users, out = tmp_path / "users.txt", tmp_path / "out"
    users.write_text("".join(f"u{number}\n" for number in range(3_000)))
    process = WarmPopen(BULK, [recommender, out, users])
    while not (out / "parquet" / "part-00001.parquet").exists():
        assert process.poll() is None
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    assert not (out / "_SUCCESS").exists()
    for file in out.glob("prediction_logs-*.gz"):  # whole, whatever was under way
        gzip.decompress(file.read_bytes())
    request = BulkRequest(format="both", block=8)
    result = bulk(recommender, out, request, users=users)

    assert 0 < result.kept < result.parts == 24
    assert (out / "_SUCCESS").exists()
    bulk(recommender, tmp_path / "whole", request, users=users)
    assert rows(out) == rows(tmp_path / "whole")
    assert logs(out) == logs(tmp_path / "whole")
    assert not [file for file in out.rglob(".*") if file.name != ".lock"]
