"""What is expected of somebody known by a history alone follows from that history: with values."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from trainer.data.catalogue import from_columns
from trainer.data.rating_data import RatingData
from trainer.data.vocabularies import Vocabularies
from trainer.export.ranking import export_ranking
from trainer.training.ranking import RankingSettings, train_ranking

PEOPLE, OWN, COMMON = 40, 12, 8
RATINGS = {"harsh": (1.0, 2.0), "kind": (4.0, 5.0)}  # films of their own, and films that all watch


@pytest.fixture(scope="module")
def rate(tmp_path_factory):
    """Serves a model of two groups: they watch films of their own and common ones, rated low and high."""
    columns: dict[str, list] = {name: [] for name in ("user_id", "movie_id", "movie_title", "user_rating")}
    for group, (own, common) in RATINGS.items():
        for person in range(PEOPLE):
            films = [f"{group} {each}" for each in range(OWN) if (person + each) % 4]
            shared = [f"common {each}" for each in range(COMMON) if (person + each) % 3]
            for film, stars in [(each, own) for each in films] + [(each, common) for each in shared]:
                for name, value in zip(columns, (f"{group} {person}", film, film, stars), strict=True):
                    columns[name].append(value)
    columns["timestamp"] = list(range(len(columns["user_id"])))
    vocabularies = Vocabularies.from_columns(columns, shipped("movielens"))
    ratings, catalogue = from_columns(columns, vocabularies)
    settings = RankingSettings.of(
        {
            "model": {"kind": "mf", "dim": 4, "members": 2, "head": "squared"},
            "train": {"epochs": 20, "batch_size": 200, "learning_rate": 0.03, "patience": 0, "seed": 3},
        },
        None,
    )
    path = str(tmp_path_factory.mktemp("histories") / "1")
    export_ranking(train_ranking(settings, RatingData(ratings, None, catalogue)).model, path)
    signatures = tf.saved_model.load(path).signatures
    return SimpleNamespace(by_history=signatures["rate_ids_for_history"], by_user=signatures["rate_ids"])


def expected(rate, history, weights):
    """Returns the mean expected rating of the films that all watch."""
    rated = rate.by_history(
        history_id=tf.constant([history]),
        weight=tf.constant([weights]),
        movie_id=tf.constant([[f"common {each}" for each in range(COMMON)]]),
    )["user_rating"].numpy()
    return float(np.mean(rated))


def unknown(rate):
    films = tf.constant([f"common {each}" for each in range(COMMON)])
    return float(np.mean(rate.by_user(user_id=tf.fill([COMMON], "nobody"), movie_id=films)["user_rating"]))


def test_who_brings_the_films_of_harsh_people_is_expected_to_rate_low(rate):
    harsh, kind = ([f"{group} {each}" for each in range(8)] for group in RATINGS)
    low, high = expected(rate, harsh, [1.0] * 8), expected(rate, kind, [1.0] * 8)

    assert low < 2.75
    assert high > 4.25
    assert low < unknown(rate) < high


def test_what_counts_more_in_a_history_decides(rate):
    mixed = ["harsh 1", "harsh 2", "kind 1", "kind 2"]
    low, even, high = (
        expected(rate, mixed, [first, first, last, last])
        for first, last in ((9.0, 1.0), (1.0, 1.0), (1.0, 9.0))
    )

    assert low < even - 0.2
    assert high > even + 0.2
