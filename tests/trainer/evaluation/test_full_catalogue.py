import math

import numpy as np
import pytest

from marquee.errors import TrainingError
from trainer.data.catalogue import Ragged
from trainer.evaluation.metrics import (
    catalogue_coverage,
    full_catalogue_metrics,
    gini,
    mean_popularity,
    novelty,
    ranked_lists,
    top_k,
)


def ragged(*rows):
    return Ragged(
        np.array([item for row in rows for item in row], np.int32),
        np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64),
    )


def by_user(*rows):
    """A table of scores as the function that the metrics take."""
    table = np.array(rows, np.float32)
    return lambda users: table[users]


@pytest.fixture
def three():
    """Six films, row 0 (the OOV row) scored highest. User 0 prefers 1, 2, 3 …; user 1 the other way round."""
    return by_user([9, 6, 5, 4, 3, 2, 1], [9, 1, 2, 3, 4, 5, 6], [9, 1, 2, 3, 4, 5, 6])


def test_every_metric_is_the_one_computed_by_hand(three):
    # User 0's list: 1 2 3 4 5 6, positives 2, 4 and 6. User 1's: 6 5 4 3 2 1, positive 6.
    metrics = full_catalogue_metrics(three, np.array([0, 1]), ragged([2, 4, 6], [6], []), ks=(2, 4))
    log = math.log2
    ideal = 1 + 1 / log(3)
    expected = {
        "recall@2": [1 / 3, 1],
        "recall@4": [2 / 3, 1],
        "precision@2": [1 / 2, 1 / 2],
        "precision@4": [1 / 2, 1 / 4],
        "hit_rate@2": [1, 1],
        "hit_rate@4": [1, 1],
        "mrr@2": [1 / 2, 1],
        "mrr@4": [1 / 2, 1],
        "map@2": [(1 / 2) / 2, 1],
        "map@4": [(1 / 2 + 2 / 4) / 3, 1],
        "ndcg@2": [(1 / log(3)) / ideal, 1],
        "ndcg@4": [(1 / log(3) + 1 / log(5)) / (ideal + 1 / log(4)), 1],
    }
    assert metrics.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(metrics[name], values, rtol=1e-12, err_msg=name)


def test_a_miss_is_zero_and_a_user_without_positives_is_nan(three):
    metrics = full_catalogue_metrics(three, np.array([2, 0]), ragged([6], [], []), ks=(1,))
    assert {name: values[1] for name, values in metrics.items()} == dict.fromkeys(metrics, 0)
    assert all(math.isnan(values[0]) for values in metrics.values())


def test_what_was_seen_is_no_candidate_and_no_positive(three):
    seen = ragged([1, 2], [], [])
    metrics = full_catalogue_metrics(three, np.array([0]), ragged([2, 3], [], []), seen, ks=(1,))
    assert {name: float(values[0]) for name, values in metrics.items()} == dict.fromkeys(metrics, 1)
    all_seen = full_catalogue_metrics(three, np.array([0]), ragged([2], [], []), seen, ks=(1,))
    assert all(np.isnan(values).all() for values in all_seen.values())


def test_a_film_that_train_does_not_know_is_a_positive_that_is_always_missed(three):
    metrics = full_catalogue_metrics(three, np.array([0]), ragged([0, 0, 1], [], []), ks=(6,))
    assert metrics["recall@6"][0] == 1 / 3


def test_a_positive_named_twice_is_one(three):
    metrics = full_catalogue_metrics(three, np.array([0]), ragged([1, 1], [], []), ks=(1,))
    assert metrics["recall@1"][0] == 1


def test_k_beyond_the_catalogue_looks_at_all_of_it(three):
    metrics = full_catalogue_metrics(three, np.array([0]), ragged([1, 6], [], []), ks=(6, 100))
    assert metrics["recall@100"][0] == metrics["recall@6"][0] == 1
    assert metrics["ndcg@100"][0] == metrics["ndcg@6"][0]
    assert metrics["precision@100"][0] == 2 / 100


def test_the_block_size_changes_nothing():
    random = np.random.default_rng(3)
    table, users = random.normal(size=(50, 40)).astype(np.float32), random.permutation(50)[:37]
    positives = ragged(*(random.permutation(39)[: random.integers(6)] + 1 for _ in range(50)))
    seen = ragged(*(random.permutation(39)[: random.integers(20)] + 1 for _ in range(50)))
    whole = full_catalogue_metrics(lambda rows: table[rows], users, positives, seen)
    parts = full_catalogue_metrics(lambda rows: table[rows], users, positives, seen, block=7)
    for name in whole:
        np.testing.assert_array_equal(whole[name], parts[name])


def test_no_true_item_loses_to_itself():
    """Float32 products in any order: the positive is one of the candidates, so the best is always found."""
    random = np.random.default_rng(0)
    users, items = random.normal(size=(2, 500, 33)).astype(np.float32)
    best = (users @ items.T)[:, 1:].argmax(axis=1) + 1
    metrics = full_catalogue_metrics(
        lambda rows: users[rows] @ items.T, np.arange(500), ragged(*best[:, None]), ks=(1,), block=500
    )
    assert metrics["recall@1"].mean() == 1


def test_the_order_is_by_score_and_among_equals_by_id():
    scores = np.array([[1, 3, 3, 2, 3], [0, -0.0, 0, -1, 0], [-1, -2, -3, -2, -4]], np.float32)
    assert top_k(scores, 4).tolist() == [[1, 2, 4, 3], [0, 1, 2, 4], [0, 1, 3, 2]]
    assert top_k(scores, 2).tolist() == [[1, 2], [0, 1], [0, 1]]
    assert top_k(scores, 99).shape == (3, 5)


def test_the_selection_is_that_of_a_full_stable_sort():
    random = np.random.default_rng(5)
    scores = random.integers(-20, 20, size=(200, 300)).astype(np.float32) / 7
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :50]
    np.testing.assert_array_equal(top_k(scores, 50), expected)


def test_a_list_without_enough_candidates_ends_in_minus_one(three):
    lists = ranked_lists(three, np.array([0, 1]), 7, seen=ragged([1, 2, 3, 4], [], []))
    assert lists.tolist() == [[5, 6, -1, -1, -1, -1, -1], [6, 5, 4, 3, 2, 1, -1]]
    assert ranked_lists(three, np.array([], np.int32), 7).shape == (0, 7)


def test_infinite_scores_have_a_place_and_nan_has_none():
    assert top_k(np.array([[1, np.inf, -np.inf]], np.float32), 3).tolist() == [[1, 0, -1]]
    with pytest.raises(TrainingError, match="score of item 2 in row 1 is NaN"):
        top_k(np.array([[1, 2, 3], [1, 2, np.nan]], np.float32), 1)


def test_coverage_novelty_and_popularity_are_those_computed_by_hand():
    lists = np.array([[1, 2, 4], [1, 3, -1]], np.int32)
    popularity = np.array([99, 8, 4, 2, 0])  # of 8 users; nobody rated item 4
    assert catalogue_coverage(lists, 1, items=4) == 1 / 4
    assert catalogue_coverage(lists, 2, items=4) == 3 / 4
    assert mean_popularity(lists, 3, popularity) == (8 + 4 + 0 + 8 + 2) / 5
    assert novelty(lists, 3, popularity, users=8) == (0 + 1 + 3 + 0 + 2) / 5


def test_gini_is_nothing_when_all_are_shown_alike_and_greatest_when_one_is():
    assert gini(np.array([[1, 2], [3, 4]], np.int32), 2, items=4) == 0
    assert gini(np.array([[1], [1]], np.int32), 1, items=4) == pytest.approx(3 / 4)
    # Counts 1, 1, 2 of three items: Σ (2i - n - 1) x_i / (n Σ x) = (-2 + 0 + 4) / 12.
    assert gini(np.array([[1, 2], [1, 3]], np.int32), 2, items=3) == pytest.approx(1 / 6)


def test_lists_without_items_cover_nothing_and_have_no_mean():
    empty = np.full((3, 2), -1, np.int32)
    assert catalogue_coverage(empty, 2, items=4) == 0
    assert math.isnan(novelty(empty, 2, np.ones(5), users=3))
    assert math.isnan(gini(empty, 2, items=4))
