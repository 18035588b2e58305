import numpy as np
import pytest

from components.movielens_example_gen.shipped import shipped
from trainer.data import catalogue as catalogues
from trainer.data.rating_data import RatingData
from trainer.data.vocabularies import Vocabularies
from trainer.judging.split_by_time import SplitByTime

# Users a b c d, films 1 to 4, in no order of time; d comes late, as does film 4.
ROWS = [
    ("d", "4", 5.0, 900), ("a", "1", 4.0, 100), ("b", "1", 3.0, 100), ("a", "2", 2.0, 300),
    ("b", "3", 1.0, 400), ("c", "1", 5.0, 200), ("c", "4", 4.0, 800), ("d", "1", 3.0, 800),
    ("a", "3", 2.0, 500), ("b", "2", 3.0, 600),
]  # fmt: skip


def everything(rows):
    user, movie, stars, time = zip(*rows, strict=True)
    columns = {
        "user_id": list(user),
        "movie_id": list(movie),
        "user_rating": list(stars),
        "timestamp": list(time),
        "movie_title": [f"Film {each}" for each in movie],
        "movie_genres": [["Drama"] if each == "3" else ["War"] for each in movie],
        "user_gender": ["F" if each == "b" else "M" for each in user],
    }
    vocabularies = Vocabularies.from_columns(columns, shipped("movielens"))
    ratings, catalogue = catalogues.from_columns(columns, vocabularies)
    return RatingData(ratings, None, catalogue)


def test_the_newest_rows_come_after_and_what_came_before_does_not_know_them():
    split = SplitByTime.of(everything(ROWS), 0.3)
    catalogue = split.before.catalogue

    assert (split.moment, split.last) == (800, 900)
    assert (len(split.before.train), len(split.after)) == (7, 3)
    assert set(catalogue.vocabularies.user_id) == {"a", "b", "c"}
    assert set(catalogue.vocabularies.movie_id) == {"1", "2", "3"}
    assert catalogue.vocabularies.movie_id[0] == "1"  # the most frequent one
    assert catalogue.last_time == 600


def test_rows_keep_their_ids_stars_and_attributes_under_new_numbers():
    split = SplitByTime.of(everything(ROWS), 0.3)
    before, vocabularies = split.before.train, split.before.catalogue.vocabularies
    attributes = split.before.catalogue.attributes
    kept = {
        (vocabularies.user_id[user - 1], vocabularies.movie_id[movie - 1], stars, time)
        for user, movie, stars, time in zip(
            before.user, before.movie, before.rating, before.timestamp, strict=True
        )
    }

    assert kept == {row for row in ROWS if row[3] < 800}
    for row, movie in enumerate(vocabularies.movie_id, start=1):
        assert attributes.titles[row] == f"Film {movie}"
    assert "Drama" in attributes.text("genres", 1 + vocabularies.movie_id.index("3"))
    genders = {name: attributes.text("gender", row) for row, name in enumerate(vocabularies.user_id, start=1)}
    assert [name for name, gender in genders.items() if gender == ["F"]] == ["b"]


def test_a_newcomer_is_unknown_but_told_from_others():
    split = SplitByTime.of(everything([*ROWS, ("e", "1", 4.0, 900), ("e", "2", 4.0, 900)]), 0.3)
    places = {time: place for place, time in enumerate(split.after.timestamp)}

    assert (split.after.user > 0).sum() == 1  # c alone had been there
    of_newcomers = split.newcomers[split.newcomers > 0]
    assert len(of_newcomers) == 4
    assert len(np.unique(of_newcomers)) == 2
    assert split.newcomers[split.after.user > 0].tolist() == [0]
    assert len(places) == 2


def test_rows_of_one_second_stay_together():
    times = [100] * 6 + [200] * 4
    rows = [(f"u{place}", "1", 4.0, time) for place, time in enumerate(times)]
    for share in (0.1, 0.25, 0.4):
        assert len(SplitByTime.of(everything(rows), share).after) == 4
    assert SplitByTime.of(everything(rows), 0.9) is None  # nothing came before


@pytest.mark.parametrize("time", [0, -1, 890_000_000])
def test_times_that_do_not_differ_part_nothing(time):
    assert SplitByTime.of(everything([(*row[:3], time) for row in ROWS]), 0.3) is None
