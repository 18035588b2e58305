"""Every kind of retrieval model: what all must do, on two camps of users who watch different films."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from marquee.errors import ConfigError, TrainingError
from tests.trainer.eagerly import eagerly
from trainer.data.catalogue import from_columns
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies
from trainer.export.retrieval import export_retrieval
from trainer.export.verify import verify_export
from trainer.models.layers.pooled import relative
from trainer.models.retrieval.histories import once
from trainer.models.retrieval.registry import KINDS, build
from trainer.training.retrieval import RetrievalSettings, learned_from, train_retrieval
from trainer.training.warm_start import WarmStart, trained_folder
from trainer.training.weights import Trained

SMALL = {
    "two_tower": {"dim": 8, "l2": 1},
    "mf": {"dim": 8, "l2": 1},
    "youtube_dnn": {"dim": 8, "hidden": [16], "l2": 0.1},
    "sasrec": {"dim": 16, "blocks": 1, "history_limit": 10, "l2": 1},
    "ease": {"l2": 5},
    "ials": {"dim": 4, "l2": 2},
    "multvae": {"dim": 8, "hidden": 16, "anneal_steps": 50},
    "blend": {
        "parts": {
            "ials": {"model": {"dim": 4, "l2": 2}},
            "ease": {"model": {"l2": 5}},
            "towers": {"model": {"kind": "two_tower", "dim": 8, "l2": 1}, "train": {"batch_size": 60}},
        }
    },
}
VARIANTS = {
    "mf, sampled": {"kind": "mf", **SMALL["mf"], "loss": "sampled", "negatives": 20},
    "mf, bpr": {"kind": "mf", **SMALL["mf"], "loss": "bpr", "negatives": 20, "l2": 0.1},
    "youtube_dnn, sampled": {"kind": "youtube_dnn", **SMALL["youtube_dnn"], "loss": "sampled"},
    "sasrec, sampled": {"kind": "sasrec", **SMALL["sasrec"], "loss": "sampled", "target": "next"},
    "ials, scaled": {"kind": "ials", **SMALL["ials"], "frequency_scaling": 0.5},
}
OFTEN = ("mf, bpr", "sasrec, sampled", "ials, scaled")  # test_retrieval_models samples once more
LOOP = {"epochs": 15, "batch_size": 60, "patience": 0, "learning_rate": 0.03}
OF_HISTORY = sorted(KINDS.keys() - {"two_tower", "mf", "blend"})  # they know users by nothing else


def watching(films):
    """Raw columns; row u of `films` is what user u watches, in this order, of their camp's half."""
    user = np.repeat(np.arange(len(films)), films.shape[1])
    return {
        "user_id": [f"u{each}" for each in user],
        "movie_id": [f"m{each}" for each in 2 * films.ravel() + user % 2],
        "movie_title": [f"Film {each}" for each in 2 * films.ravel() + user % 2],
        "user_rating": [4.0] * len(user),
        "timestamp": list(range(len(user))),
    }


@pytest.fixture(scope="module")
def camps():
    random = np.random.default_rng(5)
    films = np.stack([random.choice(20, 13, replace=False) for _ in range(60)])
    train, evaluation = watching(films[:, :-1]), watching(films[:, -1:])
    vocabularies = Vocabularies.from_columns(train, shipped("movielens"))
    ratings, catalogue = from_columns(train, vocabularies)
    return RatingData(ratings, Ratings.from_columns(evaluation, vocabularies), catalogue)


def settings(model, **train):
    return RetrievalSettings.of({"model": model, "train": {**LOOP, **train}}, None)


@pytest.fixture(scope="module", params=KINDS)
def trained(request, camps, tmp_path_factory):
    """A trained model, its export and the answers that it was verified by."""
    model = {"kind": request.param, **SMALL[request.param]}
    result = train_retrieval(settings(model), camps)
    path = str(tmp_path_factory.mktemp("export") / "1")
    answers, _ = export_retrieval(result.model, path)
    return SimpleNamespace(result=result, model=result.model, path=path, answers=answers, config=model)


def own_camp(scores, users, camps):
    """The share of the ten best films that are of the user's own camp."""
    names = camps.catalogue.vocabularies
    best = np.argsort(-scores[:, 1:], axis=1)[:, :10]
    camp_of_films = np.array([int(name[1:]) % 2 for name in names.movie_id])[best]
    camp_of_users = np.array([int(name[1:]) % 2 for name in names.user_id])[users - 1]
    return (camp_of_films == camp_of_users[:, None]).mean()


def test_it_learns_who_watches_what(trained, camps):
    users = np.arange(1, 61, dtype=np.int32)
    assert own_camp(trained.model.scores(users), users, camps) > 0.95
    assert trained.result.history[-1]["val_ndcg@10"] > 0.15


@pytest.mark.parametrize(
    "variant",
    [each if each in OFTEN else pytest.param(each, marks=pytest.mark.slow) for each in VARIANTS],
)
def test_so_it_does_by_other_losses(variant, camps):
    users = np.arange(1, 61, dtype=np.int32)
    model = train_retrieval(settings(VARIANTS[variant], epochs=10), camps).model
    assert own_camp(model.scores(users), users, camps) > 0.9


def test_a_stranger_is_understood_by_the_films_they_bring(trained, camps):
    users = np.arange(1, 61, dtype=np.int32)
    brought = tf.ragged.constant([camps.catalogue.watched[user].tolist() for user in users], dtype=tf.int32)
    items = trained.model.item_vectors(tf.range(camps.catalogue.movies)).numpy()
    scores = trained.model.vectors_of_history(brought).numpy() @ items.T
    assert own_camp(scores, users, camps) > 0.9


def test_every_signature_in_a_v1_session_is_the_trained_model(trained):
    assert len({answer.signature for answer in trained.answers}) == 11
    assert verify_export(trained.path, trained.answers) <= 1e-5


def test_repetition_and_unknown_films_count_for_nothing(trained):
    plain = trained.model.vectors_of_history(tf.ragged.constant([[3, 7, 9]], dtype=tf.int32))
    noisy = trained.model.vectors_of_history(tf.ragged.constant([[3, 0, 7, 3, 9, 0]], dtype=tf.int32))
    np.testing.assert_allclose(noisy, plain, rtol=1e-5, atol=1e-6)


def test_equal_weights_are_none_and_others_shift_what_a_history_means(trained):
    films = tf.ragged.constant([[3, 7, 9], [4]], dtype=tf.int32)

    def vectors(*given):
        weights = relative(tf.ragged.constant(given, dtype=tf.float32))
        return trained.model.vectors_of_history(films, weights).numpy()

    plain = trained.model.vectors_of_history(films).numpy()
    np.testing.assert_allclose(vectors([2, 2, 2], [5]), plain, rtol=1e-4, atol=1e-6)
    shifted = vectors([6, 1, 1], [5])
    assert not np.allclose(shifted[0], plain[0], rtol=1e-2)
    np.testing.assert_allclose(shifted[1], plain[1], rtol=1e-4, atol=1e-6)


def test_weights_sum_to_the_effective_number_of_films():
    found = relative(tf.ragged.constant([[2, 2, 2], [], [3, 1], [1e30, 1e-30]], dtype=tf.float32))
    wanted = [[1, 1, 1], [], [1.2, 0.4], [1, 0]]
    for got, want in zip(found.to_list(), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_someone_without_any_history_is_given_what_can_be_ordered(trained):
    nobody = trained.model.vectors_of_history(tf.ragged.constant([[], [0]], dtype=tf.int32)).numpy()
    assert np.isfinite(nobody).all()
    np.testing.assert_allclose(nobody[0], nobody[1])
    np.testing.assert_allclose(nobody[:1], trained.model.user_vectors(tf.constant([0])), rtol=1e-5, atol=1e-6)


def test_what_serves_users_is_the_model(trained, camps):
    served, users = trained.model.for_serving(), tf.range(camps.catalogue.users)
    someone = tf.ragged.constant([[3, 7, 9], [], [0, 5]], dtype=tf.int32)
    for found, wanted in (
        (served.user_vectors(users), trained.model.user_vectors(users)),
        (served.vectors_of_history(someone), trained.model.vectors_of_history(someone)),
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_the_next_run_starts_from_what_this_one_learned(trained, camps, tmp_path):
    path = str(tmp_path / "Format-Serving")
    Trained.of(trained.model).write(trained_folder(path))
    start = WarmStart(path)
    model = build(settings(trained.config).model, camps.catalogue)
    start(model)
    assert start.facts["cold_because"] == ""
    assert start.facts["cold"] == []
    for name, weight in model.weights_by_name().items():
        np.testing.assert_array_equal(weight.variable, trained.model.weights_by_name()[name].variable)


def test_every_weight_has_a_name(trained):
    named = [id(weight.variable) for weight in trained.model.weights_by_name().values()]
    assert sorted(named) == sorted(id(weight) for weight in trained.model.trainable_weights)


@pytest.fixture(scope="module", params=OF_HISTORY)
def untrained(request, data):
    """On data in which users have rated some films twice."""
    model = {"kind": request.param, **SMALL[request.param]}
    with eagerly():
        return train_retrieval(settings(model, epochs=1, batch_size=2500), data).model


def test_a_user_is_their_history(untrained, data):
    catalogue = data.catalogue
    watched = once(catalogue.watched)
    users = np.arange(catalogue.users, dtype=np.int32)
    brought = tf.ragged.constant([watched[user].tolist() for user in users], dtype=tf.int32)
    np.testing.assert_allclose(
        untrained.vectors_of_history(brought), untrained.user_vectors(users), rtol=1e-4, atol=1e-5
    )


def test_xla_is_refused_where_histories_are_of_any_length(untrained):
    if untrained.compilable:
        untrained.compile(optimizer="adam", jit_compile=True)
    else:
        with pytest.raises(TrainingError, match=r"train\.xla is on"):
            untrained.compile(optimizer="adam", jit_compile=True)


def test_a_kind_is_trained_as_suits_it_unless_something_else_is_said():
    said = RetrievalSettings.of({"model": {"kind": "multvae"}, "train": {"epochs": 7}}, None).train
    assert (said.epochs, said.learning_rate, said.batch_size) == (7, 0.001, 4096)
    assert RetrievalSettings.of({"model": {"kind": "two_tower"}}, None).train.learning_rate == 0.01
    with pytest.raises(ConfigError, match="no_such"):
        RetrievalSettings.of({"model": {"kind": "no_such"}}, None)


def test_a_step_is_of_ratings_or_of_their_users_or_of_everyone(camps):
    def steps(kind):
        found = learned_from(settings({"kind": kind}, batch_size=120), camps)
        users = [batch["user_id"] for batch in found.starting_at(0).take(found.steps).as_numpy_iterator()]
        return [len(each) for each in users], np.unique(np.concatenate(users))

    assert steps("mf")[0] == [120] * 6
    for kind, sizes in (("sasrec", [10] * 6), ("ease", [60])):  # twelve ratings each
        assert steps(kind)[0] == sizes
        np.testing.assert_array_equal(steps(kind)[1], np.arange(1, 61))
