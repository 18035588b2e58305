from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from marquee.errors import ConfigError
from tests.trainer.eagerly import eagerly
from tests.trainer.trained_kinds import FEATURES, KINDS, NUMBERS, WEAK, settings
from trainer.data import catalogue as catalogues
from trainer.data.feature_options import check_features
from trainer.data.features import MOVIE_ID, TIMESTAMP, USER_ID, USER_RATING
from trainer.data.vocabularies import Vocabularies
from trainer.models.ranking import registry
from trainer.models.ranking.config import (
    DcnConfig,
    DlrmConfig,
    MfConfig,
    MlpConfig,
    WideDeepConfig,
)
from trainer.models.ranking.registry import build
from trainer.training.ranking import RankingSettings, train_ranking

ALL = (*FEATURES, "time")
VARIANTS = {
    "mlp without side features": {"kind": "mlp", "hidden": [32]},
    "mf by squared error, ids alone": {"kind": "mf", "head": "squared", "implicit": False, "features": []},
    "dlrm without numbers": {"kind": "dlrm", "dim": 8, "dense": [], "head": "ordinal", **WEAK},
    "dcn, stacked": {"kind": "dcn", "dim": 8, "hidden": [16]},
    "deepfm without numbers": {"kind": "deepfm", "dim": 8, "hidden": [16]},
    "wide_deep without side features": {"kind": "wide_deep", "features": [], "dim": "auto", "hidden": [16]},
    "mmoe of two tasks, ordinal": {
        **{"kind": "mmoe", "dim": 8, "expert": [16], "head": "ordinal", "watched_weight": 0, **WEAK},
    },
    "joint with everything": {
        **{"kind": "joint", "dim": 8, "hidden": [16], "features": ALL[:-1], "dense": NUMBERS},
        **WEAK,
    },
}
#: All that are built of layers. They are compiled alike: in every test run a few stand for the others.
NETWORKS = ["dlrm", "dcn", "deepfm", "wide_deep", "mmoe", "ple", "joint"]
SEVERAL_TASKS = ("mmoe", "ple")
COMPILED = ("mmoe",)  # a network with experts and a draw of films: all that a plain one has, and more
HALVED = ("ple",)


def batch(user, movie, rating):
    return {USER_ID: tf.constant(user), MOVIE_ID: tf.constant(movie), USER_RATING: tf.constant(rating)}


def rmse(model, ratings, **replaced):
    features = {name: tf.constant(column) for name, column in ratings.features().items()} | replaced
    return float(np.sqrt(np.mean((model(features).numpy() - ratings.rating) ** 2)))


@pytest.fixture(
    scope="module",
    params=[*KINDS, *(pytest.param(name, marks=pytest.mark.slow) for name in VARIANTS)],
)
def trained(request, kinds, data):
    if request.param in KINDS:
        return kinds.model(request.param)
    return train_ranking(settings(VARIANTS[request.param]), data).model


def test_a_trained_model_beats_the_mean_rating(trained, data):
    mean = np.sqrt(np.mean((data.evaluation.rating - data.catalogue.mean_rating) ** 2))
    assert rmse(trained, data.evaluation) < 0.85 * mean


def test_an_unknown_user_and_film_are_answered_about_as_well_as_by_means(trained, data):
    ratings, nobody = data.evaluation, tf.zeros(len(data.evaluation), tf.int32)
    train = data.train
    film_means = np.bincount(train.movie, train.rating) / np.maximum(np.bincount(train.movie), 1)
    by_film = np.sqrt(np.mean((film_means[ratings.movie] - ratings.rating) ** 2))
    by_mean = np.sqrt(np.mean((data.catalogue.mean_rating - ratings.rating) ** 2))

    assert rmse(trained, ratings, **{USER_ID: nobody}) < 1.1 * by_film
    assert rmse(trained, ratings, **{USER_ID: nobody, MOVIE_ID: nobody}) < 1.1 * by_mean


def test_ratings_are_float32_one_a_row(trained):
    found = trained({USER_ID: tf.constant([1, 2, 0]), MOVIE_ID: tf.constant([3, 0, 0])})
    assert found.dtype == tf.float32
    assert found.shape == (3,)


def test_every_kind_of_the_registry_is_here():
    assert set(registry.KINDS) == set(KINDS)


def tables(model):
    """The first two that have a row for the unknown."""
    weights = model.weights_by_name().values()
    return [weight.variable for weight in weights if weight.keys and weight.keys[0] == ""][:2]


@pytest.mark.parametrize("kind", registry.KINDS)
def test_a_rating_of_somebody_unknown_teaches_the_rows_of_the_unknown(kind, kinds):
    model = kinds.model(kind)
    with tf.GradientTape() as tape:
        loss = model.compute_loss(batch([0, 0], [0, 0], [5.0, 4.0]), training=True)
    for gradient in tape.gradient(loss, [table.value for table in tables(model)]):
        assert np.abs(tf.convert_to_tensor(gradient)[0]).max() > 0


def test_the_unknown_rows_are_trained_and_without_any_unknown_left_at_their_start(kinds, data):
    start = [table.numpy()[0] for table in tables(kinds.untrained("mlp"))]
    never = train_ranking(settings({"kind": "mlp", **KINDS["mlp"]}, epochs=2, unknown_rate=0), data).model
    for before, table, untouched in zip(start, tables(kinds.model("mlp")), tables(never), strict=True):
        np.testing.assert_array_equal(untouched.numpy()[0], before)
        assert np.abs(table.numpy()[0] - before).max() > 0.01


def test_every_weight_has_a_name_and_rows_have_keys(trained):
    named = trained.weights_by_name().values()
    assert {id(weight.variable) for weight in named} == {id(each) for each in trained.trainable_variables}
    assert len(named) == len(trained.trainable_variables)
    assert all(weight.keys is None or len(weight.keys) == weight.variable.shape[0] for weight in named)


def networks(*, often):
    return [name if name in often else pytest.param(name, marks=pytest.mark.slow) for name in NETWORKS]


def loss_falls(kind, data, **train):
    fields = {"features": [], "dense": []} if kind in SEVERAL_TASKS else {}  # half of what is to be compiled
    model = {"kind": kind, **KINDS[kind], **fields, "dropout": 0.1}
    if kind in SEVERAL_TASKS:
        data = replace(data, evaluation=None)  # to compile that as well would take as long again
    result = train_ranking(settings(model, epochs=2, **train), data)
    return result.history[-1]["loss"] < result.history[0]["loss"]


@pytest.mark.parametrize("kind", networks(often=COMPILED))
def test_each_network_trains_compiled(kind, data):
    assert loss_falls(kind, data, xla=True)


@pytest.mark.parametrize("kind", networks(often=HALVED))
def test_each_network_trains_in_half_precision(kind, data):
    with eagerly():  # the same types as in a graph, which `test_loop` has
        assert loss_falls(kind, data, precision="mixed_bfloat16")


def test_a_pairs_weight_is_found_by_the_names_of_its_keys(data):
    config = WideDeepConfig(dim=2, hidden=(2,), crosses=(("gender", "genres"), ("age", "movie_id")), bins=9)
    model, catalogue, user, movie = build(config, data.catalogue), data.catalogue, 5, 7
    ids = {USER_ID: tf.constant([user]), MOVIE_ID: tf.constant([movie])}
    before = float(model(ids)[0])
    by_genre, by_age = model.crosses.trainable_variables
    by_genre.assign(np.arange(9) / 100)  # small, so that the answer stays within the scale
    by_age.assign(np.arange(9) / 50)

    cross = keras.layers.HashedCrossing(9)
    [gender], [age] = (catalogue.attributes.text(key, user) for key in ("gender", "age"))
    genres = catalogue.attributes.text("genres", movie)
    expected = sum(float(cross((gender, genre))) / 100 for genre in genres) / np.sqrt(len(genres))
    expected += float(cross((age, catalogue.vocabularies.movie_id[movie - 1]))) / 50
    assert float(model(ids)[0]) - before == pytest.approx(expected, rel=1e-4)


def test_dlrm_pairs_all_fields_and_the_numbers_vector(data):
    model = build(DlrmConfig(dim=4, features=("gender",), bottom=(3,)), data.catalogue)
    model({USER_ID: tf.constant([1]), MOVIE_ID: tf.constant([1])})
    assert model.numbers.features == ("age", "activity", "year", "popularity")
    assert model.top.layers[0].kernel.shape[0] == 4 + 4 * 3 // 2  # user, film, gender, numbers: six pairs


def test_a_low_rank_cross_has_fewer_weights(data):
    def weights(**given):
        model = build(DcnConfig(dim=8, features=(), dense=(), crosses=3, **given), data.catalogue)
        model({USER_ID: tf.constant([1]), MOVIE_ID: tf.constant([1])})
        return sum(int(np.prod(each.shape)) for each in model.crosses.trainable_variables)

    assert weights() == 3 * (16 * 16 + 16)
    assert weights(rank=2) == 3 * (16 * 2 + 2 * 16 + 16)


def test_mean_squared_error_of_the_network_is_the_loss(data):
    model = build(MlpConfig(hidden=(4,)), data.catalogue)
    rows = batch([1, 2], [1, 2], [4.0, 1.0])
    model(rows)
    model.network.layers[-1].bias.assign([3.0])  # the scale's middle: beyond its ends an answer is clipped
    expected = np.mean((model(rows).numpy() - [4.0, 1.0]) ** 2)

    assert float(model.compute_loss(rows)) == pytest.approx(expected, rel=1e-5)


def test_a_factorized_score_is_biases_and_products_of_everything_known(data):
    config = MfConfig(members=1, dim=2, head="squared", features=("gender", "genres"))
    model, catalogue = build(config, data.catalogue), data.catalogue
    weights = {variable.name: variable.numpy()[:, 0] for variable in model.trainable_variables}
    user, movie = 5, 7

    films, people = catalogue.watched[user], catalogue.watchers[movie]
    genres = catalogue.table("genres").members()[movie]
    u = weights["user"][user] + weights["gender"][catalogue.table("gender").ids[user]]
    u = u + weights["watched"][films].sum(0) / np.sqrt(len(films))
    m = weights["movie"][movie] + weights["genres"][genres].sum(0) / np.sqrt(genres.sum())
    m = m + weights["watchers"][people].sum(0) / np.sqrt(len(people))
    expected = catalogue.mean_rating + u[:2] @ m[:2] + u[2] + m[2]

    found = model({USER_ID: tf.constant([user]), MOVIE_ID: tf.constant([movie])})
    assert float(found[0]) == pytest.approx(expected, rel=1e-5)


def test_members_are_trained_by_the_sum_of_their_losses(data):
    model = build(MfConfig(members=3, dim=2, head="squared", features=()), data.catalogue)
    rows = batch([1, 2], [3, 4], [4.0, 1.0])
    users, movies = model.users(rows[USER_ID]).numpy(), model.movies(rows[MOVIE_ID]).numpy()
    score = (users[..., :2] * movies[..., :2]).sum(2) + users[..., 2] + movies[..., 2]
    errors = data.catalogue.mean_rating + score - [[4.0], [1.0]]

    assert float(model.compute_loss(rows)) == pytest.approx(np.square(errors).mean(0).sum(), rel=1e-5)


def test_a_request_without_a_time_is_as_of_the_latest(data):
    model = build(MlpConfig(features=("time",)), data.catalogue)
    ids = {USER_ID: tf.constant([1]), MOVIE_ID: tf.constant([1])}

    model(ids)
    model.network.layers[-1].bias.assign([3.0])  # the scale's middle: beyond its ends an answer is clipped

    def at(time):
        return float(model({**ids, TIMESTAMP: tf.constant([time], tf.int64)})[0])

    latest = at(data.catalogue.last_time)
    assert float(model(ids)[0]) == at(-1) == latest == at(data.catalogue.last_time + 10**8)
    assert at(data.catalogue.first_time) != latest


def test_features_that_the_data_lacks_are_left_out(data):
    columns = {"user_id": ["a", "b"], "movie_id": ["1", "2"], "user_rating": [1.0, 2.0], "timestamp": [5, 5]}
    _, catalogue = catalogues.from_columns(columns, Vocabularies.from_columns(columns, shipped("movielens")))

    assert build(MlpConfig(features=ALL), catalogue).features == ()
    names = {variable.name for variable in build(MfConfig(), catalogue).trainable_variables}
    assert names == {"user", "movie", "watched", "watchers", "thresholds"}


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"kind": "svd"}, "model.*svd.*'mlp', 'mf'"),
        ({"kind": "dcn", "dim": "wide"}, "dim"),
        ({"kind": "wide_deep", "crosses": [["user_id", "movie_id"]]}, "by heart"),
        ({"kind": "mf", "dims": 3}, "model.mf.dims = 3: Extra inputs"),
        ({"kind": "mlp", "hidden": [0]}, "hidden.0 = 0"),
    ],
)
def test_a_wrong_model_config_is_explained(model, message):
    with pytest.raises(ConfigError, match=message):
        settings(model)


@pytest.mark.parametrize("feature", ["time", "shoe_size"])
def test_a_feature_that_a_kind_cannot_take_is_explained(feature):
    with pytest.raises(ConfigError, match=feature):
        check_features(MfConfig(features=(feature,)), shipped("movielens"))


def test_hyperparameters_go_in_by_path_and_are_checked():
    tuned = {"values": {"train.learning_rate": 0.5, "model.dim": 3, "tuner/epochs": 2}}
    found = RankingSettings.of({"model": {"kind": "mlp"}}, tuned)
    assert (found.train.learning_rate, found.model.dim) == (0.5, 3)

    with pytest.raises(ConfigError, match=r"model\.depth = 3: there is no such setting"):
        RankingSettings.of({}, {"values": {"model.depth": 3}})
    with pytest.raises(ConfigError, match=r"train\.epochs = 0"):
        RankingSettings.of({}, {"values": {"train.epochs": 0}})
