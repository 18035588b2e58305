from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from trainer.training import batches as batches_module
from trainer.training.batches import eval_batches, fits_in_memory, in_memory, streamed
from trainer.training.config import TrainConfig


def config(**settings):
    return TrainConfig(**{"batch_size": 400, "unknown_rate": 0.0, **settings})


def epoch(batches, number=0):
    """The epoch's batches."""
    return list(batches.starting_at(number).take(batches.steps).as_numpy_iterator())


def counted(epoch_batches):
    return Counter(tuple(row) for batch in epoch_batches for row in zip(*batch.values(), strict=True))


@pytest.fixture(params=["in memory", "streamed", "streamed in windows"])
def make(request, data, monkeypatch):
    if request.param == "streamed in windows":
        monkeypatch.setattr(batches_module, "RUN_ROWS", 16)
        monkeypatch.setattr(batches_module, "WINDOW_ROWS", 700)
    way = in_memory if request.param == "in memory" else streamed
    return lambda settings: way(data.train, settings)


def test_every_row_comes_once_an_epoch(make, data):
    batches = make(config())
    expected = Counter(zip(*data.train.features().values(), strict=True))
    for number in range(2):
        assert counted(epoch(batches, number)) == expected


def test_the_order_is_the_epochs_own_and_repeats_with_the_seed(make):
    batches = make(config())
    first, second = epoch(batches, 0)[0]["user_id"], epoch(batches, 1)[0]["user_id"]

    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(epoch(make(config()), 1)[0]["user_id"], second)
    assert not np.array_equal(epoch(make(config(seed=7)), 0)[0]["user_id"], first)


def test_going_on_at_an_epoch_gives_what_an_uninterrupted_run_gives(make):
    batches = make(config())
    through = list(batches.starting_at(0).take(2 * batches.steps).as_numpy_iterator())[batches.steps :]
    for straight, resumed in zip(through, epoch(batches, 1), strict=True):
        np.testing.assert_array_equal(straight["movie_id"], resumed["movie_id"])


def test_no_batch_is_larger_than_asked_and_steps_divide_into_executions(make):
    batches = make(config(batch_size=37))
    assert max(len(batch["user_id"]) for batch in epoch(batches)) <= 37
    assert batches.steps % batches.steps_per_execution == 0
    assert batches.steps >= 2500 / 37


def test_a_share_of_rows_stands_in_for_the_unknown(make, data):
    batch = epoch(make(config(unknown_rate=0.2, batch_size=2500)))[0]
    assert 0.1 < np.mean(batch["user_id"] == 0) < 0.25
    assert 0.1 < np.mean(batch["movie_id"] == 0) < 0.25
    assert np.mean((batch["user_id"] == 0) & (batch["movie_id"] == 0)) < 0.1
    assert data.train.user.min() == 1  # the ratings themselves are left as they are


def test_eval_is_every_row_in_order(data):
    found = np.concatenate(
        [batch["user_rating"] for batch in eval_batches(data.evaluation, 64).as_numpy_iterator()]
    )
    np.testing.assert_array_equal(found, data.evaluation.rating)


def test_memory_decides_when_it_may():
    gigabyte = 1 << 30
    assert fits_in_memory(1_000_000, config(), gigabyte)
    assert not fits_in_memory(10_000_000, config(), gigabyte)
    assert fits_in_memory(10_000_000, config(in_memory="always"), gigabyte)
    assert not fits_in_memory(10, config(in_memory="never"), gigabyte)


def test_batches_are_integer_ids(make):
    dataset = make(config()).starting_at(0)
    types = {name: spec.dtype for name, spec in dataset.element_spec.items()}
    assert types == {
        "user_id": tf.int32,
        "movie_id": tf.int32,
        "user_rating": tf.float32,
        "timestamp": tf.int64,
    }
