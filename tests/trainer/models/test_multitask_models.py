import keras
import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from trainer.data import catalogue as catalogues
from trainer.data.features import MOVIE_ID, USER_ID, USER_RATING
from trainer.data.rating_data import RatingData
from trainer.data.vocabularies import Vocabularies
from trainer.models.layers.extraction import Extraction
from trainer.models.multitask.config import CgcConfig, JointConfig, MmoeConfig, PleConfig, SharedBottomConfig
from trainer.models.ranking.registry import build
from trainer.training.ranking import RankingSettings, train_ranking
from trainer.training.warm_start import misfit

SMALL = {"dim": 4, "features": (), "dense": (), "tower": (3,), "l2": 0.0}
TASKS = ("rating", "liked", "watched")
ROWS = {
    USER_ID: tf.constant([1, 2, 3]),
    MOVIE_ID: tf.constant([4, 5, 0]),
    USER_RATING: tf.constant([5.0, 2.0, 4.0]),
}


def made(config, data, **given):
    """An untrained model with its weights in place."""
    keras.utils.set_random_seed(1)
    model = build(config(**SMALL | given), data.catalogue)
    model(ROWS)
    return model


def named(model, part):
    return {
        name: weight.variable for name, weight in model.weights_by_name().items() if name.startswith(part)
    }


def copied(source, target):
    """The target, with the source's weights in their order."""
    for old, new in zip(source.trainable_variables, target.trainable_variables, strict=True):
        new.assign(old)
    return target


def relu(inputs, expert):
    return np.maximum(inputs @ expert.layers[0].kernel.numpy() + expert.layers[0].bias.numpy(), 0)


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


@pytest.fixture
def inputs():
    return np.random.default_rng(3).normal(size=(5, 4)).astype(np.float32)


def test_a_gate_is_a_softmax_over_the_tasks_own_and_the_shared_experts(inputs):
    layer = Extraction(("a", "b"), (2,), shared=2, own=1)
    other = 2 * inputs
    mixed, passed = layer({"a": inputs, "b": other}, inputs)

    shares = softmax(inputs @ layer._gates["a"].kernel.numpy())
    experts = [
        relu(inputs, layer._own["a"][0]),
        relu(inputs, layer._shared[0]),
        relu(inputs, layer._shared[1]),
    ]
    expected = sum(shares[:, [place]] * expert for place, expert in enumerate(experts))
    np.testing.assert_allclose(mixed["a"], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer.gates({"a": inputs, "b": other})["a"], shares, rtol=1e-5)
    assert mixed["b"].shape == (5, 2)
    assert passed is None


def test_what_is_passed_on_mixes_every_expert_by_the_shared_input(inputs):
    layer = Extraction(("a", "b"), (2,), shared=1, own=1, pass_on=True)
    given = {"a": 2 * inputs, "b": 3 * inputs}
    _, passed = layer(given, inputs)

    shares = softmax(inputs @ layer._shared_gate.kernel.numpy())
    experts = [
        relu(given["a"], layer._own["a"][0]),
        relu(given["b"], layer._own["b"][0]),
        relu(inputs, layer._shared[0]),
    ]
    expected = sum(shares[:, [place]] * expert for place, expert in enumerate(experts))
    np.testing.assert_allclose(passed, expected, rtol=1e-5, atol=1e-6)


def test_no_expert_is_refused():
    with pytest.raises(ValueError, match="needs an expert"):
        Extraction(TASKS, (2,))


def test_mmoe_with_one_expert_is_a_shared_bottom(data):
    mmoe = made(MmoeConfig, data, experts=1, expert=(5,))
    bottom = copied(mmoe, made(SharedBottomConfig, data, bottom=(5,)))
    for task, logit in mmoe.logits(ROWS).items():
        np.testing.assert_allclose(logit, bottom.logits(ROWS)[task], rtol=1e-5, atol=1e-7)


def test_cgc_without_shared_experts_is_a_tower_a_task(data):
    model = made(CgcConfig, data, shared_experts=0, task_experts=1, expert=(5,))
    before = model.logits(ROWS)
    for expert in model.extraction._own["liked"]:
        expert.layers[0].kernel.assign(expert.layers[0].kernel + 1.0)
    after = model.logits(ROWS)

    assert np.abs(after["liked"] - before["liked"]).max() > 0
    for task in ("rating", "watched"):
        np.testing.assert_array_equal(after[task], before[task])
    embedded = model._concatenated(ROWS).numpy()
    tower = model.rating_tower
    expected = (
        relu(relu(embedded, model.extraction._own["rating"][0]), tower) @ tower.layers[1].kernel.numpy()
    )
    np.testing.assert_allclose(before["rating"], expected[:, 0], rtol=1e-4, atol=1e-6)


def test_ple_of_one_level_is_cgc(data):
    ple = made(PleConfig, data, levels=1, expert=(5,))
    cgc = copied(ple, made(CgcConfig, data, expert=(5,)))
    for task, logit in ple.logits(ROWS).items():
        np.testing.assert_array_equal(logit, cgc.logits(ROWS)[task])


def test_ple_learns_every_level_and_the_last_passes_nothing_on(data):
    model = made(PleConfig, data, levels=3, expert=(5,))
    gates = [
        sum("gate" in variable.path for variable in named(model, f"level_{n}").values()) for n in (0, 1, 2)
    ]
    assert gates == [4, 4, 3]
    with tf.GradientTape() as tape:
        loss = model.compute_loss(ROWS, training=True)
    assert all(gradient is not None for gradient in tape.gradient(loss, model.trainable_variables))


def test_the_loss_is_the_tasks_losses_times_their_weights(data):
    def loss(**weights):
        off = {"liked_weight": 0.0, "watched_weight": 0.0}
        model = made(SharedBottomConfig, data, **off | weights)
        return model, float(model.compute_loss(ROWS))

    model, rating = loss()
    assert model.tasks == ("rating",)
    predicted = model(ROWS).numpy()
    assert rating == pytest.approx(np.mean((predicted - ROWS[USER_RATING]) ** 2), rel=1e-5)
    assert loss(rating_weight=3.0)[1] == pytest.approx(3 * rating, rel=1e-5)

    model, _ = loss(liked_weight=0.5)
    logit = model.logits(ROWS)["liked"].numpy()
    liked = np.mean(np.log1p(np.exp(np.where([True, False, True], -logit, logit))))
    rating = np.mean((model(ROWS).numpy() - ROWS[USER_RATING]) ** 2)
    assert float(model.compute_loss(ROWS)) == pytest.approx(rating + 0.5 * liked, rel=1e-5)


def test_watched_films_are_told_from_drawn_ones_and_the_unknown_film_counts_for_nothing(data):
    model = made(SharedBottomConfig, data, liked_weight=0.0, watched_weight=2.0, negatives=3)
    drawn = model._not_watched(ROWS)
    assert drawn[USER_ID].numpy().tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert drawn[MOVIE_ID].shape == (9,)
    model._not_watched = lambda inputs: drawn

    positive, negative = (model.logits(rows)["watched"].numpy() for rows in (ROWS, drawn))
    watched = np.sum(np.log1p(np.exp(-positive[:2]))) + np.sum(np.log1p(np.exp(negative[:6])))
    rating = np.mean((model(ROWS).numpy() - ROWS[USER_RATING]) ** 2)
    assert float(model.compute_loss(ROWS)) == pytest.approx(rating + 2 * watched / 12, rel=1e-5)


@pytest.mark.parametrize(("drawn_by", "power"), [("uniform", 0), ("popularity", 1)])
def test_films_are_drawn_alike_or_as_often_as_they_are_rated(drawn_by, power, data):
    model = made(SharedBottomConfig, data, drawn_by=drawn_by, negatives=10_000)
    films = model._not_watched(ROWS)[MOVIE_ID].numpy()
    expected = data.catalogue.watchers.lengths.astype(float)
    expected[1:] **= power
    found = np.bincount(films, minlength=len(expected)) / len(films)
    np.testing.assert_allclose(found, expected / expected.sum(), atol=0.004)
    assert 0 not in films


def test_the_joint_loss_is_squared_error_and_an_in_batch_softmax_times_their_weights(data):
    model = made_joint(data, rating_weight=2.0, retrieval_weight=0.5)
    users, movies = (vectors.numpy() for vectors in model.vectors(ROWS))
    logits = users @ movies.T
    softmaxed = -np.log(softmax(logits)[range(3), range(3)])
    rating = np.mean((model(ROWS).numpy() - ROWS[USER_RATING]) ** 2)
    expected = 2 * rating + 0.5 * (softmaxed[0] + softmaxed[1]) / 3  # the unknown film is nobody's
    assert float(model.compute_loss(ROWS)) == pytest.approx(expected, rel=1e-5)


def test_the_joint_model_without_retrieval_leaves_it_out(data):
    model = made_joint(data, retrieval_weight=0.0)
    rating = np.mean((model(ROWS).numpy() - ROWS[USER_RATING]) ** 2)
    assert float(model.compute_loss(ROWS)) == pytest.approx(rating, rel=1e-5)


def made_joint(data, **given):
    model = build(JointConfig(dim=4, hidden=(3,), l2=0.0, **given), data.catalogue)
    model(ROWS)
    return model


@pytest.mark.parametrize("kind", ["shared_bottom", "mmoe", "cgc", "ple"])
def test_every_task_is_learned(kind, kinds, data):
    answers = kinds.model(kind).rate_tasks(
        {name: tf.constant(column) for name, column in data.evaluation.features().items()}
    )
    assert set(answers) == {USER_RATING, "liked", *(["watched"] if kind != "shared_bottom" else [])}
    liked, chance = data.evaluation.rating >= 4, answers["liked"].numpy()
    assert chance.min() >= 0
    assert chance.max() <= 1
    assert chance[liked].mean() - chance[~liked].mean() > 0.2
    assert kinds.history(kind)[-1]["val_liked_auc"] > 0.7


def test_the_chance_of_a_watch_is_that_of_a_rating_beside_a_drawn_film():
    users, films = 30, 40  # everyone watches the first half of the films, and one each of the others
    pairs = [(user, movie) for user in range(users) for movie in [*range(20), 20 + user % 20]]
    columns = {
        "user_id": [f"u{user}" for user, _ in pairs],
        "movie_id": [f"m{movie}" for _, movie in pairs],
        "user_rating": [1.0 + place % 5 for place in range(len(pairs))],
        "timestamp": list(range(len(pairs))),
    }
    vocabularies = Vocabularies.from_columns(columns, shipped("movielens"))
    ratings, catalogue = catalogues.from_columns(columns, vocabularies)
    config = {"kind": "mmoe", "dim": 8, "experts": 1, "tower": [8], "watched_weight": 1.0, "l2": 1}
    loop = {"epochs": 12, "batch_size": 63, "patience": 0, "learning_rate": 0.02, "unknown_rate": 0}
    settings = RankingSettings.of({"model": config, "train": loop}, None)
    model = train_ranking(settings, RatingData(ratings, ratings[:1], catalogue)).model

    movie = [1 + vocabularies.movie_id.index(f"m{movie}") for movie in range(films)]
    ids = {USER_ID: tf.fill([films], 3), MOVIE_ID: tf.constant(movie)}
    chance = model.rate_tasks(ids)["watched"].numpy()
    drawn = len(pairs) / films
    assert chance[:20].mean() == pytest.approx(users / (users + drawn), abs=0.06)
    assert chance[20:].mean() == pytest.approx(1.5 / (1.5 + drawn), abs=0.06)


def test_a_base_with_other_tasks_is_no_start(data):
    class Base:
        kind = "SharedBottom"

    one, two = (made(SharedBottomConfig, data, **{off: 0.0}) for off in ("liked_weight", "watched_weight"))
    Base.weights = {name: weight.variable.numpy() for name, weight in one.weights_by_name().items()}
    Base.keys = {name: weight.keys for name, weight in one.weights_by_name().items() if weight.keys}
    assert "only one of the two has liked_tower 0" in misfit(Base, "SharedBottom", two.weights_by_name())
    assert misfit(Base, "SharedBottom", one.weights_by_name()) == ""
