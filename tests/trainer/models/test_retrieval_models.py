import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from marquee.errors import ConfigError, TrainingError
from trainer.data.catalogue import Ragged, from_columns
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings
from trainer.data.tables.title_words import title_words
from trainer.data.vocabularies import Vocabularies
from trainer.models.layers.pooled import pooled
from trainer.models.retrieval.config import TwoTowerConfig
from trainer.models.retrieval.history import WatchedHistory
from trainer.models.retrieval.registry import build
from trainer.training.retrieval import RetrievalSettings, train_retrieval

TABLE = np.array([[9.0, 9.0], [1.0, 0.0], [0.0, 2.0], [4.0, 4.0]], np.float32)
# Nobody's history; user 1 watched 1, 2 and 3; user 2 watched 2; user 3 nothing.
WATCHED = Ragged(np.array([1, 2, 3, 2], np.int32), np.array([0, 0, 3, 4, 4]))
USERS = tf.constant([1, 2, 3, 0])


def history(**options):
    return WatchedHistory(WATCHED, movies=4, **{"limit": 10, "dropout": 0.0, **options})


@pytest.fixture(params=[10, 0], ids=["everyone's at once", "the batch's alone"])
def at_once(request):
    return request.param


def test_a_history_is_the_sum_over_the_root_of_its_size(at_once):
    found = history(at_once=at_once)(TABLE, USERS)
    np.testing.assert_allclose(found, [np.array([5, 6]) / 3**0.5, [0, 2], [0, 0], [0, 0]], rtol=1e-6)


def test_the_target_is_left_out_of_its_own_history(at_once):
    found = history(at_once=at_once)(TABLE, tf.constant([1, 1, 2]), targets=tf.constant([3, 0, 2]))
    np.testing.assert_allclose(
        found, [np.array([1, 2]) / 2**0.5, np.array([5, 6]) / 3**0.5, [0, 0]], atol=1e-6
    )


def test_a_target_beyond_the_limit_is_not_taken_out_again(at_once):
    latest = history(limit=2, at_once=at_once)(TABLE, tf.constant([1]), targets=tf.constant([1]))
    np.testing.assert_allclose(latest, [np.array([4, 6]) / 2**0.5], rtol=1e-6)


def test_what_is_dropped_is_made_up_for_and_a_dropped_target_is_not_taken_out(at_once):
    layer = history(dropout=0.5, at_once=at_once)
    users, targets = tf.constant([2] * 50), tf.constant([2] * 50)
    pooled_rows = [layer(TABLE, tf.constant([2]), training=True).numpy()[0, 1] for _ in range(60)]

    assert set(pooled_rows) == {0.0, 4.0}  # there, and then twice, or not
    assert 15 < sum(value > 0 for value in pooled_rows) < 45
    np.testing.assert_allclose(layer(TABLE, users, targets, training=True), np.zeros((50, 2)), atol=1e-6)


def test_a_history_that_a_request_brings_is_pooled_in_the_same_way():
    brought = tf.ragged.constant([[1, 2, 3], [2, 2, 0], [], [0]], dtype=tf.int32)
    np.testing.assert_allclose(pooled(TABLE, brought), history()(TABLE, USERS), rtol=1e-6)


def test_words_that_two_titles_share_are_kept_without_the_year():
    sets, words = title_words(["", "Toy Story (1995)", "Toy Story 2 (1999)", "A Story (1995)", "2 Days"])
    assert words == ("2", "story", "toy")
    assert [sets[row].tolist() for row in range(5)] == [[], [1, 2], [0, 1, 2], [1], [0]]


def test_titles_without_a_common_word_have_none():
    sets, words = title_words(["", "Alien (1979)"])
    assert words == ()
    assert len(sets.values) == 0


@pytest.fixture(scope="module", params=[(), (16,)], ids=["sums", "dense layers"])
def model(request, data):
    return build(TwoTowerConfig(dim=8, hidden=request.param), data.catalogue)


def test_the_score_is_the_product_of_both_towers_vectors(model, data):
    users, movies = data.evaluation.user[:20], data.evaluation.movie[:20]
    vectors = model.user_vectors(users).numpy(), model.item_vectors(movies).numpy()
    expected = (vectors[0] * vectors[1]).sum(axis=1)

    np.testing.assert_allclose(
        model({"user_id": tf.constant(users), "movie_id": tf.constant(movies)}),
        expected,
        rtol=1e-4,
        atol=1e-5,
    )
    every = model.scores(users)
    assert every.shape == (20, data.catalogue.movies)
    np.testing.assert_allclose(every[np.arange(20), movies], expected, rtol=1e-4, atol=1e-5)


def test_the_folded_users_are_the_towers(model, data):
    folded = model.for_serving()
    users = tf.range(data.catalogue.users)
    np.testing.assert_allclose(folded.user_vectors(users), model.user_vectors(users), rtol=1e-5, atol=1e-6)
    someone = tf.ragged.constant([[3, 7, 9], [], [0, 5]], dtype=tf.int32)
    np.testing.assert_allclose(
        folded.vectors_of_history(someone), model.vectors_of_history(someone), rtol=1e-5, atol=1e-6
    )


def test_someone_without_a_history_is_the_unknown_user(model):
    nobody = tf.ragged.constant([[], [0]], dtype=tf.int32)
    unknown = np.repeat(model.user_vectors(tf.constant([0])).numpy(), 2, axis=0)
    np.testing.assert_allclose(model.vectors_of_history(nobody), unknown, rtol=1e-6, atol=1e-7)


def test_the_full_softmax_leaves_out_the_film_that_train_does_not_know(data):
    model = build(TwoTowerConfig(dim=8), data.catalogue)
    inputs = {"user_id": tf.constant([1, 2]), "movie_id": tf.constant([3, 4])}
    queries = model.user_tower(inputs["user_id"], targets=inputs["movie_id"]).numpy()
    scores = queries @ model.item_vectors(tf.range(1, data.catalogue.movies)).numpy().T
    own = scores[[0, 1], [2, 3]]
    expected = np.mean(np.log(np.exp(scores).sum(axis=1)) - own)

    assert float(model.compute_loss(inputs)) == pytest.approx(expected, rel=1e-5)


def test_in_batch_softmax_corrects_for_how_often_a_film_is_a_candidate(data):
    catalogue = data.catalogue
    config = TwoTowerConfig(dim=8, loss="in_batch", temperature=0.5)
    model = build(config, catalogue)
    users, movies = np.array([1, 2, 3]), np.array([3, 4, 3])
    queries = model.user_tower(tf.constant(users), targets=tf.constant(movies)).numpy()
    share = catalogue.watchers.lengths[movies] / catalogue.rows
    scores = 2 * queries @ model.item_vectors(tf.constant(movies)).numpy().T - np.log(share)
    scores[0, 2] = scores[2, 0] = -np.inf  # the same film
    expected = np.mean(np.log(np.exp(scores).sum(axis=1)) - np.diag(scores))

    inputs = {"user_id": tf.constant(users, tf.int32), "movie_id": tf.constant(movies, tf.int32)}
    assert float(model.compute_loss(inputs)) == pytest.approx(expected, rel=1e-5)


def test_the_sampled_softmax_is_the_full_one_on_average(data):
    """Its denominator is: each draw's, less the row's own, has the catalogue's sum as its mean."""
    catalogue = data.catalogue
    model = build(TwoTowerConfig(dim=8, loss="sampled", negatives=20_000), catalogue)
    full = build(TwoTowerConfig(dim=8), catalogue)
    full.set_weights([weight.numpy() for weight in model.weights if "popularity_sampler" not in weight.path])
    inputs = {"user_id": tf.constant([1, 2]), "movie_id": tf.constant([3, 4])}

    assert float(model.compute_loss(inputs)) == pytest.approx(float(full.compute_loss(inputs)), abs=0.02)


@pytest.fixture(scope="module")
def tastes():
    """60 users in two camps, even and odd, each watching its half of 40 films, the first ones most; the
    last film of each user is eval's."""
    random = np.random.default_rng(5)
    share = 1 / np.arange(1, 21)
    films = np.stack([random.choice(20, 13, replace=False, p=share / share.sum()) for _ in range(60)])
    train, evaluation = watching(films[:, :-1]), watching(films[:, -1:])
    vocabularies = Vocabularies.from_columns(train, shipped("movielens"))
    ratings, catalogue = from_columns(train, vocabularies)
    return RatingData(ratings, Ratings.from_columns(evaluation, vocabularies), catalogue)


def watching(films):
    user = np.repeat(np.arange(60), films.shape[1])
    return {
        "user_id": [f"u{each}" for each in user],
        "movie_id": [f"m{each}" for each in 2 * films.ravel() + user % 2],
        "user_rating": [4.0] * len(user),
        "timestamp": list(range(len(user))),
    }


@pytest.fixture(scope="module")
def of_tastes(tastes):
    """A model trained on them by the sampled softmax, and its losses."""
    settings = RetrievalSettings.of(
        {
            "model": {"kind": "two_tower", "dim": 8, "loss": "sampled", "negatives": 20, "l2": 1},
            "train": {"epochs": 15, "batch_size": 60, "patience": 0, "learning_rate": 0.05},
        },
        None,
    )
    result = train_retrieval(settings, tastes)
    return result.model, [epoch["loss"] for epoch in result.history]


def test_the_sampled_softmax_learns_who_watches_what(tastes, of_tastes):
    model, losses = of_tastes
    vocabularies = tastes.catalogue.vocabularies
    assert losses[-1] < losses[0] - 0.5
    best = np.argsort(-model.scores(np.arange(1, 61))[:, 1:], axis=1)[:, :10]
    camps = np.array([int(name[1:]) % 2 for name in vocabularies.movie_id])[best]
    own = np.array([int(name[1:]) % 2 for name in vocabularies.user_id])
    assert (camps == own[:, None]).mean() > 0.95


def test_someone_unknown_is_given_popular_films(tastes, of_tastes):
    scores = of_tastes[0].scores(np.array([0]))[0, 1:]
    ratings = tastes.catalogue.watchers.lengths[1:]
    ranks = [np.argsort(np.argsort(each, kind="stable")) for each in (scores, ratings)]
    assert np.corrcoef(ranks)[0, 1] > 0.7


def test_a_wrong_setting_is_named():
    with pytest.raises(ConfigError, match=r"loss = 'hinge'.*'full', 'in_batch' or 'sampled'"):
        TwoTowerConfig.checked({"loss": "hinge"})


def test_xla_and_too_large_histories_are_refused(data, monkeypatch):
    monkeypatch.setattr("trainer.models.retrieval.history.AT_ONCE", 0)
    model = build(TwoTowerConfig(dim=8), data.catalogue)
    with pytest.raises(TrainingError, match="histories are too large"):
        model.compile(optimizer="adam", jit_compile=True)
