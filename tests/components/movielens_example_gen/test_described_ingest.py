"""Described data through the component's executor: splits, spans, joins, catalogue and report."""

import json
from pathlib import Path

import apache_beam as beam
import pytest
import yaml
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from described_files import lines, records, shop, zipped
from movielens_files import custom, write_files
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import standard_artifacts

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.executor import CATALOGUE, Executor
from components.movielens_example_gen.files import sources
from components.movielens_example_gen.files.fingerprint import fingerprint
from marquee.errors import DataError

SPLITS = ("train", "eval", "test")


@pytest.fixture(autouse=True)
def fn_api_runner(monkeypatch):
    monkeypatch.setattr(Executor, "_make_beam_pipeline", lambda self: beam.Pipeline(runner=FnApiRunner()))


def ingest(config, out: Path, path=None):
    """Runs the executor; returns ingest.json and the tf.Examples by split."""
    artifact = standard_artifacts.Examples()
    artifact.uri = str(out)
    out.mkdir()
    properties = {"input_base": str(path or config.path), "config": config.model_dump_json()}
    Executor(BaseBeamExecutor.Context()).Do({}, {"examples": [artifact]}, properties)
    report = json.loads((out / "ingest.json").read_text())
    return report, {
        split: [row for file in sorted((out / f"Split-{split}").iterdir()) for row in records(file)]
        for split in SPLITS
    }


def rows(users=12, items=10):
    return [(f"u{user}", f"i{item}", user * items + item) for user in range(users) for item in range(items)]


def events(found=None) -> str:
    return "who,what,at\n" + "".join(f"{u},{i},{1_300_000_000 + t}\n" for u, i, t in found or rows())


RATINGS = "user_id,movie_id,rating,timestamp\n" + "".join(
    f"{1 + t % 9},{1 + t % 7},{1 + t % 5},{1_300_000_000 + t}\n" for t in range(90)
)
MOVIES = "movie_id,title,genres\n" + "".join(
    f'{n},"Film, The {n} (199{n})",Drama|Comedy\n' for n in range(1, 9)
)
USERS = "user_id,age,gender,occupation,zip\n1,33,F,writer,94043\n2,,,,\n" + "".join(
    f"{n},{n}.5,M,other,1000{n}\n" for n in range(3, 10)
)
AS_MOVIELENS = {
    "interactions": {
        "path": "ratings.csv", "user": "user_id", "item": "movie_id", "rating": {}, "time": {},
    },
    "items": {
        "path": "movies.csv", "id": "movie_id", "title": "title",
        "features": {"genres": {"type": "categories", "name": "movie_genres"}},
    },
    "users": {
        "path": "users.csv",
        "features": {
            "age": {"type": "number", "name": "raw_user_age"},
            "gender": {"type": "category", "name": "user_gender"},
            "occupation": {"type": "category", "name": "user_occupation_text"},
            "zip": {"type": "category", "name": "user_zip_code"},
        },
    },
    "names": {"item": "movie_id", "title": "movie_title"},
}  # fmt: skip


def test_movielens_described_is_movielens_recognised(tmp_path):
    data = write_files(tmp_path / "data", ratings__csv=RATINGS, movies__csv=MOVIES, users__csv=USERS)
    recognised, expected = ingest(custom(data), tmp_path / "recognised")
    described, found = ingest(custom(data, **AS_MOVIELENS), tmp_path / "described")
    assert found == expected
    assert described["joins"] == recognised["joins"]
    assert [records(tmp_path / name / CATALOGUE) for name in ("recognised", "described")] == [
        records(tmp_path / "described" / CATALOGUE)
    ] * 2


def test_the_catalogue_has_every_described_item_under_the_ids_of_the_interactions(tmp_path):
    items = "item_id,name,tags\n" + "".join(f"0{n},Lamp {n},a|b\n" for n in range(12))
    events = "who,what\n" + "".join(f"u{n % 7},{n % 10}\n" for n in range(80))
    write_files(tmp_path / "data", e__csv=events, items__csv=items)
    features = {"tags": {"type": "categories", "name": "item_tags"}}
    config = shop(
        tmp_path / "data",
        interactions={"path": "e.csv"},
        items={"path": "items.csv", "title": "name", "features": features},
        nouns={"item": "lamp"},
    )
    report, _ = ingest(config, tmp_path / "out")
    catalogue = records(tmp_path / "out" / CATALOGUE)
    assert [row["lamp_id"] for row in catalogue] == [
        *([str(n).encode()] for n in range(10)), [b"010"], [b"011"],
    ]  # fmt: skip
    assert catalogue[0] == {"lamp_id": [b"0"], "lamp_title": [b"Lamp 0"], "item_tags": [b"a", b"b"]}
    assert report["notes"][1:3] == [
        "items.csv: 10 of 10 lamps with interactions are described",
        "items.csv: 10 ids were matched without their leading zeros ('00' there is '0' in the ratings)",
    ]


def test_without_items_the_catalogue_is_there_and_empty(tmp_path):
    write_files(tmp_path, e__csv=events())
    report, found = ingest(shop(tmp_path / "e.csv"), tmp_path / "out")
    assert records(tmp_path / "out" / CATALOGUE) == []
    assert {row["interaction"][0] for row in found["train"]} == {1.0}  # equal, and nothing is wrong with it
    assert report["notes"] == [
        "e.csv: no column of times is described: every time is 0",
        "e.csv: columns not used: 'at'",
        "there is no file of items: ids stand for titles",
    ]


def test_explicit_ratings_that_are_all_equal_are_refused(tmp_path):
    write_files(tmp_path, e__csv="who,what,stars\n" + "".join(f"u{n},i{n % 3},4\n" for n in range(50)))
    config = shop(tmp_path / "e.csv", interactions={"rating": {"column": "stars"}})
    with pytest.raises(DataError, match="All 40 ratings in train are 4"):
        ingest(config, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_events_that_are_left_out_are_counted_and_told_in_every_split(tmp_path):
    kinds = ("view", "buy", "hover")
    text = "who,what,event\n" + "".join(f"{u},{i},{kinds[t % 3]}\n" for u, i, t in rows())
    write_files(tmp_path, e__csv=text)
    event = {"weights": {"view": 1, "buy": 4}, "others": "skip"}
    config = shop(tmp_path / "e.csv", interactions={"event": event}, shards=3)
    report, found = ingest(config, tmp_path / "out")
    assert report["rows"] == {"train": 64, "eval": 8, "test": 8}
    assert report["skipped_events"] == {"hover": 40}
    assert "40 rows of event types that are not described are left out: 'hover' 40" in report["notes"]
    assert {row["interaction"][0] for row in found["train"]} == {1.0, 4.0}
    stop = shop(tmp_path / "e.csv", interactions={"event": {"weights": {"view": 1, "buy": 4}}})
    with pytest.raises(DataError, match=r"40 malformed rows(.|\n)*line 4, event: 'hover' is none of the"):
        ingest(stop, tmp_path / "stopped")


@pytest.mark.parametrize(
    "kind", ["random", "hash", "temporal", "leave_last_out", "per_item", "user_holdout", "predefined"]
)
def test_every_split_works(tmp_path, kind):
    found = rows()
    write_files(tmp_path / "data", e__csv=events(found), held__csv=events(found[::7]))
    split = {
        "kind": kind,
        **({"train_file": "e.csv", "test_file": "held.csv"} if kind == "predefined" else {}),
    }
    config = shop(
        tmp_path / "data", interactions={"path": "e.csv", "time": {"column": "at"}}, split=split, shards=4
    )
    report, _ = ingest(config, tmp_path / "out")
    assert sum(report["rows"].values()) == len(found) + (len(found[::7]) if kind == "predefined" else 0)
    assert min(report["rows"].values()) > 0
    if kind == "leave_last_out":
        assert report["rows"]["test"] == report["rows"]["eval"] == 12


def test_the_first_users_alone(tmp_path):
    write_files(tmp_path, e__csv=events())
    report, found = ingest(shop(tmp_path / "e.csv", max_users=3), tmp_path / "out")
    assert sum(report["rows"].values()) == 30
    assert {row["user_id"][0] for row in found["train"]} == {b"u0", b"u1", b"u2"}


def test_spans_of_described_data_and_a_changed_file_changes_the_fingerprint(tmp_path):
    data, found = tmp_path / "data", rows()
    write_files(data, items__jsonl=lines(*({"item_id": f"i{n}", "kind": n % 2} for n in range(11))))
    write_files(data / "span-0001", e__csv__gz=zipped(events(found[:60])))
    write_files(data / "span-0002", e__csv__gz=zipped(events(found[50:100])))
    write_files(data / "span-0003", e__csv__gz=zipped(events(found[100:])))
    config = shop(
        data,
        interactions={"path": "*.csv.gz", "time": {"column": "at"}},
        items={"path": "items.jsonl", "features": {"kind": {"type": "category"}}},
        spans={"window": 2},
        split={"kind": "newest_span"},
    )
    path = sources.locate(config, tmp_path / "cache").path
    report, examples = ingest(config, tmp_path / "out", path)
    assert report["spans"] == {"2": 50, "3": 20}
    assert report["joins"]["movies"] == {
        "file": "items.jsonl", "rated": 10, "matched": 10, "matched_without_zeros": 0,
    }  # fmt: skip
    assert all(row["kind"] in ([b"0"], [b"1"]) for row in examples["train"])
    assert len(records(tmp_path / "out" / CATALOGUE)) == 11
    before = fingerprint(str(path), config)
    write_files(data / "span-0003", e__csv__gz=zipped(events(found[99:])))
    path = sources.locate(config, tmp_path / "cache").path
    assert fingerprint(str(path), config) != before


def test_ids_that_are_written_in_two_ways_stop_the_run_with_both(tmp_path):
    write_files(
        tmp_path, e__csv=events(), people__csv="user_id,age\n" + "".join(f"{n},3\n" for n in range(9))
    )
    users = {"path": "people.csv", "features": {"age": {"type": "number"}}}
    config = shop(tmp_path, interactions={"path": "e.csv"}, users=users)
    with pytest.raises(DataError) as error:
        ingest(config, tmp_path / "out")
    assert error.value.message == (
        "people.csv: only 0 of 12 users are in it. In the ratings: 'u0', 'u1', 'u2', …; "
        "in people.csv: '0', '1', '2', …"
    )
    assert "data.min_described" in error.value.hint


CONFIGS = Path(__file__).resolve().parents[3] / "configs"


def committed(name, path) -> DataConfig:
    """The data section of a ready-made configuration."""
    tree = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8"))
    return DataConfig.checked({**tree["data"], "path": str(path)})


def test_lastfm_is_described_by_its_configuration(tmp_path):
    plays = "".join(f"{u}\t{a}\t{1 + 7 * u * a}\n" for u in range(2, 20) for a in range(51, 61))
    write_files(tmp_path / "data", user_artist_plays__tsv=plays)
    report, found = ingest(committed("lastfm-artists", tmp_path / "data"), tmp_path / "out")
    assert sum(report["rows"].values()) == 180
    worth = {(row["listener_id"][0], row["artist_id"][0]): row["interaction"][0] for row in found["train"]}
    assert all(value == 1 + 7 * int(user) * int(artist) for (user, artist), value in worth.items())


def test_filmtrust_is_described_by_its_configuration(tmp_path):
    ratings = "".join(f"{u} {i} {0.5 + (u + i) % 8 / 2:g}\n" for u in range(1, 19) for i in range(1, 11))
    write_files(tmp_path / "data", ratings__txt=ratings)
    config = committed("filmtrust", tmp_path / "data")
    report, found = ingest(config, tmp_path / "out")
    assert sum(report["rows"].values()) == 180
    assert {row["user_rating"][0] for row in found["train"]} == {0.5 * n for n in range(1, 9)}
    write_files(tmp_path / "data", ratings__txt=ratings + "1 2 4.5\n")
    with pytest.raises(DataError, match=r"ratings.txt, line 181, rating: '4.5' is not on the scale"):
        ingest(config, tmp_path / "refused")


def test_beauty_is_described_by_its_configuration(tmp_path):
    sequences = "".join(f"{u} {' '.join(str(u + place) for place in range(5))}\n" for u in range(1, 10))
    attributes = json.dumps({str(n): [n % 3, 7] for n in range(1, 16)}).replace(" ", "")
    write_files(tmp_path / "data", sequences__txt=sequences, item_attributes__json=attributes)
    report, found = ingest(committed("amazon-beauty", tmp_path / "data"), tmp_path / "out")
    assert report["rows"] == {"train": 27, "eval": 9, "test": 9}
    last = {row["customer_id"][0]: (row["product_id"][0], row["timestamp"][0]) for row in found["test"]}
    assert last == {str(u).encode(): (str(u + 4).encode(), 4) for u in range(1, 10)}
    assert {tuple(row["attributes"]) for row in found["train"]} == {(b"0", b"7"), (b"1", b"7"), (b"2", b"7")}
    assert len(records(tmp_path / "out" / CATALOGUE)) == 15
