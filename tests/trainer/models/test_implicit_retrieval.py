"""Retrieval on implicit feedback: positives weighted by their strength, worked out by hand."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.data.catalogue import from_columns
from trainer.data.description import Description
from trainer.data.implicit.strengths import Strengths
from trainer.data.rating_data import RatingData
from trainer.data.vocabularies import Vocabularies
from trainer.models.retrieval.config import IalsConfig, MultvaeConfig
from trainer.models.retrieval.registry import build
from trainer.training.retrieval import RetrievalSettings, learned_from, train_retrieval

COUNTS = Description(feedback="implicit", strength="count")
EVENTS = Description(feedback="implicit", strength="weight")
ONES = Description(feedback="implicit")


@pytest.fixture(scope="module")
def columns():
    """40 users' plays of 15 artists, each pair once, with 1 to 500 plays."""
    random = np.random.default_rng(5)
    drawn = zip(random.integers(40, size=300), random.integers(15, size=300), strict=True)
    pairs = sorted({(int(user), int(item)) for user, item in drawn})
    pairs += [(user, 0) for user in range(40) if (user, 0) not in pairs]
    return {
        "user_id": [f"u{user}" for user, _ in pairs],
        "movie_id": [f"m{item}" for _, item in pairs],
        "user_rating": np.round(np.exp(random.uniform(0, 6, len(pairs)))).tolist(),
    }


def implicit(columns, description):
    return from_columns(columns, Vocabularies.from_columns(columns, description))


def weights(catalogue):
    """By user and film: float64 [users, films], 0 where there was no interaction."""
    table = np.zeros((catalogue.users, catalogue.movies))
    owners = np.repeat(np.arange(catalogue.users), catalogue.watched.lengths)
    table[owners, catalogue.watched.values] = catalogue.watched.weights
    return table


def test_counts_weigh_by_their_logarithm_and_events_as_they_are():
    strength = np.array([1.0, 1.0, 3.0, 7.0], np.float32)
    # By the logarithms of 2, 2, 4 and 8.
    counted, weighed = (Strengths.of(strength, each) for each in (COUNTS, EVENTS))
    np.testing.assert_allclose(counted(strength), np.array([1, 1, 2, 3]) / 1.75, rtol=1e-6)
    np.testing.assert_allclose(weighed(strength), strength / 3, rtol=1e-6)


@pytest.mark.parametrize("description", [Description(), ONES], ids=["ratings", "ones"])
def test_ratings_and_mere_interactions_have_no_weights(description):
    assert Strengths.of(np.array([1.0, 5.0]), description) is None


def test_an_item_that_a_user_came_back_to_is_one_item_with_the_sum_of_its_weights():
    columns = {
        "user_id": ["a", "a", "b", "a"],
        "movie_id": ["x", "y", "x", "x"],
        "user_rating": [1.0, 5.0, 1.0, 5.0],
        "timestamp": [3, 2, 1, 4],
    }
    train, catalogue = implicit(columns, EVENTS)
    known = {name: place for place, name in enumerate(catalogue.vocabularies.movie_id, start=1)}
    user = 1 + catalogue.vocabularies.user_id.index("a")
    assert len(train) == 4
    assert catalogue.watched[user].tolist() == [known["y"], known["x"]]
    np.testing.assert_allclose(catalogue.watched.of(np.array([user])).weights, [5 / 3, 6 / 3])
    np.testing.assert_allclose(weights(catalogue).sum(), 12 / 3)
    assert catalogue.watchers.lengths.sum() == 3


@pytest.mark.parametrize("in_memory", ["always", "never"])
def test_rows_carry_their_weights(in_memory, columns):
    train, catalogue = implicit(columns, COUNTS)
    data = RatingData(train, None, catalogue)
    settings = RetrievalSettings.checked(
        {"train": {"batch_size": 100, "in_memory": in_memory, "unknown_rate": 0}}
    )
    made = learned_from(settings, data)
    rows = list(made.starting_at(0).take(made.steps))
    rating, weight = (
        np.concatenate([row[name] for row in rows]) for name in ("user_rating", "sample_weight")
    )
    assert len(weight) == len(train)
    np.testing.assert_allclose(weight, np.log1p(rating) / np.log1p(train.rating).mean(), rtol=1e-5)
    equal = learned_from(settings.model_copy(update={"weights": "equal"}), data)
    assert "sample_weight" not in next(iter(equal.starting_at(0)))


def test_strengths_multiply_the_confidence_of_ials(columns):
    catalogue = implicit(columns, COUNTS)[1]
    config = IalsConfig(dim=3, l2=2.0, confidence=4.0)
    model = build(config, catalogue)
    factors = model.item_vectors(tf.range(catalogue.movies)).numpy()[:, :-1].astype(np.float64)
    error = float(model.solve())

    def solved(factors, table):
        rows = []
        for row in table:
            confidence = np.diag(1 + 4 * row)
            system = factors.T @ confidence @ factors + 2 * np.eye(3)
            rows.append(np.linalg.solve(system, factors.T @ confidence @ (row > 0)))
        return np.stack(rows)

    table = weights(catalogue)
    users = solved(factors, table)
    factors = solved(users, table.T)
    np.testing.assert_allclose(
        model.item_vectors(tf.range(catalogue.movies))[:, :-1], factors, rtol=1e-3, atol=1e-4
    )
    served = model.for_serving().user_vectors(tf.range(catalogue.users))[:, :-1]
    np.testing.assert_allclose(served, solved(factors, table), rtol=1e-3, atol=1e-4)
    errors = (1 + 4 * table) * ((table > 0) - users @ factors.T) ** 2
    assert error == pytest.approx(errors[1:, 1:].mean(), rel=1e-3)


def test_multvae_weighs_what_it_reconstructs(columns):
    catalogue = implicit(columns, COUNTS)[1]
    config = MultvaeConfig(dim=4, hidden=8, beta=0.0, dropout=0.0)
    keras.utils.set_random_seed(1)
    model = build(config, catalogue)
    users = np.arange(1, catalogue.users, dtype=np.int32)
    likelihood = tf.nn.log_softmax(model.scores(users)[:, 1:]).numpy()
    expected = -(weights(catalogue)[1:, 1:] * likelihood).sum(axis=1).mean()
    assert float(model.compute_loss({"user_id": tf.constant(users)})) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "model",
    [
        {"kind": "two_tower", "dim": 8},
        {"kind": "mf", "dim": 8, "loss": "bpr", "negatives": 20},
        {"kind": "youtube_dnn", "dim": 8, "hidden": [8]},
        {"kind": "sasrec", "dim": 8},
        {"kind": "sasrec", "dim": 8, "target": "next", "loss": "sampled", "negatives": 20},
        {"kind": "multvae", "dim": 8, "hidden": 16},
        {"kind": "ease", "l2": 5.0},
        {"kind": "ials", "dim": 8, "l2": 2.0},
    ],
    ids=lambda model: "-".join(map(str, (model["kind"], model.get("loss", model.get("target", ""))))),
)
def test_every_kind_learns_from_counts(model, columns):
    train, catalogue = implicit(columns, COUNTS)
    settings = RetrievalSettings.of(
        {"model": model, "train": {"epochs": 2, "batch_size": 100, "learning_rate": 0.01}}, None
    )
    result = train_retrieval(settings, RatingData(train, None, catalogue))
    scores = result.model.scores(np.arange(catalogue.users, dtype=np.int32))
    assert np.isfinite(scores[:, 1:]).all()
    assert np.isfinite([epoch["loss"] for epoch in result.history]).all()


def test_equal_weights_are_those_of_mere_interactions(columns):
    config = IalsConfig(dim=3)
    train, catalogue = implicit(columns, COUNTS)
    ones = implicit({**columns, "user_rating": [1.0] * len(train)}, ONES)[1]
    settings = RetrievalSettings.checked(
        {"model": config.model_dump(), "weights": "equal", "train": {"epochs": 1}}
    )
    equal, plain, weighed = (
        train_retrieval(settings.model_copy(update={"weights": weights}), data).model.scores(np.arange(3))
        for weights, data in (
            ("equal", RatingData(train, None, catalogue)),
            ("auto", RatingData(replace(train, rating=np.ones_like(train.rating)), None, ones)),
            ("auto", RatingData(train, None, catalogue)),
        )
    )
    np.testing.assert_allclose(equal, plain, rtol=1e-5)
    assert np.abs(equal - weighed).max() > 0.01
