import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from movielens_files import custom, u_item, write_100k, write_files
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.types import standard_artifacts

from components.movielens_example_gen.component import MovieLensExampleGen
from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.executor import Executor
from components.movielens_example_gen.files.fingerprint import fingerprint
from components.movielens_example_gen.reading import times
from marquee.errors import DataError
from pipeline.config.schema import BeamConfig
from pipeline.dag.beam import beam_args

RUNNER = beam_args(BeamConfig().args)  # as in a run
RECBOLE = Path(importlib.util.find_spec("recbole").origin).parent / "dataset_example" / "ml-100k"


def dataset(uri, split):
    files = sorted(str(path) for path in Path(uri, f"Split-{split}").iterdir())
    return tf.data.TFRecordDataset(files, "GZIP")


def records(uri, split):
    return dataset(uri, split).as_numpy_iterator()


def count(uri, split):
    return sum(len(batch) for batch in dataset(uri, split).batch(10_000))


def read(uri, split):
    return [tf.train.Example.FromString(record) for record in records(uri, split)]


def of(example, name):
    feature = example.features.feature[name]
    return list(getattr(feature, feature.WhichOneof("kind")).value)


@pytest.fixture(scope="module")
def examples_100k(tmp_path_factory):
    """The Examples artifact of a real run on MovieLens 100K, as MLMD has it."""
    folder = tmp_path_factory.mktemp("run")
    config = DataConfig(path=str(RECBOLE), shards=3)
    connection = metadata.sqlite_metadata_connection_config(str(folder / "metadata.db"))
    component = MovieLensExampleGen(
        input_base=str(RECBOLE),
        config=config.model_dump_json(),
        fingerprint=fingerprint(RECBOLE, config),
        code_fingerprint="1",
        origin="MovieLens 100K in the recbole package",
    )
    LocalDagRunner().run(
        pipeline.Pipeline(
            "ingest", str(folder), connection, components=[component], beam_pipeline_args=list(RUNNER)
        )
    )
    with metadata.Metadata(connection) as store:
        (artifact,) = store.store.get_artifacts_by_type("Examples")
    return artifact


def test_100k_comes_out_as_80_000_10_000_and_10_000(examples_100k):
    counts = {split: count(examples_100k.uri, split) for split in ("train", "eval", "test")}
    assert counts == {"train": 80_000, "eval": 10_000, "test": 10_000}


def test_the_metadata_says_what_the_artifact_holds(examples_100k):
    said = examples_100k.custom_properties
    assert json.loads(examples_100k.properties["split_names"].string_value) == ["train", "eval", "test"]
    assert said["payload_format"].string_value == "FORMAT_TF_EXAMPLE"
    assert said["file_format"].string_value == "tfrecords_gzip"
    assert said["origin"].string_value == "MovieLens 100K in the recbole package"
    assert said["rows_train"].int_value == 80_000
    assert said["bad_rows"].int_value == 0
    assert json.loads(said["split"].string_value) == {"kind": "random", "seed": 42, "eval": 0.1, "test": 0.1}
    report = json.loads(Path(examples_100k.uri, "ingest.json").read_text())
    assert report["rows"] == {"train": 80_000, "eval": 10_000, "test": 10_000}
    assert sorted(path.name for path in Path(examples_100k.uri).iterdir()) == [
        "Split-eval",
        "Split-test",
        "Split-train",
        "catalogue",
        "columns",
        "ingest.json",
    ]


def test_the_files_are_named_as_tfx_names_its_own(examples_100k):
    assert sorted(path.name for path in Path(examples_100k.uri, "Split-test").iterdir()) == [
        f"data_tfrecord-0000{number}-of-00003.gz" for number in range(3)
    ]


def test_test_rows_are_those_of_the_seeds_permutation_in_file_order(examples_100k):
    lines = (RECBOLE / "ml-100k.inter").read_text().splitlines()[1:]
    rows = np.sort(np.random.RandomState(42).permutation(100_000)[90_000:])
    found = read(examples_100k.uri, "test")
    assert [
        (of(example, "user_id")[0].decode(), of(example, "movie_id")[0].decode()) for example in found
    ] == [tuple(lines[row].split("\t")[:2]) for row in rows]


def test_every_example_has_its_users_demographics(examples_100k):
    examples = map(tf.train.Example.FromString, records(examples_100k.uri, "train"))
    example = next(each for each in examples if of(each, "user_id") == [b"1"])
    assert (of(example, "raw_user_age"), of(example, "user_gender")) == ([24.0], [b"M"])
    assert (of(example, "user_occupation_text"), of(example, "user_zip_code")) == (
        [b"technician"],
        [b"85711"],
    )


def ingest(folder, uri, config=None):
    """Runs the executor alone; returns ingest.json."""
    artifact = standard_artifacts.Examples()
    artifact.uri = str(uri)
    uri.mkdir()
    config = config or custom(folder)
    Executor(BaseBeamExecutor.Context()).Do(
        {}, {"examples": [artifact]}, {"input_base": str(folder), "config": config.model_dump_json()}
    )
    return json.loads((uri / "ingest.json").read_text())


FILMS = 20
GOOD = "".join(f"{7 + row % 2}\t{1 + row // 2}\t{1 + row % 5}\t{row}\n" for row in range(40))


@pytest.fixture(autouse=True)
def fn_api_runner(monkeypatch):
    """Beam's in-process runner, without the package that TFX builds when it is named in arguments."""
    import apache_beam as beam
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    monkeypatch.setattr(Executor, "_make_beam_pipeline", lambda self: beam.Pipeline(runner=FnApiRunner()))


def test_bad_rows_stop_the_run_with_every_detail_and_leave_no_half_artifact(tmp_path):
    write_100k(tmp_path / "data", GOOD + "9\t1\tgood\t5\n9\t1\n", FILMS)
    with pytest.raises(DataError) as error:
        ingest(tmp_path / "data", tmp_path / "out")
    assert error.value.message == (
        "2 malformed rows, and data.max_bad_rows is 0:\n"
        f"  {tmp_path}/data/u.data, line 41, rating: 'good' is not a number\n"
        f"  {tmp_path}/data/u.data, line 42, line: '9\\t1' has 2 fields and not 4"
    )
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("kind", ["random", "leave_last_out"])
def test_as_many_bad_rows_as_allowed_are_left_out_and_counted(tmp_path, kind):
    write_100k(tmp_path / "data", "9\t1\tgood\t5\n" + GOOD, FILMS)
    report = ingest(
        tmp_path / "data", tmp_path / "out", custom(tmp_path / "data", max_bad_rows=1, split={"kind": kind})
    )
    assert sum(report["rows"].values()) == 40
    assert report["bad_rows"]["count"] == 1
    assert report["bad_rows"]["samples"][0]["line"] == 1


def test_a_failure_in_a_beam_worker_leaves_no_half_artifact(tmp_path, monkeypatch):
    write_100k(tmp_path / "data", GOOD, FILMS)

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("components.movielens_example_gen.ingest.TFRecordWriter.write", fail)
    with pytest.raises(Exception, match="disk full"):
        ingest(tmp_path / "data", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_ratings_that_do_not_fit_on_the_disk_are_refused_before_any_is_written(tmp_path, monkeypatch):
    write_100k(tmp_path / "data", GOOD, FILMS)
    monkeypatch.setattr(
        "components.movielens_example_gen.executor.shutil.disk_usage", lambda _: SimpleNamespace(free=1_999)
    )
    with pytest.raises(DataError, match=r"the examples of 40 rows take at least .* GiB left") as error:
        ingest(tmp_path / "data", tmp_path / "out")
    assert "--workspace" in error.value.hint
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_that_was_cut_off_is_noticed_by_its_number_of_ratings(tmp_path):
    write_100k(tmp_path / "data", GOOD, FILMS)
    with pytest.raises(DataError, match="40 ratings of the 100,000 that ml-100k has"):
        ingest(tmp_path / "data", tmp_path / "out", DataConfig(path=str(tmp_path / "data")))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_bad_movie_line_counts_like_a_bad_rating(tmp_path):
    write_100k(tmp_path / "data", GOOD, FILMS)
    (tmp_path / "data" / "u.item").write_text(u_item(1, "A") + "2|B\n")
    with pytest.raises(DataError, match=r"u.item, line 2, line: '2\|B' has 2 fields and not 24"):
        ingest(tmp_path / "data", tmp_path / "out")


def test_bad_lines_of_all_files_are_counted_together_against_one_limit(tmp_path):
    folder = write_100k(tmp_path / "data", GOOD + "9\t1\tgood\t5\n", FILMS)
    with open(folder / "u.item", "a") as file:
        file.write("99|B\n")
    report = ingest(folder, tmp_path / "out", custom(folder, max_bad_rows=2))
    assert report["bad_rows"]["count"] == 2
    assert [Path(row["file"]).name for row in report["bad_rows"]["samples"]] == ["u.item", "u.data"]
    with pytest.raises(DataError, match=r"2 malformed rows, and .* is 1"):
        ingest(folder, tmp_path / "few", custom(folder, max_bad_rows=1))


def test_only_the_first_users_are_kept_when_asked(tmp_path):
    write_100k(tmp_path / "data", GOOD, FILMS)
    report = ingest(tmp_path / "data", tmp_path / "out", custom(tmp_path / "data", max_users=1))
    assert report["rows"] == {"train": 16, "eval": 2, "test": 2}
    assert {of(e, "user_id")[0] for e in read(tmp_path / "out", "train")} == {b"7"}


def test_a_predefined_split_is_read_from_its_two_files(tmp_path):
    folder = write_100k(tmp_path / "data", GOOD, FILMS)
    lines = GOOD.splitlines(True)
    write_files(folder, u1__base="".join(lines[:30]), u1__test="".join(lines[30:]))
    report = ingest(folder, tmp_path / "out", custom(folder, split={"kind": "predefined", "eval": 0.2}))
    assert report["rows"] == {"train": 24, "eval": 6, "test": 10}
    assert [of(e, "timestamp")[0] for e in read(tmp_path / "out", "test")] == list(range(30, 40))


def test_a_temporal_split_keeps_the_newest_for_test_whatever_the_pieces(tmp_path):
    folder = write_100k(tmp_path / "data", GOOD, FILMS)
    ingest(folder, tmp_path / "out", custom(folder, split={"kind": "temporal"}, shards=7))
    assert [of(e, "timestamp")[0] for e in read(tmp_path / "out", "test")] == [36, 37, 38, 39]


def test_the_fingerprint_follows_what_the_files_hold_and_not_where_they_lie(tmp_path):
    a, b = (write_100k(tmp_path / name, GOOD, FILMS) for name in "ab")
    assert fingerprint(a, custom(a)) == fingerprint(b, custom(b))
    (b / "u.user").write_text("7|25|M|technician|85711\n")
    assert fingerprint(a, custom(a)) != fingerprint(b, custom(b))


def test_what_is_told_of_the_data_is_in_the_report_of_the_ingest(tmp_path):
    rows = "".join(f"{row % 5},{row % 7}.0,{1 + row % 5},{row},x\n" * 2 for row in range(35))
    folder = write_files(
        tmp_path / "data",
        ratings__csv=f"uid,film,stars,Time,note\n{rows}",
        movies__csv="id;name;genre\n" + "".join(f"00{film};Film {film};Drama\n" for film in range(5)),
    )
    report = ingest(folder, tmp_path / "out")
    assert report["joins"] == {
        "movies": {"file": "movies.csv", "rated": 7, "matched": 5, "matched_without_zeros": 5}
    }
    assert report["repeated"] == 35
    assert report["notes"][:5] == [
        "ratings.csv: times are read from the column 'Time'",
        "ratings.csv: columns not used: 'note'",
        "movies.csv: 5 of 7 rated films have a title",
        "movies.csv: 5 ids were matched without their leading zeros ('000' there is '0' in the ratings)",
        report["notes"][4],
    ]
    assert report["notes"][4].startswith(
        "35 ratings repeat a pair of user and film that is there already; all are kept"
    )
    train = read(tmp_path / "out", "train")
    assert {(of(e, "movie_id")[0], of(e, "movie_title")[0]) for e in train} >= {
        (b"1", b"Film 1"),
        (b"6", b"6"),
    }
    pairs = [
        {(of(e, "user_id")[0], of(e, "movie_id")[0]) for e in read(tmp_path / "out", split)}
        for split in ("train", "eval", "test")
    ]
    assert sum(map(len, pairs)) == len(set.union(*pairs)) == 35


def test_times_in_another_unit_behind_the_first_lines_are_told(tmp_path):
    rows = [f"{row % 50},{row},{1 + row % 5},{1_300_000_000 + row}" for row in range(4000)]  # over 64 KiB
    rows[-2:] = [f"{row},1300000000123" for row in ("1,9998,3", "2,9999,4")]
    folder = write_files(
        tmp_path / "data", ratings__csv="userId,movieId,rating,timestamp\n" + "\n".join(rows)
    )
    notes = ingest(folder, tmp_path / "out")["notes"]
    assert "2 times are beyond the year 5138: are some in another unit?" in notes


@pytest.mark.parametrize(
    ("unit", "counted"), [("seconds", (1, 0)), ("milliseconds", (1, 1)), (times.ISO, (0, 0))]
)
def test_a_time_out_of_its_files_range_is_counted_and_zero_is_not(unit, counted):
    assert times.of_another_unit(np.array([0, 881_250, 881_250_949, 10**11]), unit) == counted


def test_too_few_described_films_and_equal_stars_stop_before_anything_is_published(tmp_path):
    folder = write_100k(tmp_path / "data", GOOD)
    with pytest.raises(
        DataError, match=r"u.item: only 2 of 20 rated films are in it. In the ratings: '3', '4', '5', …"
    ):
        ingest(folder, tmp_path / "out")
    assert (
        ingest(folder, tmp_path / "told", custom(folder, min_described=0.1))["joins"]["movies"]["matched"]
        == 2
    )
    equal = "".join("\t".join([*line.split("\t")[:2], "4", "5"]) + "\n" for line in GOOD.splitlines())
    write_100k(folder, equal, FILMS)
    with pytest.raises(DataError, match="All 32 ratings in train are 4"):
        ingest(folder, tmp_path / "equal")
    assert list((tmp_path / "equal").iterdir()) == []


def test_without_a_path_the_data_is_found_where_the_component_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("MARQUEE_GROUPLENS_URL", "http://127.0.0.1:9/")
    artifact = standard_artifacts.Examples()
    artifact.uri = str(tmp_path / "examples")
    properties = {"input_base": "", "config": DataConfig(max_users=20).model_dump_json()}
    executor = Executor(BaseBeamExecutor.Context(beam_pipeline_args=RUNNER, tmp_dir=str(tmp_path)))
    executor.Do({}, {"examples": [artifact]}, properties)
    assert artifact.get_string_custom_property("origin") == "MovieLens 100K in the recbole package"
    assert artifact.get_int_custom_property("rows_train") > 0
