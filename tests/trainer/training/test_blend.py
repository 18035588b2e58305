"""Blends: what their scores are, how weights are found, and that a later training repeats them."""

import json

import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from marquee.errors import ConfigError
from tests.trainer.eagerly import eagerly
from trainer.data.catalogue import Ragged, from_columns
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies
from trainer.evaluation.held_out import HeldOut
from trainer.models.retrieval.blend import Blend
from trainer.models.retrieval.config import BlendConfig
from trainer.models.retrieval.model import RetrievalModel
from trainer.training.blend import ScoresOfParts
from trainer.training.blended import Blended, repeated
from trainer.training.hyperparameters import apply_hyperparameters
from trainer.training.retrieval import RetrievalSettings, evaluation, train_retrieval

PARTS = {"ials": {"model": {"dim": 4, "l2": 2}}, "ease": {"model": {"l2": 5}}}


def settings(parts=PARTS, **train):
    return RetrievalSettings.of({"model": {"kind": "blend", "parts": parts}, "train": train}, None)


@pytest.fixture(scope="module")
def data():
    """40 users with 8 of 30 films each, of their own half; two of them are held out."""
    random = np.random.default_rng(8)
    films = np.stack([random.choice(15, 8, replace=False) for _ in range(40)]) * 2
    films += np.arange(40)[:, None] % 2
    columns = [
        {
            "user_id": [f"u{user}" for user in range(40) for _ in range(part.shape[1])],
            "movie_id": [f"m{film}" for film in part.ravel()],
            "movie_title": [f"Film {film}" for film in part.ravel()],
            "user_rating": [4.0] * part.size,
            "timestamp": list(range(part.size)),
        }
        for part in (films[:, :6], films[:, 6:])
    ]
    vocabularies = Vocabularies.from_columns(columns[0], shipped("movielens"))
    ratings, catalogue = from_columns(columns[0], vocabularies)
    return RatingData(ratings, Ratings.from_columns(columns[1], vocabularies), catalogue)


@pytest.fixture(scope="module")
def trained(data):
    return train_retrieval(settings(), data)


class Fixed(RetrievalModel):
    """Scores users × films that are given, and the bias 0."""

    def __init__(self, catalogue, scores):
        super().__init__(catalogue)
        self._table = tf.constant(scores, tf.float32)

    def user_vectors(self, ids):
        return tf.concat([tf.gather(self._table, ids), tf.ones([len(ids), 1])], axis=1)

    def item_vectors(self, ids):
        films = tf.eye(self._table.shape[1])
        return tf.concat([tf.gather(films, ids), tf.zeros([len(ids), 1])], axis=1)


def test_a_score_is_the_weighted_sum_of_the_parts_scores_over_their_deviations(data):
    random, shape = np.random.default_rng(1), (data.catalogue.users, data.catalogue.movies)
    small, large = random.normal(size=shape), 50 * random.normal(size=shape)
    parts = {"small": Fixed(data.catalogue, small), "large": Fixed(data.catalogue, large)}
    config = BlendConfig(parts={name: {"model": {"kind": "ease"}} for name in parts})
    blend = Blend(config, data.catalogue, parts)
    blend.weigh({"small": 3, "large": 1}, scale=2.0)

    deviations = [np.sqrt(each[1:, 1:].var(axis=1).mean()) for each in (small, large)]
    wanted = 2 * (0.75 * small / deviations[0] + 0.25 * large / deviations[1])
    np.testing.assert_allclose(blend.scores(np.arange(shape[0])), wanted, rtol=1e-4, atol=1e-4)


def test_films_are_alike_as_much_as_the_parts_say_by_their_weights(data):
    random, shape = np.random.default_rng(1), (data.catalogue.users, data.catalogue.movies)
    parts = {name: Fixed(data.catalogue, random.normal(size=shape)) for name in ("a", "b")}
    blend = Blend(
        BlendConfig(parts={name: {"model": {"kind": "ease"}} for name in parts}), data.catalogue, parts
    )
    blend.weigh({"a": 3, "b": 1})
    vectors = blend.item_vectors(tf.range(1, 3)).numpy()
    squares = [np.square(each).sum(axis=1) for each in np.split(vectors[:, :-2], 2, axis=1)]
    np.testing.assert_allclose(squares, [[0.75, 0.75], [0.25, 0.25]], rtol=1e-5)


def test_the_weights_found_are_those_of_the_part_that_knows(data):
    """One part's scores are what the users watch, the other's are noise."""
    random, shape = np.random.default_rng(2), (data.catalogue.users, data.catalogue.movies)
    held_out = HeldOut.of(data.evaluation, data.catalogue)
    knows = np.zeros(shape)
    for user in held_out.users:
        knows[user, held_out.positives[user]] = 1
    parts = {"knows": Fixed(data.catalogue, knows), "noise": Fixed(data.catalogue, random.normal(size=shape))}
    config = BlendConfig(parts={name: {"model": {"kind": "ease"}} for name in parts})
    scores = ScoresOfParts(Blend(config, data.catalogue, parts), held_out, "ndcg@10")
    weights = scores.best_weights()
    assert weights["knows"] > 0.5
    assert scores.quality(weights) == pytest.approx(1.0)
    assert scores.quality({"knows": 0.0, "noise": 1.0}) < 0.5


def test_the_scale_is_that_of_the_likeliest_softmax(data):
    shape = (data.catalogue.users, data.catalogue.movies)
    scores = np.zeros(shape)
    scores[:, 1] = 1.0  # one film is better than the others, for everybody
    config = BlendConfig(parts={name: {"model": {"kind": "ease"}} for name in ("a", "b")})
    parts = {name: Fixed(data.catalogue, scores) for name in config.parts}
    # Of two users one takes the better film; nobody has seen any. So the odds of it are 1 : 1.
    positives = Ragged(np.array([1, 2], np.int32), np.array([0, 0, 1, 2, *[2] * (shape[0] - 3)]))
    nothing = Ragged(np.zeros(0, np.int32), np.zeros(shape[0] + 1, np.int64))
    blank = HeldOut(
        data.catalogue.__class__(**{**vars(data.catalogue), "watched": nothing}),
        positives,
        np.array([1, 2], np.int32),
        0,
    )
    blend = Blend(config, data.catalogue, parts)
    found = ScoresOfParts(blend, blank, "ndcg@10").best_scale({"a": 0.5, "b": 0.5})
    lead = 1 / blend.deviation(parts["a"])  # of the better film, at scale 1
    others = shape[1] - 2
    assert np.exp(found * lead) / (np.exp(found * lead) + others) == pytest.approx(0.5, abs=0.01)


def test_what_was_found_is_as_good_on_eval_as_training_says(trained, data):
    found = trained.blend
    held_out = HeldOut.of(data.evaluation, data.catalogue)
    scores = ScoresOfParts(trained.model, held_out, "ndcg@10")
    assert sum(found.weights.values()) == pytest.approx(1)
    assert found.scores.keys() == found.epochs.keys() == PARTS.keys()
    assert trained.history[-1]["val_ndcg@10"] == pytest.approx(scores.quality(found.weights), abs=1e-4)
    assert trained.history[-1]["val_ndcg@10"] >= max(found.scores.values()) - 1e-4
    assert (trained.epochs, trained.best_epoch) == (1, 1)


def test_a_later_training_repeats_weights_scale_and_epochs(data, trained):
    report = {"settings": settings().model_dump(), "best_epoch": 1, "blend": vars(trained.blend)}
    again = repeated(json.loads(json.dumps(report)), from_nothing=False)
    assert again == {"passes": 1, "blend": trained.blend}
    everything = RatingData(data.train, None, data.catalogue)
    repetition = train_retrieval(settings(), everything, **again)
    assert repetition.blend == trained.blend
    users = np.arange(data.catalogue.users, dtype=np.int32)
    np.testing.assert_allclose(
        repetition.model.scores(users), trained.model.scores(users), rtol=1e-3, atol=1e-3
    )
    assert repeated({**report, "blend": None}, from_nothing=False) == {"passes": 1}
    assert repeated(report, from_nothing=True)["blend"].epochs == {}


def test_configured_weights_are_kept(data):
    parts = {
        name: {**part, "weight": weight} for (name, part), weight in zip(PARTS.items(), (3, 1), strict=True)
    }
    with eagerly():
        found = train_retrieval(settings(parts), data).blend
    assert found.weights == {"ials": 0.75, "ease": 0.25}
    assert found.scale > 0


def test_without_eval_the_parts_weigh_the_same(data):
    with eagerly():
        found = train_retrieval(settings(), RatingData(data.train, None, data.catalogue)).blend
    assert found == Blended({"ials": 0.5, "ease": 0.5}, 1.0, {"ials": 10, "ease": 1}, {})


def test_a_killed_training_resumes_with_the_part_that_was_trained(data, tmp_path, monkeypatch):
    reported = []

    def kill(what, *_):
        reported.append(what)
        if what.startswith("ials: epoch 4"):
            raise KeyboardInterrupt

    monkeypatch.setattr("trainer.training.blend.report", kill)
    with pytest.raises(KeyboardInterrupt):
        train_retrieval(settings(), data, backup_dir=str(tmp_path))
    del reported[:]
    monkeypatch.setattr("trainer.training.blend.report", lambda what, *_: reported.append(what))
    train_retrieval(settings(), data, backup_dir=str(tmp_path))
    assert reported[0].startswith("ials: epoch 5 of 10, ndcg@10 on eval")


def test_a_part_is_of_the_kind_of_its_name_and_trained_as_suits_it():
    model = settings({"multvae": {}, "wide": {"model": {"kind": "ials", "dim": 200}}}).model
    assert [part.model.kind for part in model.parts.values()] == ["multvae", "ials"]
    assert model.parts["multvae"].train["epochs"] == 50
    assert model.parts["wide"].train["batch_size"] == 4096


def test_a_part_has_its_own_loop_and_the_devices_of_all():
    given = settings({**PARTS, "mf": {"train": {"epochs": 3}}}, seed=7, precision="mixed_bfloat16")
    part = given.of_part("mf")
    assert (part.model.kind, part.train.epochs, part.train.seed) == ("mf", 3, 7)
    assert part.train.precision == "mixed_bfloat16"


def test_a_search_reaches_into_the_parts():
    found = apply_hyperparameters(
        settings(), {"model.parts.ease.model.l2": 70.0, "model.parts.ials.train.epochs": 3}
    )
    assert (found.model.parts["ease"].model.l2, found.of_part("ials").train.epochs) == (70.0, 3)
    with pytest.raises(ConfigError, match=r"model\.parts\.slim\.model\.l2 = 1: there is no such setting"):
        apply_hyperparameters(settings(), {"model.parts.slim.model.l2": 1})


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"ease": {}}, r"at least 2 items"),
        ({"ease": {}, "blend": {}}, r"'blend'.*does not match any of the expected tags"),
        ({"ease": {"weight": 1}, "ials": {}}, r"ials without a weight; give every part a weight, or none"),
        ({"ease": {"weight": 0}, "ials": {"weight": 0}}, r"every weight is 0"),
        (
            {"ease": {}, "ials": {"train": {"seed": 3}}},
            r"parts\.ials\.train\.seed.*set retrieval\.train\.seed",
        ),
        (
            {"ease": {}, "ials": {"train": {"epoch": 3}}},
            r"parts\.ials\.train\.epoch: .* keys: batch_size, epochs",
        ),
        ({"ease": {}, "ials": {"train": {"epochs": 0}}}, r"parts\.ials\.train\.epochs = 0: .*greater than"),
        ({"ease": {}, "a.b": {"model": {"kind": "mf"}}}, r"'a\.b' is no name"),
    ],
)
def test_what_is_wrong_with_the_parts_is_said(parts, says):
    with pytest.raises(ConfigError, match=says):
        settings(parts)


def test_evaluation_is_that_of_other_kinds(trained, data):
    assert trained.history[-1] == pytest.approx(
        {f"val_{name}": value for name, value in evaluation(data)(trained.model).items()}
    )
