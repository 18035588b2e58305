"""Data in spans: which are read, what is refused, and how their ratings come together."""

import json

import pytest
import tensorflow as tf
from movielens_files import custom, write_files
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import standard_artifacts

from components.movielens_example_gen.executor import Executor
from components.movielens_example_gen.files.fingerprint import fingerprint
from components.movielens_example_gen.spans import find_spans, name_of, recognise_all
from marquee.errors import DataError
from pipeline.config.schema import BeamConfig
from pipeline.dag.beam import beam_args

RUNNER = beam_args(BeamConfig().args)  # as in a run
HEADER = "user_id,movie_id,rating,timestamp\n"
NEWEST = {"kind": "newest_span", "eval": 0.25, "test": 0.25}


def spanned(path, window=None, split=NEWEST, **settings):
    return custom(path, spans={"window": window}, split=split, **settings)


def write_span(data, number, rows=200, stars=None, first_user=0):
    """`rows` ratings by 20 users of 40 films, of so many stars, or from 1 to 5."""
    lines = (
        f"u{first_user + row % 20},m{row % 40},{stars or 1 + row % 5},{number * 1000 + row}\n"
        for row in range(rows)
    )
    return write_files(data / f"span-{number:04}", ratings__csv=HEADER + "".join(lines))


@pytest.fixture
def data(tmp_path):
    """Four spans."""
    for number in range(1, 5):
        write_span(tmp_path / "data", number)
    return tmp_path / "data"


def numbers(path, window=None, chosen=""):
    return [span.number for span in find_spans(str(path), spanned(path, window), chosen)]


def ingest(path, config, out, spans=""):
    """ingest.json, the artifact, and (user, movie, stars) of each split."""
    artifact = standard_artifacts.Examples()
    artifact.uri = str(out)
    out.mkdir()
    executor = Executor(BaseBeamExecutor.Context(beam_pipeline_args=RUNNER, tmp_dir=str(out.parent)))
    properties = {"input_base": str(path), "config": config.model_dump_json(), "spans": spans}
    executor.Do({}, {"examples": [artifact]}, properties)
    rows = {split: list(_rows(out / f"Split-{split}")) for split in ("train", "eval", "test")}
    return json.loads((out / "ingest.json").read_text()), artifact, rows


def _rows(folder):
    for record in tf.data.TFRecordDataset(sorted(map(str, folder.iterdir())), "GZIP").as_numpy_iterator():
        found = tf.train.Example.FromString(record).features.feature
        yield (
            *(found[name].bytes_list.value[0].decode() for name in ("user_id", "movie_id", "movie_title")),
            found["user_rating"].float_list.value[0],
        )


def test_the_window_is_the_newest_spans_and_all_of_them_without_one(data):
    assert numbers(data) == [1, 2, 3, 4]
    assert numbers(data, window=2) == [3, 4]
    assert numbers(data, window=9) == [1, 2, 3, 4]


def test_what_was_chosen_is_read_though_a_newer_one_has_arrived(data):
    chosen = name_of(find_spans(str(data), spanned(data, 2)))
    write_span(data, 5)
    assert chosen == "3-4"
    assert numbers(data, 2, chosen) == [3, 4]
    assert numbers(data, 2) == [4, 5]


def test_a_span_that_is_being_written_is_not_there_yet(data):
    write_span(data, 5).rename(data / "span-0005.partial")
    assert numbers(data) == [1, 2, 3, 4]
    (data / "span-0005.partial").rename(data / "span-0005")
    assert numbers(data) == [1, 2, 3, 4, 5]


def test_spans_may_be_files_and_of_any_layout(tmp_path):
    write_files(tmp_path, **{"span-1__csv": HEADER + "1,1,4,1\n"})
    write_files(tmp_path / "span-2", u__data="1\t1\t4\t2\n")
    write_files(tmp_path / "span-3", ratings__dat="1::1::4::3\n")
    layouts = recognise_all(str(tmp_path), spanned(tmp_path))
    assert [layout.kind for layout in layouts] == ["csv", "u", "dat"]
    assert [file.span for layout in layouts for file in layout.ratings] == [1, 2, 3]


def _remove(data, number):
    for file in (data / f"span-{number:04}").iterdir():
        file.unlink()
    (data / f"span-{number:04}").rmdir()


@pytest.mark.parametrize(
    ("change", "said", "hint"),
    [
        (lambda data: _remove(data, 2), "span-0002 is missing between span-0001 and", "window=2"),
        (
            lambda data: (data / "span-0003/ratings.csv").unlink(),
            "span-0003: the span is empty",
            "Deliver it",
        ),
        (lambda data: write_span(data, 3, rows=0), "span-0003: the span is empty", "its number"),
        (
            lambda data: (data / "span-0003/ratings.csv").write_text(""),
            "0003.*: the file is empty",
            "cut off",
        ),
        (lambda data: (data / "span-0005.csv").touch(), "span-0005.csv: the file is empty", "cut off"),
        (lambda data: write_span(data, 4).rename(data / "span_5"), "span_5: this looks like", "span-0001"),
        (lambda data: (data / "span-4").mkdir(), "has the same number", "another"),
        (lambda data: (data / "span-0004/movies.csv.part").touch(), "still being written", ".partial"),
    ],
)
def test_what_is_wrong_with_the_spans_is_said_in_a_line(data, change, said, hint):
    change(data)
    with pytest.raises(DataError, match=said) as error:
        fingerprint(str(data), spanned(data))
    assert "\n" not in error.value.message
    assert hint in error.value.hint


def test_a_gap_before_the_window_is_of_no_concern(data):
    _remove(data, 2)
    assert numbers(data, window=2) == [3, 4]


@pytest.mark.parametrize("there", ["nothing", "no folder"])
def test_no_spans_at_all_is_an_error(tmp_path, there):
    data = tmp_path / "data"
    if there == "nothing":
        write_span(data, 1).rename(data / "span-0001.partial")
    with pytest.raises(DataError, match=r"no span is here|no such folder"):
        fingerprint(str(data), spanned(data))


def test_the_fingerprint_is_of_the_spans_that_are_read_and_of_no_other(data):
    before = fingerprint(str(data), spanned(data, 2))
    write_span(data, 1, stars=1)
    assert fingerprint(str(data), spanned(data, 2)) == before
    write_span(data, 3, stars=1)
    assert fingerprint(str(data), spanned(data, 2)) != before


def test_the_same_content_under_another_number_is_another_data_set(data):
    before = fingerprint(str(data), spanned(data, 1))
    (data / "span-0004").rename(data / "span-0005")
    assert fingerprint(str(data), spanned(data, 1)) != before


def test_eval_and_test_are_of_the_newest_span_and_the_artifact_says_which_that_is(data, tmp_path):
    write_span(data, 5, first_user=100)
    report, artifact, rows = ingest(data, spanned(data, 2), tmp_path / "out")
    newest = {split: sum(user >= "u100" for user, *_ in found) for split, found in rows.items()}
    assert report["spans"] == {"4": 200, "5": 200}
    assert newest["eval"] == report["rows"]["eval"] == len(rows["eval"])
    assert newest["test"] == report["rows"]["test"]
    assert sum(report["rows"].values()) == 400
    assert artifact.span == artifact.get_int_custom_property("span") == 5


def test_a_rating_in_several_spans_is_the_newest_ones(tmp_path):
    data = tmp_path / "data"
    write_span(data, 1, rows=40, stars=1)
    write_span(data, 2, rows=20, stars=5)
    config = spanned(data, split={"kind": "random", "eval": 0.2, "test": 0.2})
    report, _, rows = ingest(data, config, tmp_path / "out")
    stars = sorted(stars for found in rows.values() for *_, stars in found)
    assert report["superseded"] == 20
    assert stars == [1.0] * 20 + [5.0] * 20


def test_a_film_is_called_what_the_newest_span_calls_it(tmp_path):
    data = tmp_path / "data"
    write_files(data, movies__csv="movieId,title,genres\nm0,Base 0,Drama\nm1,Base 1,Drama\nm2,Base 2,Drama\n")
    write_span(data, 1)
    write_span(data, 2)
    write_files(data / "span-0001", movies__csv="movieId,title,genres\nm1,First 1,Drama\nm2,First 2,Drama\n")
    write_files(data / "span-0002", movies__csv="movieId,title,genres\nm2,Second 2,Drama\n")
    _, _, rows = ingest(data, spanned(data, min_described=0.05), tmp_path / "out")
    titles = {movie: title for found in rows.values() for _, movie, title, _ in found}
    assert [titles[f"m{number}"] for number in range(4)] == ["Base 0", "First 1", "Second 2", "m3"]


def test_a_span_in_a_file_has_no_tables_and_turns_none_back(tmp_path):
    header = "movieId,title,genres\n"
    write_files(tmp_path, movies__csv=f"{header}m0,Base,Drama\n", **{"span-2__csv": HEADER + "1,m0,4,2\n"})
    write_files(
        tmp_path / "span-1", movies__csv=f"{header}m0,Newer,Drama\n", ratings__csv=HEADER + "1,m0,4,1\n"
    )
    tables = [
        [file.path for file in layout.items] for layout in recognise_all(str(tmp_path), spanned(tmp_path))
    ]
    assert tables == [[str(tmp_path / "movies.csv")], [str(tmp_path / "span-1" / "movies.csv")], []]


def test_a_rating_stays_in_its_split_when_its_span_is_delivered_again_with_more(data, tmp_path):
    _, _, before = ingest(data, spanned(data, 1), tmp_path / "before")
    with open(data / "span-0004" / "ratings.csv", "a") as file:
        file.write("".join(f"z{row},m{row % 40},3,9000\n" for row in range(100)))
    _, _, after = ingest(data, spanned(data, 1), tmp_path / "after")
    for split, rows in before.items():
        assert set(rows) <= set(after[split])
