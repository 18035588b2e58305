import math

import numpy as np
import pytest

from trainer.models.samplers import DownScoreFalseNegatives
from trainer.models.tasks import Retrieval

QUERIES = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
CANDIDATES = np.array([[2.0, 0.0], [1.0, 1.0]], np.float32)
# scores: row 0 [2, 1], row 1 [0, 1]


def softmax_loss(own, *others):
    return math.log(sum(math.exp(each - own) for each in (own, *others)))


def mean(*losses):
    return pytest.approx(sum(losses) / len(losses), rel=1e-5)


def test_the_loss_is_the_softmax_of_each_rows_own_candidate():
    assert float(Retrieval()(QUERIES, CANDIDATES)) == mean(softmax_loss(2, 1), softmax_loss(1, 0))


def test_scores_are_divided_by_the_temperature():
    loss = Retrieval(temperature=0.5)(QUERIES, CANDIDATES)
    assert float(loss) == mean(softmax_loss(4, 2), softmax_loss(2, 0))


def test_candidates_beyond_the_rows_are_negatives_only():
    more = np.concatenate([CANDIDATES, [[0.0, 3.0]]]).astype(np.float32)
    assert float(Retrieval()(QUERIES, more)) == mean(softmax_loss(2, 1, 0), softmax_loss(1, 0, 3))


def test_a_candidate_that_is_there_more_often_scores_less():
    loss = Retrieval()(QUERIES, CANDIDATES, candidate_sampling_probability=[0.5, 0.25])
    often, seldom = math.log(0.5), math.log(0.25)
    assert float(loss) == mean(softmax_loss(2 - often, 1 - seldom), softmax_loss(1 - seldom, 0 - often))


def test_the_correction_comes_after_the_temperature_as_in_tfrs():
    loss = Retrieval(temperature=0.5)(QUERIES, CANDIDATES, candidate_sampling_probability=[0.5, 0.25])
    often, seldom = math.log(0.5), math.log(0.25)
    assert float(loss) == mean(softmax_loss(4 - often, 2 - seldom), softmax_loss(2 - seldom, 0 - often))


def test_the_same_film_under_another_place_is_no_negative():
    queries = np.concatenate([QUERIES, [[1.0, 1.0]]]).astype(np.float32)
    candidates = np.concatenate([CANDIDATES, [[2.0, 0.0]]]).astype(np.float32)
    # scores [2, 1, 2], [0, 1, 0], [2, 2, 2]; films 7, 8, 7
    loss = Retrieval(remove_accidental_hits=True)(queries, candidates, candidate_ids=np.array([7, 8, 7]))
    assert float(loss) == mean(softmax_loss(2, 1), softmax_loss(1, 0, 0), softmax_loss(2, 2))


def test_accidental_hits_cannot_be_found_without_ids():
    with pytest.raises(ValueError, match="needs candidate_ids"):
        Retrieval(remove_accidental_hits=True)(QUERIES, CANDIDATES)


def test_only_the_hardest_negatives_count():
    more = np.concatenate([CANDIDATES, [[0.0, 3.0], [-1.0, -1.0]]]).astype(np.float32)
    # scores [2, 1, 0, -1] and [0, 1, 3, -1]
    loss = Retrieval(hard_negatives=1)(QUERIES, more)
    assert float(loss) == mean(softmax_loss(2, 1), softmax_loss(1, 3))


def test_a_removed_hit_is_no_hard_negative():
    candidates = np.array([[2.0, 0.0], [1.0, 1.0], [5.0, 0.0]], np.float32)
    task = Retrieval(hard_negatives=1, remove_accidental_hits=True)
    loss = task(QUERIES, candidates, candidate_ids=np.array([7, 8, 7]))
    assert float(loss) == mean(softmax_loss(2, 1), softmax_loss(1, 0))


def test_over_a_whole_catalogue_each_row_names_its_place():
    loss = Retrieval()(QUERIES, CANDIDATES, positives=np.array([1, 1]))
    assert float(loss) == mean(softmax_loss(1, 2), softmax_loss(1, 0))


def test_a_row_counts_as_much_as_its_weight():
    loss = Retrieval()(QUERIES, CANDIDATES, sample_weight=np.array([1.0, 0.0]))
    assert float(loss) == pytest.approx(softmax_loss(2, 1) / 2, rel=1e-5)


# Queries [1, 0] and [0, 1]; their own score 3 and 1.
OWN = np.array([[3.0, 0.0], [9.0, 1.0]], np.float32)


def test_drawn_negatives_stand_beside_each_rows_own():
    loss = Retrieval()(QUERIES, CANDIDATES, own_embeddings=OWN)
    assert float(loss) == mean(softmax_loss(3, 2, 1), softmax_loss(1, 0, 1))


def test_a_drawn_negative_counts_for_as_many_as_it_stands_for():
    expected = [2.0, 0.25]  # the first counts for half of one, the second for four
    loss = Retrieval()(QUERIES, CANDIDATES, candidate_sampling_probability=expected, own_embeddings=OWN)
    half, four = math.log(0.5), math.log(4)
    assert float(loss) == mean(softmax_loss(3, 2 + half, 1 + four), softmax_loss(1, 0 + half, 1 + four))


def test_a_draw_of_a_rows_own_is_no_negative():
    task = Retrieval(temperature=0.5, remove_accidental_hits=True)
    loss = task(
        QUERIES, CANDIDATES, candidate_ids=np.array([7, 8]), own_embeddings=OWN, own_ids=np.array([8, 9])
    )
    assert float(loss) == mean(softmax_loss(6, 4), softmax_loss(2, 0, 2))
    with pytest.raises(ValueError, match="needs candidate_ids"):
        task(QUERIES, CANDIDATES, candidate_ids=np.array([7, 8]), own_embeddings=OWN)


def test_a_draw_of_a_rows_own_may_stay_as_a_weak_negative():
    task = Retrieval(false_negatives=DownScoreFalseNegatives(less=2.0))
    loss = task(
        QUERIES, CANDIDATES, candidate_ids=np.array([7, 8]), own_embeddings=OWN, own_ids=np.array([8, 9])
    )
    assert float(loss) == mean(softmax_loss(3, 2, 1 - 2), softmax_loss(1, 0, 1))


def test_the_hardest_of_the_drawn_count():
    loss = Retrieval(hard_negatives=1)(QUERIES, CANDIDATES, own_embeddings=OWN)
    assert float(loss) == mean(softmax_loss(3, 2), softmax_loss(1, 1))
