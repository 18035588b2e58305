import numpy as np
import pytest

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.files.layouts import recognise
from components.movielens_example_gen.spans import find_spans
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
