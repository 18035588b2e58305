import numpy as np
import pyarrow.parquet as pq
import pytest

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.files.layouts import recognise
from components.movielens_example_gen.files.pieces import cut
from components.movielens_example_gen.reading.catalog import read_catalog
from components.movielens_example_gen.reading.ratings import read
from components.movielens_example_gen.spans import find_spans, recognise_all
from marquee.errors import DataError
from pipeline.simulate.replay import Replay, boundaries
from pipeline.simulate.simulation import day, described


def test_spans_are_of_as_many_ratings_and_no_second_is_cut_in_two():
    assert boundaries(np.arange(9), 3) == [0, 3, 6, 9]
    assert boundaries(np.array([0, 1, 5, 5, 5, 6, 7, 8]), 2) == [0, 2, 8]


@pytest.fixture
def own(tmp_path):
    """Ten ratings, the newest first in the file; a film with a comma, one that nothing describes."""
    folder = tmp_path / "own"
    folder.mkdir()
    rows = "".join(
        f"u{number % 3},m{number % 2},{1 + number % 5},{number * 100}\n" for number in range(9, -1, -1)
    )
    (folder / "ratings.csv").write_text("user_id,movie_id,rating,timestamp\n" + rows)
    (folder / "movies.csv").write_text('movie_id,title,genres\nm0,"Kid, The (1921)",Comedy|Drama\n')
    (folder / "users.csv").write_text("user_id,age,gender\nu0,20,F\nu1,,\n")
    return folder


def custom(folder, **settings):
    return DataConfig(dataset="custom", path=str(folder), **settings)


def test_ratings_are_replayed_in_the_order_of_their_times(own):
    replay = Replay.of(str(own), custom(own), 5)
    assert [span["timestamp"].tolist() for span in replay.spans] == [
        [0, 100], [200, 300], [400, 500], [600, 700], [800, 900]
    ]  # fmt: skip
    assert replay.spans[0]["user"].tolist() == ["u0", "u1"]


def test_the_first_users_of_the_file_may_be_replayed_alone(own):
    replay = Replay.of(str(own), custom(own, max_users=1), 2)
    assert [span["user"].tolist() for span in replay.spans] == [["u0", "u0"], ["u0", "u0"]]


def test_what_is_delivered_reads_back_as_spans_with_films_and_users_beside_them(own, tmp_path):
    replay, data = Replay.of(str(own), custom(own), 2), tmp_path / "data"
    replay.deliver(1, data)
    config = custom(data, spans={}, split={"kind": "newest_span"})
    assert [span.number for span in find_spans(str(data), config)] == [1]
    replay.deliver(2, data)
    assert [span.number for span in find_spans(str(data), config)] == [1, 2]
    again = Replay.of(str(data / "span-0002"), custom(data), 1)
    assert again.spans[0].equals(replay.spans[1])
    tables = Replay(again.spans, _catalog(data)).catalog
    assert tables.items == replay.catalog.items
    assert tables.users == replay.catalog.users


def _catalog(data):
    from components.movielens_example_gen.files.layouts import recognise_tables
    from components.movielens_example_gen.reading.catalog import read_catalog

    return read_catalog(recognise_tables(str(data)))


def test_a_span_that_was_delivered_stays_as_it_is(own, tmp_path):
    replay = Replay.of(str(own), custom(own), 2)
    replay.deliver(1, tmp_path / "data")
    file = tmp_path / "data" / "span-0001" / "ratings.csv"
    before = file.stat().st_mtime_ns
    replay.deliver(1, tmp_path / "data")
    assert file.stat().st_mtime_ns == before


def test_ratings_without_times_cannot_be_replayed(own):
    (own / "ratings.csv").write_text("user_id,movie_id,rating\n1,1,3\n2,2,4\n")
    assert recognise(str(own), custom(own)).kind == "csv"
    with pytest.raises(DataError, match="the times of its 2 ratings do not part them into 2 spans"):
        Replay.of(str(own), custom(own), 2)


def test_a_header_alone_cannot_be_replayed(own):
    (own / "ratings.csv").write_text("user_id,movie_id,rating,timestamp\n")
    with pytest.raises(DataError, match="there is no rating in it"):
        Replay.of(str(own), custom(own), 2)


def test_spans_are_described_with_who_is_new_in_each(own):
    found = described(Replay.of(str(own), custom(own), 5))
    assert [(span["number"], span["ratings"], span["users"], span["new_users"]) for span in found] == [
        (1, 2, 2, 2), (2, 2, 2, 1), (3, 2, 2, 0), (4, 2, 2, 0), (5, 2, 2, 0)
    ]  # fmt: skip
    assert (found[0]["first"], found[0]["last"]) == (0, 100)
    assert day(86_400) == "1970-01-02"


@pytest.fixture
def plays(tmp_path):
    """Twelve plays with a decimal comma and ISO 8601, the newest first; artists and listeners beside them."""
    folder = tmp_path / "plays"
    (folder / "about").mkdir(parents=True)
    rows = "".join(
        f"u{at % 3};a{at % 4};{1 + at},5;2024-01-{1 + at:02}T10:00:00Z;{'phone' if at % 2 else 'car'}\n"
        for at in range(11, -1, -1)
    )
    (folder / "plays.csv").write_text("who;what;plays;at;device\n" + rows)
    (folder / "about" / "artists.jsonl").write_text('{"id": "a0", "name": "Zero", "tags": ["x", "y"]}\n')
    return folder


def described_plays(folder, **changes):
    interactions = {
        "path": "plays.csv",
        "format": {"separator": ";", "decimal": ","},
        "user": "who",
        "item": "what",
        "count": "plays",
        "time": {"column": "at"},
        "features": {"device": {"type": "category"}},
    }
    tags = {"tags": {"type": "categories"}}
    return DataConfig.checked(
        {
            "dataset": "custom",
            "path": str(folder),
            "interactions": {**interactions, **changes},
            "items": {"path": "about/artists.jsonl", "id": "id", "title": "name", "features": tags},
        }
    )


def test_described_interactions_are_delivered_as_their_own_description_reads_them(plays, tmp_path):
    config, data = described_plays(plays), tmp_path / "data"
    replay = Replay.of(str(plays), config, 3)
    assert replay.spans[0]["rating"].tolist() == [1.5, 2.5, 3.5, 4.5]
    for number in (1, 2, 3):
        replay.deliver(number, data)

    delivered = config.model_dump()
    for path, value in replay.cells.settings(config).items():
        *parents, last = path.split("__")[1:]
        place = delivered
        for key in parents:
            place = place[key]
        place[last] = value
    spanned = {**delivered, "path": str(data), "spans": {}, "split": {"kind": "newest_span"}}
    layouts = recognise_all(str(data), DataConfig.checked(spanned))
    read_again = [read(piece).table.to_pandas() for layout in layouts for piece in cut(layout.ratings)]
    columns = ["user", "movie", "rating", "timestamp"]
    assert [each[columns].equals(span) for each, span in zip(read_again, replay.spans, strict=True)] == [
        True, True, True
    ]  # fmt: skip
    assert read_again[1]["device"].tolist() == ["car", "phone", "car", "phone"]
    items = read_catalog(*layouts).items
    assert items["a0"].title == "Zero"
    assert items["a0"].features["tags"] == ("x", "y")


def test_rows_that_were_refused_are_not_delivered_and_the_first_users_are_kept(plays, tmp_path):
    with (plays / "plays.csv").open("a") as file:
        file.write("u1;a9;never;2024-03-01T10:00:00Z;car\n")
    config = described_plays(plays).model_copy(update={"max_bad_rows": 1, "max_users": 2})
    replay = Replay.of(str(plays), config, 2)
    replay.deliver(2, tmp_path / "data")
    there = pq.read_table(tmp_path / "data" / "span-0002" / "interactions.parquet").to_pylist()
    assert [row["who"] for row in there] == ["u1", "u2", "u1", "u2"]
    assert there[-1]["plays"] == "12.5"


def test_described_data_without_times_are_refused_in_a_line(plays):
    with pytest.raises(DataError, match=r"data.interactions has no time, and a simulation replays") as error:
        Replay.of(str(plays), described_plays(plays, time=None), 2)
    assert "\n" not in error.value.message
