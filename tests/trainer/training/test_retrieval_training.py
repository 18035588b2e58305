from dataclasses import replace

import numpy as np
import pytest

from marquee.errors import TrainingError
from trainer.data.ratings import Ratings
from trainer.evaluation.held_out import positives_by_user
from trainer.training.batches import Rows, in_memory, streamed
from trainer.training.config import TrainConfig
from trainer.training.early_stopping import EarlyStopping
from trainer.training.retrieval import RetrievalSettings, evaluation, learned_from, train_retrieval
from trainer.training.retrieval_cost import check_full_softmax, epoch_minutes, short_executions


def settings(model=None, **train):
    train = {"epochs": 3, "batch_size": 250, "patience": 0, "learning_rate": 0.02, **train}
    return RetrievalSettings.of(
        {"model": {"kind": "two_tower", "dim": 8, **(model or {})}, "train": train}, None
    )


def ratings(rows):
    """Of (user, movie, stars)."""
    user, movie, stars = (np.array(column) for column in zip(*rows, strict=True))
    return Ratings(
        user.astype(np.int32), movie.astype(np.int32), stars.astype(np.float32), np.arange(len(user))
    )


@pytest.fixture(scope="module")
def plain(data):
    return train_retrieval(settings(), data)


def test_each_epoch_is_ranked_over_the_full_catalogue(plain, data):
    last = plain.history[-1]
    assert set(last) >= {"loss", "val_recall@10", "val_recall@100", "val_ndcg@10"}
    assert plain.history[-1]["loss"] < plain.history[0]["loss"]
    assert last["val_recall@100"] == 1.0  # of 60 films
    assert evaluation(data)(plain.model)["ndcg@10"] == pytest.approx(last["val_ndcg@10"])


def test_the_same_seed_gives_the_same_model(plain, data):
    again = train_retrieval(settings(), data)
    # As near as sums whose order the threads decide can be.
    for logs, before in zip(again.history, plain.history, strict=True):
        assert logs == pytest.approx(before, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(
    "model",
    [
        pytest.param({"loss": "in_batch"}, marks=pytest.mark.slow),
        {"loss": "in_batch", "hard_negatives": 20, "sampling_correction": False, "temperature": 0.5},
        {"history": False, "id_dropout": 0, "title_text": False, "features": []},
        {"hidden": [16], "dropout": 0.1},
        pytest.param({"min_rating": 4}, marks=pytest.mark.slow),
    ],
)
def test_every_way_to_learn_lowers_the_loss(model, data):
    result = train_retrieval(settings(model), data)
    assert result.history[-1]["loss"] < result.history[0]["loss"]


def test_xla_learns_the_same(plain, data):
    last = train_retrieval(settings(xla=True), data).history[-1]
    assert last["loss"] == pytest.approx(plain.history[-1]["loss"], abs=0.02)


def test_half_precision_leaves_the_towers_as_they_are(plain, data):
    model = {"hidden": [16], "hard_negatives": 10, "loss": "in_batch"}
    result = train_retrieval(settings(model, precision="mixed_float16"), data)
    assert result.history[-1]["loss"] < result.history[0]["loss"]
    assert result.model.user_vectors(data.train.user[:3]).dtype == "float32"


def test_training_stops_when_eval_gets_no_better_and_keeps_the_best(data):
    result = train_retrieval(settings(epochs=30, patience=2, learning_rate=0.1, schedule="none"), data)
    values = [logs["val_ndcg@10"] for logs in result.history]

    assert result.epochs < 30
    assert result.best_epoch == 1 + int(np.argmax(values)) == result.epochs - 2
    assert evaluation(data)(result.model)["ndcg@10"] == pytest.approx(max(values), abs=1e-6)


def test_where_higher_is_better_the_highest_is_best():
    stopping = EarlyStopping("val_recall@10", patience=0, mode="max")
    for epoch, value in enumerate([0.1, 0.3, 0.2]):
        stopping.on_epoch_end(epoch, {"val_recall@10": value})
    assert (stopping.best, stopping.best_epoch, stopping.wait) == (0.3, 1, 1)


def test_a_backup_of_a_finished_epoch_is_gone_on_from(plain, data, tmp_path):
    class Stop(Exception):
        pass

    def stop(epoch, logs):
        if epoch == 2:
            raise Stop

    with pytest.raises(Stop):
        train_retrieval(settings(), data, backup_dir=str(tmp_path), on_epoch=stop)
    resumed = train_retrieval(settings(), data, backup_dir=str(tmp_path))

    assert resumed.resumed == 2
    # Hashes, draws and optimizer go on from where they were.
    assert resumed.history[-1] == pytest.approx(plain.history[-1], abs=1e-3)


def test_positives_are_those_with_enough_stars_and_an_unknown_film_stays_one():
    rows = ratings([(2, 5, 4.0), (1, 3, 5.0), (2, 6, 2.0), (0, 3, 5.0), (2, 0, 5.0)])
    every, liked = positives_by_user(rows, 4), positives_by_user(rows, 4, min_rating=4)
    assert [every[user].tolist() for user in range(4)] == [[], [3], [5, 6, 0], []]
    assert [liked[user].tolist() for user in range(4)] == [[], [3], [5, 0], []]


def test_an_eval_that_asks_for_nothing_is_an_error(data):
    nothing = replace(data, evaluation=ratings([(0, 1, 5.0)]))
    with pytest.raises(TrainingError, match="holds no positive of a user whom train knows"):
        evaluation(nothing)


def test_an_eval_that_is_all_in_train_is_said_to_be_so_and_not_to_diverge(data):
    known = data.train[data.train.user > 0]
    repeated = replace(data, evaluation=known[:5])
    with pytest.raises(
        TrainingError, match="All 5 positives of the split are items that the same user has in train"
    ):
        train_retrieval(settings(), repeated)


def test_a_threshold_that_no_rating_reaches_is_said(data):
    with pytest.raises(TrainingError, match=r"No rating in train has at least model.min_rating = 6 stars"):
        train_retrieval(settings({"min_rating": 6}), data)


@pytest.mark.parametrize("way", [in_memory, streamed])
def test_only_positives_are_learned_from_and_only_users_stand_in_for_the_unknown(way, data):
    liked = data.train[data.train.rating >= 4]
    kept = Rows(min_rating=4, forgotten=("user_id",))
    config = TrainConfig(batch_size=400, unknown_rate=0.2)
    batches = way(liked, config, kept)
    epoch = list(batches.starting_at(0).take(batches.steps).as_numpy_iterator())
    columns = {name: np.concatenate([batch[name] for batch in epoch]) for name in epoch[0]}

    assert sorted(columns["movie_id"]) == sorted(liked.movie)
    assert columns["user_rating"].min() >= 4
    assert 0.1 < np.mean(columns["user_id"] == 0) < 0.25


def test_a_films_chance_in_a_batch_is_its_share_of_the_positives(data):
    chosen = settings(model={"loss": "in_batch", "min_rating": 5.0}, epochs=1)
    model = train_retrieval(chosen, data, passes=0).model

    fives = data.train.movie[data.train.rating == 5]
    expected = np.bincount(fives, minlength=data.catalogue.movies) / len(fives)
    np.testing.assert_allclose(model._chance(np.arange(data.catalogue.movies)), expected, rtol=1e-5)


def test_a_full_softmax_that_would_not_end_says_what_to_set_before_it_begins():
    full = settings({"loss": "full"})
    with pytest.raises(TrainingError) as error:
        check_full_softmax(full, rows=2_000_000, items=300_000, memory=2**40)

    assert "2,000,000 ratings x 300,000 items take about" in error.value.message
    assert "retrieval.model.loss=sampled or retrieval.model.loss=in_batch" in error.value.hint
    check_full_softmax(settings({"loss": "sampled"}), rows=2_000_000, items=300_000, memory=2**40)
    check_full_softmax(full, rows=100_000, items=1_682, memory=2**34)
    patient = full.model_copy(update={"max_epoch_minutes": None})
    check_full_softmax(patient, rows=2_000_000, items=300_000, memory=2**40)


def test_a_step_of_the_full_softmax_that_does_not_fit_says_what_to_set():
    full = settings({"loss": "full"}, batch_size=4096)
    with pytest.raises(TrainingError, match="a step of 4,096 ratings x 300,000 items needs 18 GiB"):
        check_full_softmax(full, rows=10_000, items=300_000, memory=16 * 2**30)


def test_what_an_epoch_of_the_full_softmax_takes_is_in_proportion():
    assert epoch_minutes(1000, 2000, cores=1) == 2 * epoch_minutes(1000, 2000, cores=2)
    assert epoch_minutes(2000, 2000, gpus=1) == 4 * epoch_minutes(1000, 1000, gpus=1)


def test_the_loss_of_mf_and_sasrec_is_named_as_they_have_it(data):
    for kind, hint in (("mf", "loss=sampled or retrieval.model.loss=bpr"), ("sasrec", "loss=sampled,")):
        chosen = RetrievalSettings.of(
            {"model": {"kind": kind, "loss": "full"}, "max_epoch_minutes": 1e-9}, None
        )
        with pytest.raises(TrainingError) as error:
            train_retrieval(chosen, data)
        assert hint in error.value.hint


def test_steps_that_take_long_are_executed_few_at_a_time_so_that_an_interruption_is_seen(data):
    whole = learned_from(settings({"loss": "full"}, batch_size=100), data)
    assert whole.steps_per_execution > 10

    short = short_executions(whole, settings({"loss": "full"}), items=10**7)
    assert (short.steps_per_execution, short.steps) == (1, whole.steps)
    assert short_executions(whole, settings({"loss": "full"}), items=60) == whole
    assert short_executions(whole, settings({"loss": "sampled"}), items=10**9) == whole
