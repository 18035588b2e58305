import numpy as np
import pytest

from components.movielens_example_gen import config
from components.movielens_example_gen.splits import Rows, assign
from marquee.errors import DataError

TRAIN, EVAL, TEST = 0, 1, 2


def codes(split, **columns):
    count = columns.pop("count", None) or len(next(iter(columns.values())))
    columns = {name: np.asarray(values) for name, values in columns.items()}
    return assign(split, Rows(count, **columns)).tolist()


def test_random_takes_test_from_the_end_of_the_published_permutation():
    found = assign(config.RandomSplit(seed=42, eval=0.1, test=0.2), Rows(100_000))
    order = np.random.RandomState(42).permutation(100_000)
    assert set(found[order[:70_000]]) == {TRAIN}
    assert set(found[order[70_000:80_000]]) == {EVAL}
    assert set(found[order[80_000:]]) == {TEST}


def test_temporal_cuts_the_range_of_time_and_not_the_rows():
    times = [0, 1, 2, 59, 60, 79, 80, 100]
    assert codes(config.TemporalSplit(eval=0.2, test=0.2), timestamp=times) == [0, 0, 0, 0, 1, 1, 2, 2]


def test_leave_last_out_takes_the_last_two_and_the_files_order_among_equal_times():
    users = [0, 0, 0, 1, 1, 1, 1, 2, 2]
    times = [30, 10, 20, 5, 5, 5, 1, 1, 2]
    found = codes(config.LeaveLastOutSplit(), user=users, movie=range(9), timestamp=times)
    assert found == [2, 0, 1, 0, 1, 2, 0, 0, 0]


def test_leave_last_out_keeps_copies_of_a_rating_on_the_side_of_the_last_of_them():
    users = [0] * 6 + [1] * 4
    movies = [5, 6, 7, 7, 8, 6, 5, 6, 6, 6]  # user 1 has two films: too few
    times = [1, 2, 3, 4, 5, 6, 1, 2, 3, 4]
    found = codes(config.LeaveLastOutSplit(), user=users, movie=movies, timestamp=times)
    assert found == [TRAIN, TEST, TRAIN, TRAIN, EVAL, TEST] + [TRAIN] * 4


def test_per_item_cuts_a_fresh_permutation_of_each_movie_as_microsoft_does():
    movies = np.array([0, 1] * 8 + [0] * 4)
    found = np.array(codes(config.PerItemSplit(seed=42, eval=0.25, test=0.25), movie=movies))
    for movie, size in ((0, 12), (1, 8)):
        order = np.random.RandomState(42).permutation(size)
        rows = np.flatnonzero(movies == movie)[order]
        train, evaluation, test = np.split(found[rows], [round(0.5 * size), round(0.75 * size)])
        assert (set(train), set(evaluation), set(test)) == ({TRAIN}, {EVAL}, {TEST})


def test_predefined_keeps_the_test_file_and_takes_eval_from_the_train_file():
    found = codes(config.PredefinedSplit(eval=0.2, seed=1), count=15, in_test_file=[False] * 10 + [True] * 5)
    assert found[10:] == [TEST] * 5
    order = np.random.RandomState(1).permutation(10)
    assert sorted(order[8:]) == [row for row in range(10) if found[row] == EVAL]


def test_user_holdout_keeps_a_users_ratings_together():
    users = np.arange(100) % 10
    found = np.array(codes(config.UserHoldoutSplit(seed=3, eval=0.2, test=0.3), user=users))
    order = np.random.RandomState(3).permutation(10)
    assert set(users[found == TRAIN]) == set(order[:5])
    assert set(users[found == EVAL]) == set(order[5:7])
    assert set(users[found == TEST]) == set(order[7:])


def test_hash_gives_eval_the_lowest_lots_and_test_those_after_them():
    lots = [0.0, 0.0999, 0.1, 0.299, 0.3, 0.99]
    assert codes(config.HashSplit(eval=0.1, test=0.2), lot=lots) == [EVAL, EVAL, TEST, TEST, TRAIN, TRAIN]


@pytest.mark.parametrize(
    ("split", "columns"),
    [
        (config.HashSplit(), {"lot": [0.5, 0.6]}),
        (config.RandomSplit(), {"count": 3}),
        (config.UserHoldoutSplit(), {"user": [0, 0, 1]}),
        (config.PerItemSplit(), {"movie": [0, 1, 2]}),
        (config.LeaveLastOutSplit(), {"user": [0, 1], "movie": [0, 0], "timestamp": [0, 0]}),
        (config.TemporalSplit(eval=0.1, test=0.1), {"timestamp": [0, 1, 100]}),
    ],
)
def test_a_split_that_comes_out_empty_is_an_error_that_says_which(split, columns):
    with pytest.raises(DataError, match=f"{split.kind} split leaves .*(eval|test).* without a rating"):
        codes(split, **columns)


def test_one_time_for_all_cannot_be_split_by_time():
    with pytest.raises(DataError, match="all have the same time"):
        codes(config.TemporalSplit(), timestamp=[7, 7, 7])


def test_the_newest_span_is_shared_by_lot_and_older_ones_are_all_train():
    split = config.NewestSpanSplit(eval=0.25, test=0.25)
    span, lot = [1, 1, 2, 2, 2, 2, 2], [0.0, 0.3, 0.0, 0.2499, 0.25, 0.4999, 0.5]
    assert codes(split, span=span, lot=lot) == [TRAIN, TRAIN, EVAL, EVAL, TEST, TEST, TRAIN]
