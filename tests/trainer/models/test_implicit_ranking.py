"""Ranking on implicit feedback: the chance of an interaction against sampled negatives."""

import numpy as np
import pytest
import tensorflow as tf

from marquee.errors import ConfigError, DataError
from tests.trainer import implicit
from trainer.data.catalogue import Ragged, from_columns
from trainer.data.description import Description, Nouns, Scale
from trainer.data.learnable import check_learnable
from trainer.data.rating_data import RatingData
from trainer.data.vocabularies import Vocabularies
from trainer.export.ranking import export_ranking
from trainer.export.trained_answers import trained_answers
from trainer.export.verify import verify_export
from trainer.models.layers.heads import ChanceHead, MeanHead
from trainer.models.layers.implicit_sets import ImplicitSets
from trainer.training.ranking import RankingSettings, eval_with_negatives, train_ranking

LOOP = {"epochs": 15, "batch_size": 512, "learning_rate": 0.03}
KINDS = [
    {"kind": "mf", "dim": 4, "members": 2},
    {"kind": "mlp", "dim": 8, "hidden": [16]},
    {"kind": "deepfm", "dim": 8, "hidden": [16], "l2": 1},
    {"kind": "joint", "dim": 8, "hidden": [16], "l2": 1},
]


@pytest.fixture(scope="module")
def data():
    return implicit.data()


def settings(model, **more):
    return RankingSettings.of({"model": model, "train": LOOP, **more}, None)


def test_a_chance_is_the_mean_of_the_members_sigmoids_and_its_loss_their_log_loss(data):
    catalogue = data.catalogue
    head = ChanceHead(_shares(catalogue, 4))  # one interaction beside four negatives: odds of 1 : 4
    scores = np.array([[0.0, np.log(4)], [-1.0, 2.0]], np.float32)
    chances = np.array([[0.2, 0.5], [1 / (1 + 4 * np.e), 1 / (1 + 4 * np.exp(-2))]])
    np.testing.assert_allclose(head(scores), chances.mean(axis=1), rtol=1e-5)
    losses = np.stack([-np.log(chances[0]), -np.log(1 - chances[1])])
    np.testing.assert_allclose(head.loss(scores, tf.constant([1.0, 0.0])), losses, rtol=1e-5)


@pytest.mark.parametrize("model", KINDS, ids=lambda model: model["kind"])
def test_every_kind_tells_interactions_from_negatives(model, data, tmp_path):
    result = train_ranking(settings(model), data)
    best = result.history[result.best_epoch - 1]
    assert best["val_log_loss"] < 0.495  # always a chance of 0.2 has 0.5004
    assert best["val_auc"] > 0.6
    assert result.model.monitor == "val_log_loss"
    held_out = eval_with_negatives(data, 4)
    chances = result.model({"user_id": held_out.user, "movie_id": held_out.movie}).numpy()
    assert 0 <= chances.min() < chances.max() <= 1
    assert chances.mean() == pytest.approx(0.2, abs=0.05)  # calibrated to the sampling rate
    export_ranking(result.model, str(tmp_path / "model"))
    assert verify_export(str(tmp_path / "model"), trained_answers(result.model)) < 1e-5


@pytest.mark.parametrize("xla", [False, True])
def test_the_pair_that_is_asked_about_is_left_out_of_both_sets(xla):
    sets = Ragged(np.array([1, 2, 3, 3], np.int32), np.array([0, 0, 3, 4, 4]))  # {}, {1, 2, 3}, {3}, {}
    table = np.array([[9.0], [1.0], [2.0], [6.0]], np.float32)
    layer = ImplicitSets(sets, limit=10)
    ids, targets = tf.constant([1, 1, 2, 3, 0]), tf.constant([3, 0, 3, 1, 2])

    @tf.function(jit_compile=xla)
    def without():
        return layer.without(layer(table, ids, xla=True), tf.gather(table, targets), ids, targets)

    # {1, 2}; {1, 2, 3}, which lacks 0; nothing; nothing; nothing.
    np.testing.assert_allclose(
        without()[:, 0], [3 / np.sqrt(2), 9 / np.sqrt(3), 0, 0, 0], rtol=1e-5, atol=1e-6
    )


def test_a_killed_training_resumes_with_the_same_negatives(data, tmp_path):
    config = settings(KINDS[0])
    whole = train_ranking(config, data).history

    class Killed(Exception):
        pass

    def kill(epoch, logs):
        if epoch == 3:
            raise Killed

    with pytest.raises(Killed):
        train_ranking(config, data, backup_dir=str(tmp_path), on_epoch=kill)
    resumed = train_ranking(config, data, backup_dir=str(tmp_path))
    assert resumed.resumed >= 2
    for before, after in zip(whole, resumed.history, strict=True):
        assert after["loss"] == pytest.approx(before["loss"], rel=1e-4)
        assert after["val_log_loss"] == pytest.approx(before["val_log_loss"], rel=1e-4)


@pytest.mark.parametrize("head", ["ordinal", "squared", "chance"])
def test_implicit_data_have_the_head_of_chances(head):
    chosen = settings({"kind": "mf", "head": head}).for_data(implicit.PLAYS)
    assert (chosen.model.head, chosen.monitor) == ("chance", "val_log_loss")


@pytest.mark.parametrize(
    ("scale", "levels", "head"),
    [
        (None, 5, "ordinal"),
        (None, 21, "squared"),
        (Scale(min=0, max=10, step=0.5), 3, "squared"),  # 21 ratings, of which train has 3
        (Scale(min=1, max=20, step=1), 25, "ordinal"),
        (Scale(min=0, max=1), 400, "squared"),
    ],
)
def test_the_ordinal_head_is_for_scales_of_at_most_twenty_ratings(scale, levels, head):
    chosen = settings({"kind": "mf", "head": "ordinal"}).for_data(Description(scale=scale), levels)
    assert (chosen.model.head, chosen.monitor) == (head, "val_rmse")


def test_a_head_of_chances_for_ratings_is_an_error():
    with pytest.raises(ConfigError, match="the data have ratings"):
        settings({"kind": "mf", "head": "chance"}).for_data(Description())


def test_a_multi_task_model_of_implicit_data_without_event_types_is_an_error():
    with pytest.raises(ConfigError, match=r"'mmoe'.*one task alone, the chance of an interaction"):
        settings({"kind": "mmoe"}).for_data(implicit.PLAYS)


def test_answers_stay_in_the_scale():
    catalogue = _of_ratings([2.0, 8.0], Description(scale=Scale(min=0, max=10, step=1)))
    head = MeanHead(catalogue)
    np.testing.assert_allclose(head(np.array([[-9.0], [1.5], [9.0]], np.float32)), [0, 6.5, 10])
    of_train = MeanHead(_of_ratings([2.0, 8.0]))
    np.testing.assert_allclose(of_train(np.array([[-9.0], [9.0]], np.float32)), [2, 8])
    # Outside the scale the error keeps its gradient.
    np.testing.assert_allclose(head.loss(np.array([[-9.0]], np.float32), tf.constant([1.0])), [[25.0]])


@pytest.mark.parametrize(
    ("rows", "feedback", "task", "said"),
    [
        ([("a", "x", 4)] * 9, "explicit", "retrieval", "train holds 9 ratings, fewer than 10"),
        ([("a", str(n), n % 5) for n in range(12)], "explicit", "ranking", "are of one user"),
        ([(str(n), "x", 1) for n in range(12)], "implicit", "retrieval", "are of one song"),
        ([(str(n % 4), str(n % 7), 4) for n in range(12)], "explicit", "ranking", "ratings of train are 4,"),
        ([(str(n % 3), str(n // 3), 1) for n in range(12)], "implicit", "ranking", "has all 4 songs"),
    ],
)
def test_data_that_say_nothing_are_refused_in_a_sentence(rows, feedback, task, said):
    description = Description(feedback=feedback, nouns=Nouns(item="song"))
    with pytest.raises(DataError, match="There is nothing to learn: ") as error:
        check_learnable(_data(rows, description), task)
    assert said in error.value.message
    assert error.value.hint


@pytest.mark.parametrize(
    ("rows", "feedback", "task"),
    [
        ([(str(n % 4), str(n % 7), 4) for n in range(12)], "explicit", "retrieval"),
        ([(str(n % 4), str(n % 7), 1) for n in range(12)], "implicit", "ranking"),
        ([(str(n % 3), str(n // 3), 1) for n in range(12)], "implicit", "retrieval"),
    ],
)
def test_what_can_be_learned_is_let_through(rows, feedback, task):
    check_learnable(_data(rows, Description(feedback=feedback)), task)


def _data(rows, description):
    users, items, strengths = zip(*rows, strict=True)
    columns = {"user_id": users, "movie_id": items, "user_rating": [float(each) for each in strengths]}
    train, catalogue = from_columns(columns, Vocabularies.from_columns(columns, description))
    return RatingData(train, None, catalogue)


def _of_ratings(stars, description=Description()):  # noqa: B008 - frozen
    return _data([("a", "x", star) for star in stars], description).catalogue


def _shares(catalogue, negatives):
    from trainer.training.ranking import _of_labels

    return _of_labels(catalogue, negatives)
