import math

import numpy as np
import pandas as pd
import pytest

from pipeline.simulate.future import Future


def ratings(*rows):
    return pd.DataFrame(rows, columns=["user", "movie", "rating"]).assign(timestamp=range(len(rows)))


PAST = ratings(("a", "1", 4.0), ("a", "2", 2.0), ("b", "1", 3.0), ("b", "3", 5.0), ("c", "1", 1.0))


@pytest.fixture
def future():
    """`a` comes back and rates films 3 and 4; `n` is new and rates 1."""
    return Future(PAST, ratings(("a", "3", 5.0), ("a", "4", 3.0), ("n", "1", 2.0)))


def test_stars_and_lists_are_measured_by_hand(future):
    found = future.measure(np.array([4.0, 3.0, 4.0]), [["9", "3", "8", "4"], ["7", "6"]])
    of_a = (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3))
    assert found["all"] == pytest.approx(
        {"users": 2, "ratings": 3, "rmse": math.sqrt(5 / 3), "ndcg@10": of_a / 2, "recall@10": 0.5}
    )
    assert found["known"] == pytest.approx(
        {"users": 1, "ratings": 2, "rmse": math.sqrt(0.5), "ndcg@10": of_a, "recall@10": 1.0}
    )
    assert found["new"] == {"users": 1, "ratings": 1, "rmse": 2.0, "ndcg@10": 0.0, "recall@10": 0.0}


def test_no_model_says_the_mean_so_far_and_the_films_most_rated_that_one_has_not_seen(future):
    found = future.without_a_model()
    # The mean of PAST is 3. `a` has seen 1 and 2, so is shown 3: one of two. `n` is shown 1 first.
    assert found["all"]["rmse"] == pytest.approx(math.sqrt((4 + 0 + 1) / 3))
    assert found["known"]["recall@10"] == 0.5
    assert found["new"]["ndcg@10"] == 1.0


def test_what_somebody_rated_before_is_in_no_list(future):
    assert future.unseen("a", ["", "2", "9", "1", *"345678", "10", "11", "12", "13"]) == [
        "9", "3", "4", "5", "6", "7", "8", "10", "11", "12"
    ]  # fmt: skip
    assert future.unseen("n", ["1", "2", ""]) == ["1", "2"]


def test_a_group_with_nobody_in_it_is_none():
    found = Future(PAST, ratings(("n", "1", 2.0))).without_a_model()
    assert found["known"] is None
    assert found["all"] == found["new"]


def test_films_beyond_the_tenth_do_not_count():
    future = Future(PAST, ratings(*(("a", str(film), 4.0) for film in range(20, 32))))
    lists = [[str(film) for film in range(20, 35)]]
    found = future.measure(np.full(12, 4.0), lists)["all"]
    assert found["ndcg@10"] == pytest.approx(1.0)
    assert found["recall@10"] == pytest.approx(10 / 12)


PLAYS = ratings(("a", "1", 9.0), ("a", "2", 1.0), ("b", "1", 3.0), ("b", "3", 5.0), ("c", "1", 1.0))


@pytest.fixture
def plays():
    """Counts: `a` plays 1 again and 3 for the first time, and `n` is new."""
    return Future(PLAYS, ratings(("a", "1", 70.0), ("a", "3", 2.0), ("n", "1", 1.0)), negatives=2)


def test_of_implicit_data_chances_are_asked_beside_items_that_one_does_not_have(plays):
    asked = plays.pairs.frame
    # Everything but "2" is of b; a has all three items, and so no negatives: nothing is asked of a.
    assert asked["user"].tolist() == ["n"] * 3
    assert asked["rating"].tolist() == [1, 0, 0]
    assert set(asked["movie"][1:]) <= {"2", "3"}


def test_chances_are_measured_by_hand_and_what_was_had_before_is_not_to_be_found(plays):
    found = plays.measure(np.array([0.5, 0.25, 0.5]), [["3", "9"], ["1"]])
    assert found["all"] == pytest.approx(
        {
            "users": 2,
            "ratings": 1,
            "log_loss": -(2 * math.log(0.5) + math.log(0.75)) / 3,
            "auc": 0.75,  # over one negative, and as good as the other
            "ndcg@10": 1.0,
            "recall@10": 1.0,
        }
    )
    assert found["known"] is None  # none of whom chances are asked
    assert found["new"]["ratings"] == 1


def test_without_a_model_chances_follow_the_popularity_so_far(plays):
    one, *others = plays.without_a_model()["all"], *plays.pairs.mean_so_far(PLAYS)
    assert others[0] > max(others[1:])  # "1" is what most have played
    assert one["auc"] == 1.0
    assert one["log_loss"] < -(math.log(1 / 3) + 2 * math.log(2 / 3)) / 3  # better than a third for each


def test_somebody_who_comes_back_to_the_same_things_alone_has_no_list_to_be_judged_by():
    found = Future(PLAYS, ratings(("c", "1", 2.0)), negatives=1).measure(np.array([0.9, 0.1]), [["2"]])
    assert (found["all"]["ndcg@10"], found["all"]["auc"]) == (None, 1.0)
