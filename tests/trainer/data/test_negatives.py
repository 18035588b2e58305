import numpy as np
import pytest

from tests.trainer import implicit
from trainer.data.implicit.negatives import Negatives, by_generator, by_hash
from trainer.data.ratings import Ratings, pair_keys
from trainer.training.batches import Rows, batches
from trainer.training.config import TrainConfig
from trainer.training.ranking import eval_with_negatives


def ratings(*pairs):
    users, items = (np.array(column, np.int32) for column in zip(*pairs, strict=True))
    return Ratings(users, items, np.full(len(pairs), 7, np.float32), np.arange(len(pairs)))


# Item 1 has eight users, item 2 one, item 3 one: 8 ** 0.75 is 4.757.
SHARES = np.array([8**0.75, 1, 1]) / (8**0.75 + 2)
TRAIN = ratings(*((user, 1) for user in range(2, 10)), (2, 2), (3, 3))


def test_items_are_drawn_by_popularity_to_the_power_of_three_quarters():
    negatives = Negatives.of(TRAIN, TRAIN, users=11, number=1)
    drawn = negatives.draw(np.full(20_000, 10, np.int32), by_generator(np.random.default_rng(0)))
    np.testing.assert_allclose(np.bincount(drawn, minlength=4)[1:] / 20_000, SHARES, atol=0.01)


def test_no_item_of_the_user_is_drawn_and_the_others_keep_their_shares():
    negatives = Negatives.of(TRAIN, TRAIN, users=11, number=1)
    drawn = negatives.draw(
        np.full(4_000, 4, np.int32), by_generator(np.random.default_rng(0))
    )  # who has item 1
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 4_000, [0, 0, 0.5, 0.5], atol=0.03)


def test_who_has_nearly_everything_gets_what_is_left():
    many = ratings(*((1, item) for item in range(1, 200)), *((user, 1) for user in range(2, 5_000)), (2, 200))
    negatives = Negatives.of(many, many, users=5_000, number=3)
    assert set(negatives.draw(np.ones(50, np.int32), by_generator(np.random.default_rng(1)))) == {200}
    assert not negatives.exhausted.any()


def test_who_has_everything_gets_no_negatives():
    train = ratings((1, 1), (1, 2), (2, 1), (3, 0))
    negatives = Negatives.of(ratings((1, 1), (1, 2), (2, 1)), train, users=4, number=2)
    assert negatives.exhausted.tolist() == [False, True, False, False]
    assert negatives.rows(train.user) == 4 + 2 * 2
    found = negatives.with_negatives(train, np.random.default_rng(0))
    assert found.rating.tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert found.user.tolist() == [1, 1, 2, 3, 2, 2, 3, 3]
    assert found.movie[4:6].tolist() == [2, 2]
    assert found.timestamp[4:].tolist() == [2, 2, 3, 3]


def test_positives_of_unknown_items_have_negatives_of_unknown_items_beside_them():
    held_out = ratings(*((1, 0) for _ in range(6)), *((1, 1) for _ in range(16)))
    negatives = Negatives.of(held_out, held_out, users=3, number=1)
    drawn = negatives.draw(np.full(10_000, 2, np.int32), by_generator(np.random.default_rng(0)))
    assert np.mean(drawn == 0) == pytest.approx(6 / (6 + 16**0.75), abs=0.02)
    assert set(negatives.draw(np.ones(100, np.int32), by_generator(np.random.default_rng(0)))) == {
        0
    }  # who has item 1


def test_draws_by_hash_depend_on_their_own_row_alone():
    negatives = Negatives.of(TRAIN, TRAIN, users=11, number=1)
    users, keys = np.array([2, 4, 9, 3], np.int32), np.array([5, 6, 7, 8], np.uint64)
    whole = negatives.draw(users, by_hash(keys))
    np.testing.assert_array_equal(negatives.draw(users[2:], by_hash(keys[2:])), whole[2:])
    many = negatives.draw(np.full(20_000, 10, np.int32), by_hash(np.arange(20_000, dtype=np.uint64)))
    np.testing.assert_allclose(np.bincount(many, minlength=4)[1:] / 20_000, SHARES, atol=0.01)


@pytest.mark.parametrize("in_memory", ["always", "never"])
def test_every_epoch_holds_each_interaction_once_and_fresh_negatives(in_memory):
    data = implicit.data()
    negatives = Negatives.of(data.train, data.train, data.catalogue.users, 4)
    config = TrainConfig(batch_size=256, in_memory=in_memory, unknown_rate=0)
    made = batches(data.train, config, Rows(negatives=negatives))
    assert made.rows == 5 * len(data.train)
    epochs = [_rows(made, epoch) for epoch in (0, 1, 1)]
    known = np.sort(pair_keys(data.train.user, data.train.movie))
    for found in epochs:
        labels, keys = found["user_rating"], pair_keys(found["user_id"], found["movie_id"])
        assert sorted(set(labels)) == [0, 1]
        np.testing.assert_array_equal(np.sort(keys[labels == 1]), known)
        assert not np.isin(keys[labels == 0], known).any()
        np.testing.assert_array_equal(
            np.bincount(found["user_id"][labels == 0]), 4 * np.bincount(data.train.user)
        )
    first, second, again = (each["movie_id"] for each in epochs)
    assert (first != second).any()
    np.testing.assert_array_equal(second, again)  # what a resumed run sees


def test_the_negatives_of_eval_are_always_the_same_and_nothing_that_the_user_has():
    data = implicit.data()
    once, twice = (eval_with_negatives(data, 4) for _ in range(2))
    np.testing.assert_array_equal(once.movie, twice.movie)
    assert len(once) == 5 * len(data.evaluation)
    keys, labels = pair_keys(once.user, once.movie), once.rating
    for split in (data.train, data.evaluation):
        assert not np.isin(keys[labels == 0], pair_keys(split.user, split.movie)).any()


def _rows(made, epoch):
    found = list(made.starting_at(epoch).take(made.steps))
    return {name: np.concatenate([batch[name] for batch in found]) for name in found[0]}
