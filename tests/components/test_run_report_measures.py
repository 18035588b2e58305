"""What the run report measures, on numbers small enough to count by hand."""

import numpy as np
import pytest

from components.intervals import Z, mean_interval, rmse_interval
from components.movielens_example_gen.shipped import shipped
from components.run_report.data_profile import data_profile
from components.run_report.film_map import film_map
from components.run_report.groups import FAME, fame
from components.run_report.predictions import Predictions
from components.run_report.ratings import rating_details, rating_errors
from trainer.data.catalogue import from_columns
from trainer.data.vocabularies import Vocabularies
from trainer.judging.vectors import Vectors

# a is rated by four users, b by two, c and d by one each.
COLUMNS = {
    "user_id": ["u1", "u1", "u2", "u2", "u3", "u3", "u4", "u4"],
    "movie_id": ["a", "b", "a", "b", "a", "c", "a", "d"],
    "user_rating": [5.0, 4.0, 3.0, 2.0, 5.0, 1.0, 3.0, 1.0],
    "timestamp": [0, 100, 0, 100, 50, 50, 100, 100],
    "movie_title": ["A", "B", "A", "B", "A", "C", "A", "D"],
    "movie_genres": [["Drama"], ["War"], ["Drama"], ["War"], ["Drama"], ["Drama", "War"], ["Drama"], []],
    "user_gender": ["F", "F", "M", "M", "M", "M", "F", "F"],
}


@pytest.fixture(scope="module")
def known():
    """Train's ratings, and the catalogue."""
    return from_columns(COLUMNS, Vocabularies.from_columns(COLUMNS, shipped("movielens")))


def test_the_interval_of_a_mean_is_two_standard_errors_wide_to_each_side():
    found = mean_interval(np.array([0.0, 1.0, 1.0, 2.0]))

    reach = Z * np.sqrt(2 / 3) / 2
    assert (found.value, found.low, found.high) == pytest.approx((1.0, 1 - reach, 1 + reach))


def test_the_interval_of_an_error_takes_users_as_what_was_drawn():
    found = rmse_interval(np.array([1.0, 1.0, 2.0]), np.array(["a", "a", "b"]))

    # Squared errors 2 over two rows and 4 over one: 6/3 = 2. Linearized, (2 - 2*2) and (4 - 2*1): -2 and 2,
    # their variance 2/1 * 8 / 3^2.
    reach = Z * np.sqrt(2 * 8 / 9)
    assert found.value == pytest.approx(np.sqrt(2))
    assert (found.low, found.high) == pytest.approx((0.0, np.sqrt(2 + reach)))


def test_rows_of_one_user_say_less_than_rows_of_many():
    residual = np.array([0.1, 0.1, 2.0, 2.0, 0.1, 0.1, 2.0, 2.0])
    one_each = rmse_interval(residual, np.arange(8))
    two_each = rmse_interval(residual, np.arange(8) // 2)

    assert one_each.value == two_each.value
    assert two_each.high - two_each.low > 1.3 * (one_each.high - one_each.low)


def test_a_single_user_has_no_interval():
    assert mean_interval(np.array([0.3])).low is None
    assert rmse_interval(np.array([1.0, 2.0]), np.array(["u", "u"])).high is None


def test_films_are_hits_middle_or_long_tail_by_the_ratings_they_hold(known):
    _, catalogue = known
    names = dict(zip(("unknown", *catalogue.vocabularies.movie_id), fame(catalogue), strict=True))

    # From the rarest: c and d hold ratings 0 and 1 of 8, b 2 and 3, a the rest.
    assert {name: FAME[place] for name, place in names.items()} == {
        "unknown": "new", "c": "long tail", "d": "long tail", "b": "long tail", "a": "middle",
    }  # fmt: skip


def test_errors_are_told_by_group_of_users_and_of_films(known):
    _, catalogue = known
    predictions = Predictions(
        user=np.array([b"u1", b"u2", b"u1", b"u9"], object),
        movie=np.array([b"a", b"b", b"c", b"z"], object),
        actual=np.array([4.0, 4.0, 2.0, 1.0]),
        predicted=np.array([3.0, 4.0, 4.0, 2.0]),
    )
    found = rating_details(predictions, catalogue)["slices"]

    assert rating_errors(predictions, mean=3.0)["test"] == {"rows": 4, "rmse": np.sqrt(6 / 4), "mae": 1.0}
    assert found["gender"]["F"]["rmse"] == pytest.approx(np.sqrt(5 / 2))
    assert found["gender"]["F"]["bias"] == pytest.approx(0.5)
    assert found["gender"]["M"] | {"low": 0, "high": 0} == {
        "rows": 1, "users": 1, "rmse": 0.0, "low": 0, "high": 0, "mae": 0.0, "bias": 0.0,
    }  # fmt: skip
    assert {genre: each["rows"] for genre, each in found["genres"].items()} == {"Drama": 2, "War": 2}
    assert found["item_popularity"]["new"]["rows"] == 1


def test_calibration_is_ten_bins_of_rising_prediction(known):
    _, catalogue = known
    rows = np.arange(20)
    predictions = Predictions(
        user=np.full(20, b"u1", object), movie=np.full(20, b"a", object),
        actual=np.where(rows % 2, 4.0, 2.0), predicted=1 + rows[::-1] / 10,
    )  # fmt: skip
    details = rating_details(predictions, catalogue)

    assert [part["rows"] for part in details["calibration"]] == [2] * 10
    assert details["calibration"][0] == pytest.approx(
        {"rows": 2, "predicted": 1.05, "actual": 3.0, "standard_error": 1.0}
    )
    assert details["by_stars"][1] == pytest.approx(
        {"stars": 4.0, "rows": 10, "p10": 1.18, "p50": 1.9, "p90": 2.62}
    )
    assert sum(details["histogram"]["counts"]) == 20


def test_the_data_is_counted_by_split_by_activity_and_over_time(known):
    train, catalogue = known
    found = data_profile({"train": train, "test": train[:2]}, catalogue)

    assert (found["users"], found["items"], found["density"]) == (4, 4, 0.5)
    assert found["splits"]["train"]["mean"] == 3.0
    assert (found["splits"]["test"]["first"], found["splits"]["test"]["last"]) == (0, 100)
    assert found["stars"]["test"] == {"4": 1, "5": 1}
    assert found["activity"] == [{"from": 1, "to": 1, "count": 0}, {"from": 2, "to": 3, "count": 4}]
    assert [row["count"] for row in found["popularity"]] == [2, 1, 1]
    assert found["concentration"] == {"users": 0.25, "items": 0.5}
    assert sum(found["time"]["counts"]["train"]) == 8
    assert found["time"]["counts"]["train"][0] == 2
    assert found["words"]["genres"] == [
        {"word": "Drama", "items": 2, "ratings": 5, "mean": pytest.approx(17 / 5)},
        {"word": "War", "items": 2, "ratings": 3, "mean": pytest.approx(7 / 3)},
    ]


def test_films_with_like_vectors_are_neighbours_on_the_map():
    films = [f"f{place}" for place in range(40)]
    columns = {
        "user_id": ["u"] * 40, "movie_id": films, "user_rating": [3.0] * 40, "timestamp": [0] * 40,
        "movie_title": [f"Film {place}" for place in range(40)], "movie_genres": [[]] * 40,
    }  # fmt: skip
    _, catalogue = from_columns(columns, Vocabularies.from_columns(columns, shipped("movielens")))
    order = [int(name.removeprefix("f")) for name in catalogue.vocabularies.movie_id]
    taste = np.eye(2)[[place % 2 for place in order]] + np.random.default_rng(0).normal(0, 0.05, (40, 2))
    bias = np.arange(40.0)[:, None]  # how popular a film is does not move it
    vectors = np.vstack([np.zeros((1, 3)), np.hstack([taste, bias])]).astype(np.float32)

    found = film_map(Vectors(np.zeros((2, 3)), vectors, np.ones(41, bool)), catalogue)

    place = {film["title"]: np.array([film["x"], film["y"]]) for film in found}
    centre = [np.mean([place[f"Film {n}"] for n in range(side, 40, 2)], axis=0) for side in (0, 1)]
    near = [
        np.linalg.norm(place[f"Film {n}"] - centre[n % 2])
        < np.linalg.norm(place[f"Film {n}"] - centre[1 - n % 2])
        for n in range(40)
    ]
    assert len(found) == 40
    assert sum(near) >= 39
    assert found == film_map(Vectors(np.zeros((2, 3)), vectors, np.ones(41, bool)), catalogue)
