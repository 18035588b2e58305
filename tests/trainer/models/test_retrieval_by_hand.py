"""What the kinds of retrieval models compute, against the same worked out in NumPy."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import multivariate_normal

from components.movielens_example_gen.shipped import shipped
from marquee.errors import TrainingError
from trainer.data.catalogue import Ragged, from_columns
from trainer.data.vocabularies import Vocabularies
from trainer.models.retrieval import ease as ease_module
from trainer.models.retrieval.config import (
    EaseConfig,
    IalsConfig,
    MfConfig,
    MultvaeConfig,
    SasrecConfig,
    YoutubeDnnConfig,
)
from trainer.models.retrieval.histories import Histories, multi_hot
from trainer.models.retrieval.history import WatchedHistory
from trainer.models.retrieval.multvae import divergence
from trainer.models.retrieval.registry import build


@pytest.fixture(scope="module")
def catalogue():
    """30 users and 12 films, some of them watched twice by someone."""
    random = np.random.default_rng(3)
    user = np.concatenate([np.arange(30), random.integers(30, size=150)])
    movie = np.concatenate([np.arange(30) % 12, random.integers(12, size=150)])
    train = {
        "user_id": [f"u{each}" for each in user],
        "movie_id": [f"m{each}" for each in movie],
        "user_rating": [4.0] * 180,
        "timestamp": random.permutation(180).tolist(),
    }
    return from_columns(train, Vocabularies.from_columns(train, shipped("movielens")))[1]


@pytest.fixture(scope="module")
def watched(catalogue):
    """Who watched what: float64 [users, films]."""
    table = np.zeros((catalogue.users, catalogue.movies))
    for user in range(catalogue.users):
        table[user, catalogue.watched[user]] = 1
    return table


def ragged(*rows):
    return tf.RaggedTensor.from_row_lengths(
        tf.constant([film for row in rows for film in row], tf.int32), [len(row) for row in rows]
    )


def every(catalogue):
    return tf.range(catalogue.movies)


def test_histories_hold_each_film_once_in_the_order_of_first_watching():
    table = Histories(Ragged(np.array([4, 2, 4, 1, 3], np.int32), np.array([0, 0, 4, 5])), latest=2)
    assert table.of([2, 0, 1]).to_list() == [[3], [], [2, 1]]
    assert table.brought(ragged([0, 4, 2, 4, 0, 1], [], [3, 3], [0])).to_list() == [[2, 1], [], [3], []]


def test_a_history_as_ones_and_zeros():
    np.testing.assert_array_equal(
        multi_hot(ragged([1, 3], [], [2]), 4), [[0, 1, 0, 1], [0] * 4, [0, 0, 1, 0]]
    )


def test_a_mean_is_a_sum_over_how_many():
    table = np.array([[9.0], [1.0], [2.0], [6.0]], np.float32)
    films = Ragged(np.array([1, 2, 3, 2], np.int32), np.array([0, 0, 3, 4]))
    layer = WatchedHistory(films, movies=4, limit=10, dropout=0.0, mean=True)
    np.testing.assert_allclose(layer(table, tf.constant([1, 2, 0])), [[3], [2], [0]])
    # Without its target it is the mean of the others.
    np.testing.assert_allclose(layer(table, tf.constant([1]), targets=tf.constant([3])), [[1.5]])


def test_ease_is_stecks_closed_form(catalogue, watched, monkeypatch):
    monkeypatch.setattr(ease_module, "BLOCK", 7)  # users are gone through in parts
    model = build(EaseConfig(l2=3.0), catalogue)
    error = float(model.solve())
    inverse = np.linalg.inv(watched.T @ watched + 3 * np.eye(catalogue.movies))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)

    users = np.arange(1, catalogue.users, dtype=np.int32)
    np.testing.assert_allclose(model.scores(users), (watched @ weights)[1:], rtol=1e-4, atol=1e-5)
    assert error == pytest.approx(np.mean((watched - watched @ weights) ** 2), rel=1e-4)


def test_films_watched_soon_after_each_other_count_together_the_most():
    train = {
        "user_id": ["a", "a", "a", "b", "b"],
        "movie_id": ["x", "y", "z", "x", "y"],
        "user_rating": [4.0] * 5,
        "timestamp": [0, 60, 600, 100, 100],
    }
    catalogue = from_columns(train, Vocabularies.from_columns(train, shipped("movielens")))[1]
    place = {name: row for row, name in enumerate(catalogue.vocabularies.movie_id, start=1)}
    x, y, z = place["x"], place["y"], place["z"]

    found = ease_module.close_pairs(catalogue, seconds=60.0)
    assert found[x, y] == pytest.approx(np.exp(-1) + 1)
    assert (found[x, z], found[y, z]) == pytest.approx((np.exp(-10), np.exp(-9)))
    np.testing.assert_allclose(np.diag(found)[[x, y, z]], [2, 2, 1])
    np.testing.assert_array_equal(found, found.T)


def test_ease_with_closeness_is_the_closed_form_of_the_closer_counts(catalogue, watched):
    model = build(EaseConfig(l2=3.0, closeness=0.25, closeness_seconds=40.0), catalogue)
    model.solve()
    counts = 0.75 * watched.T @ watched + 0.25 * ease_module.close_pairs(catalogue, 40.0)
    inverse = np.linalg.inv(counts + 3 * np.eye(catalogue.movies))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    users = np.arange(1, catalogue.users, dtype=np.int32)
    np.testing.assert_allclose(model.scores(users), (watched @ weights)[1:], rtol=1e-4, atol=1e-5)


def test_closeness_changes_nothing_in_data_without_times(catalogue):
    untimed = replace(catalogue, watched_times=np.full_like(catalogue.watched_times, -1))
    plain, close = (build(EaseConfig(l2=3.0, closeness=each), untimed) for each in (0.0, 0.8))
    plain.solve()
    close.solve()
    users = np.arange(1, catalogue.users, dtype=np.int32)
    np.testing.assert_allclose(close.scores(users), plain.scores(users), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("config", [EaseConfig(), IalsConfig()], ids=["ease", "ials"])
def test_who_has_watched_nothing_is_given_what_most_watch(config, catalogue):
    model = build(config, catalogue)
    model.solve()
    nobody = model.user_vectors(tf.constant([0])).numpy()[0]
    scores = model.item_vectors(every(catalogue)).numpy() @ nobody
    lengths = catalogue.watchers.lengths
    np.testing.assert_allclose(scores, lengths / lengths.max(), rtol=1e-6)


def test_ease_is_refused_where_its_weights_would_not_fit(catalogue, monkeypatch):
    monkeypatch.setattr(ease_module, "MOST_FILMS", 12)
    with pytest.raises(TrainingError, match=r"there are 12: more than 12\.\nChoose another model.kind"):
        build(EaseConfig(), catalogue)


@pytest.mark.parametrize("scaling", [0.0, 0.5])
def test_a_sweep_of_ials_solves_both_sides(scaling, catalogue, watched, monkeypatch):
    monkeypatch.setattr("trainer.models.retrieval.ials.ENTRIES", 24)  # many blocks
    config = IalsConfig(dim=3, l2=2.0, confidence=4.0, frequency_scaling=scaling)
    model = build(config, catalogue)
    films = model.item_vectors(every(catalogue)).numpy()[:, :-1].astype(np.float64)
    error = float(model.solve())

    def solved(factors, table):
        sizes = (4 * table.sum(axis=1) + table.shape[1] - 1) ** scaling
        penalties = 2 * sizes / sizes[1:].mean()
        rows = []
        for row, penalty in zip(table, penalties, strict=True):
            weights = np.diag(1 + 4 * row)
            system = factors.T @ weights @ factors + penalty * np.eye(3)
            rows.append(np.linalg.solve(system, factors.T @ weights @ row))
        return np.stack(rows)

    users = solved(films, watched)
    films = solved(users, watched.T)
    np.testing.assert_allclose(model.item_vectors(every(catalogue))[:, :-1], films, rtol=1e-3, atol=1e-4)
    folded = model.user_vectors(tf.range(catalogue.users))[:, :-1]
    np.testing.assert_allclose(folded, solved(films, watched), rtol=1e-3, atol=1e-4)
    errors = (1 + 4 * watched) * (watched - users @ films.T) ** 2
    assert error == pytest.approx(errors[1:, 1:].mean(), rel=1e-3)


def test_the_future_changes_nothing_at_an_earlier_place(catalogue):
    model = build(SasrecConfig(dim=8, heads=2, history_limit=6, target="next"), catalogue)
    one, other = (model.encoder.states(ragged(films)).numpy()[0] for films in ([1, 2, 3, 4], [1, 2, 9, 7]))
    np.testing.assert_allclose(one[:3], other[:3], rtol=1e-5, atol=1e-6)  # the beginning, and two films
    assert np.abs(one[3:] - other[3:]).max() > 0.01


def test_the_order_of_a_history_and_its_latest_films_are_what_sasrec_sees(catalogue):
    model = build(SasrecConfig(dim=8, history_limit=3, target="next"), catalogue)
    vectors = model.vectors_of_history(ragged([1, 2, 3], [3, 2, 1], [7, 8, 1, 2, 3])).numpy()
    assert np.abs(vectors[0] - vectors[1]).max() > 0.01
    np.testing.assert_allclose(vectors[0], vectors[2], rtol=1e-5, atol=1e-6)


def test_what_was_left_out_anywhere_is_foretold_by_a_history_of_no_order(catalogue):
    model = build(SasrecConfig(dim=8), catalogue)
    vectors = model.vectors_of_history(ragged([1, 2, 3], [3, 1, 2], [1, 2, 4])).numpy()
    np.testing.assert_allclose(vectors[0], vectors[1], rtol=1e-5, atol=1e-6)
    assert np.abs(vectors[0] - vectors[2]).max() > 0.01


def test_a_shorter_history_is_not_changed_by_a_longer_one_beside_it(catalogue):
    model = build(SasrecConfig(dim=8), catalogue)
    together = model.vectors_of_history(ragged([5], [1, 2, 3, 4])).numpy()
    np.testing.assert_allclose(together[:1], model.vectors_of_history(ragged([5])), rtol=1e-5, atol=1e-6)


def test_sasrec_foretells_the_next_film_at_each_place(catalogue):
    model = build(SasrecConfig(dim=8, target="next"), catalogue)
    films = model.histories.of([3]).to_list()[0]
    states = model.encoder.states(ragged(films[:-1])).numpy()[0]
    items = model.item_vectors(every(catalogue)).numpy()[1:]
    scores = np.concatenate([states, np.ones((len(films), 1))], axis=1) @ items.T
    expected = np.mean(
        [np.log(np.exp(row).sum()) - row[film - 1] for row, film in zip(scores, films, strict=True)]
    )
    assert float(model.compute_loss({"user_id": tf.constant([3])})) == pytest.approx(expected, rel=1e-5)


def test_what_sasrec_is_to_foretell_was_left_out(catalogue):
    model = build(SasrecConfig(dim=8, left_out=0.4), catalogue)
    histories = model.histories.of(np.arange(31))
    seen, left_out, _ = model._parted(histories, None)
    for all_of_it, rest, gone in zip(histories.to_list(), seen.to_list(), left_out.to_list(), strict=True):
        assert rest == [film for film in all_of_it if film not in gone]  # in order
        assert sorted(rest + gone) == sorted(all_of_it)
    # Of each history a share between none and 0.4.
    assert len(left_out.values) / len(histories.values) == pytest.approx(0.2, abs=0.1)


def test_sasrec_foretells_what_was_left_out_among_all_that_was_not_seen(catalogue, monkeypatch):
    model = build(SasrecConfig(dim=8), catalogue)
    parts = ragged([1, 2, 3], [5]), ragged([4, 9], [1, 2, 3])
    monkeypatch.setattr(model, "_parted", lambda histories, weights: (*parts, None))
    queries = model.encoder.encode(parts[0]).numpy()
    scores = np.exp(queries @ model.item_vectors(every(catalogue)).numpy().T)
    expected = 0
    for row, seen, wanted in zip(scores, *(part.to_list() for part in parts), strict=True):
        among = sum(row[film] for film in range(1, catalogue.movies) if film not in seen)
        expected -= sum(np.log(row[film] / among) for film in wanted)
    loss = float(model.compute_loss({"user_id": tf.constant([3, 4])}))
    assert loss == pytest.approx(expected / 5, rel=1e-5)


def test_the_divergence_of_a_code_from_a_standard_normal():
    mean, log_variance = np.array([[0.0, 0.0], [1.0, -2.0]]), np.array([[0.0, 0.0], [np.log(4.0), 0.0]])
    # ½ (σ² + μ² − 1 − log σ²), summed: ½ (4 + 1 − 1 − log 4) + ½ (1 + 4 − 1 − 0).
    np.testing.assert_allclose(divergence(mean, log_variance), [0, 2 - np.log(2) + 2])
    code = multivariate_normal([1, -2], [4, 1])
    draws = code.rvs(200_000, random_state=0)
    sampled = np.mean(code.logpdf(draws) - multivariate_normal([0, 0]).logpdf(draws))
    assert sampled == pytest.approx(4 - np.log(2), abs=0.05)


def test_multvae_pays_for_every_film_watched_and_little_by_little_for_the_code(catalogue, watched):
    model = build(MultvaeConfig(dim=3, hidden=5, dropout=0.0, beta=0.5, anneal_steps=4), catalogue)
    inputs = {"user_id": tf.constant([2, 5])}
    table = watched[[2, 5]].astype(np.float32)
    hidden, mean, log_variance = (each.numpy() for each in model.encoder.through_code(table))
    items = model.item_vectors(every(catalogue)).numpy()[1:]
    scores = np.concatenate([hidden, np.ones((2, 1))], axis=1) @ items.T
    likelihood = (table[:, 1:] * (scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))).sum(axis=1)
    code = 0.5 * (np.exp(log_variance) + mean**2 - 1 - log_variance).sum(axis=1)

    assert float(model.compute_loss(inputs)) == pytest.approx(np.mean(-likelihood), rel=1e-4)
    for _ in range(6):
        model.compute_loss(inputs, training=True)
    assert float(model.compute_loss(inputs)) == pytest.approx(np.mean(0.5 * code - likelihood), rel=1e-4)


def test_mf_folds_in_by_one_step_of_newtons_method(catalogue):
    keras.utils.set_random_seed(1)
    model = build(MfConfig(dim=3, l2=2.0), catalogue)
    for weight in model.trainable_weights:
        weight.assign(weight * 10)
    films = model.item_vectors(every(catalogue)).numpy().astype(np.float64)[1:]
    start = model.user_vectors(tf.constant([0])).numpy()[0, :-1].astype(np.float64)
    history, vectors = [4, 7, 9], films[:, :-1]

    def loss(user):
        scores = films @ np.append(user, 1)
        prior = 1.0 * ((user - start) ** 2).sum() + 2 * start @ (user - start)
        return sum(np.log(np.exp(scores).sum()) - scores[film - 1] for film in history) + prior

    share = np.exp(films @ np.append(start, 1))
    share /= share.sum()
    mean = share @ vectors
    hessian = 3 * (vectors - mean).T @ np.diag(share) @ (vectors - mean) + 2 * np.eye(3)
    step = 1e-6
    slope = [(loss(start + step * axis) - loss(start - step * axis)) / (2 * step) for axis in np.eye(3)]
    found = model.vectors_of_history(ragged(history, [])).numpy()

    np.testing.assert_allclose(found[0, :-1], start - np.linalg.solve(hessian, slope), rtol=1e-3)
    np.testing.assert_allclose(found[1, :-1], start, rtol=1e-6)


def test_youtube_dnn_does_not_see_the_film_that_it_is_to_find(catalogue):
    model = build(YoutubeDnnConfig(dim=4, hidden=(6,)), catalogue)
    films = model.histories.of([3]).to_list()[0]
    found = model.encoder.without(tf.constant([3]), tf.constant(films[:1]), training=False)
    np.testing.assert_allclose(found, model.vectors_of_history(ragged(films[1:])), rtol=1e-4, atol=1e-5)
