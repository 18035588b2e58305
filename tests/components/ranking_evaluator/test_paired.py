import math

import numpy as np
import pytest

from components.bars import NO_BARS, Baseline, Overlap
from components.ranking_evaluator.paired import Paired, ndcg
from components.ranking_evaluator.verdicts import judged
from trainer.evaluation.metrics.chances import log_losses, right_order


def paired(user, stars, candidate, baseline) -> Paired:
    columns = (np.array(column, np.float64) for column in (stars, candidate, baseline))
    return Paired(np.array(user), np.zeros(len(user), np.uint64), *columns)


def test_standard_errors_of_the_difference_by_hand():
    # User 0 has two ratings, user 1 one. Errors of the candidate 1, 1 and 2, of the baseline 2, 0 and 1.
    found = paired([0, 0, 1], [3, 3, 3], [4, 4, 5], [5, 3, 4]).standard_errors()

    # Squares by user: candidate 2 and 4, means 6/3 = 2; baseline 4 and 1, mean 5/3.
    # What user 0 moves the candidate's RMSE by: (2 - 2 * 2) / 3 / (2 sqrt 2); the baseline's:
    # (4 - 2 * 5/3) / 3 / (2 sqrt 5/3). User 1 moves them by as much the other way.
    moved = (2 - 4) / 3 / (2 * math.sqrt(2)) - (4 - 10 / 3) / 3 / (2 * math.sqrt(5 / 3))
    assert found["rmse"] == pytest.approx(math.sqrt(2 / 1 * 2 * moved**2))
    # Absolute errors: candidate 2 and 2, mean 4/3; baseline 2 and 1, mean 1.
    moved = (2 - 2 * 4 / 3) / 3 - (2 - 2 * 1) / 3
    assert found["mae"] == pytest.approx(math.sqrt(2 * 2 * moved**2))
    # Predictions over stars: candidate 13/9, baseline 12/9; by user 8 and 5, 8 and 4, of 6 and 3 stars.
    moved = (8 - 6 * 13 / 9) / 9 - (8 - 6 * 12 / 9) / 9
    assert found["calibration"] == pytest.approx(math.sqrt(2 * 2 * moved**2))


def test_of_users_with_one_rating_each_the_mae_is_a_mean_with_the_textbooks_standard_error():
    random = np.random.default_rng(0)
    stars, candidate, baseline = random.normal(size=(3, 50))

    found = paired(np.arange(50), stars, candidate, baseline).standard_errors()

    differences = np.abs(candidate - stars) - np.abs(baseline - stars)
    assert found["mae"] == pytest.approx(differences.std(ddof=1) / np.sqrt(50))


def test_it_is_what_drawing_the_users_anew_gives():
    random = np.random.default_rng(1)
    user = np.repeat(np.arange(200), random.integers(1, 20, 200))
    hard = random.normal(size=200)[user]
    stars = random.normal(size=len(user))
    candidate, baseline = (stars + hard + random.normal(0, 0.5, len(user)) for _ in range(2))

    found = paired(user, stars, candidate, baseline).standard_errors()["rmse"]

    squares = [np.bincount(user, weights=(each - stars) ** 2) for each in (candidate, baseline)]
    rows = np.bincount(user)
    drawn = random.multinomial(200, np.full(200, 1 / 200), size=4000)
    new, old = (np.sqrt(drawn @ each / (drawn @ rows)) for each in squares)
    assert found == pytest.approx(np.std(new - old), rel=0.1)


def test_the_same_model_differs_by_nothing_and_a_single_user_says_nothing():
    same = paired([0, 1, 1], [3, 4, 5], [3, 3, 3], [3, 3, 3]).standard_errors()
    assert set(same.values()) == {0.0}
    single = paired([0, 0], [3, 4], [3, 3], [4, 4]).standard_errors()
    assert all(math.isnan(error) for error in single.values())


def test_ndcg_among_a_users_rated_films_by_hand():
    found = ndcg(np.array([0, 1, 0, 0]), np.array([1.0, 2, 3, 2]), np.array([0.1, 0.5, 0.2, 0.3]))

    ideal = 3 + 2 / math.log2(3) + 1 / 2
    assert found == pytest.approx([(2 + 3 / math.log2(3) + 1 / 2) / ideal, 1.0])


def test_verdicts_are_data_with_the_difference_and_what_of_eval_was_trained_on():
    bars = {"rmse": {"max": 1.0, "max_increase": {"standard_errors": 2}}, "mae": {"max": 0.8}}
    baseline = Baseline({"rmse": 0.9, "mae": 0.7}, {"rmse": 0.01, "mae": math.nan}, Overlap(0.0, 500))

    found = judged(bars, {"rmse": 0.95, "mae": 0.75, "calibration": None}, baseline)

    assert found["blessed"] is False
    assert [bar["passed"] for bar in found["bars"]] == [True, False, True]
    assert found["reasons"][1] == (
        "rmse 0.9500: 0.0500 up (5.0 standard errors), worse than the last blessed model's 0.9000"
    )
    assert found["change"]["baseline"]["rmse"] == {"mean": pytest.approx(0.05), "standard_error": 0.01}
    assert found["change"]["baseline"]["mae"]["standard_error"] is None
    assert found["overlap"] == {"share": 0.0, "rows": 500}


def test_without_a_baseline_the_absolute_limits_decide_and_without_bars_nothing_is_blessed():
    bars = {"rmse": {"max": 1.0, "max_increase": 0}}

    assert judged(bars, {"rmse": 0.95}, None)["blessed"] is True
    assert judged(bars, {"rmse": None}, None)["blessed"] is False
    assert judged({}, {"rmse": 0.95}, None)["blessed"] is False
    assert judged({}, {"rmse": 0.95}, None)["reasons"] == [NO_BARS]


def test_log_loss_and_the_order_of_chances_by_hand():
    labels, chances = np.array([1.0, 0, 1, 0]), np.array([0.8, 0.5, 0.5, 0.1])
    np.testing.assert_allclose(log_losses(labels, chances), -np.log([0.8, 0.5, 0.5, 0.9]))
    # The first interaction is above both negatives, the second ties with one and is above the other.
    assert right_order(labels, chances).tolist() == [1, 0.75, 0.75, 1]


def test_standard_errors_of_chances_are_what_drawing_the_users_anew_gives():
    random = np.random.default_rng(3)
    user = np.repeat(np.arange(150), random.integers(5, 25, 150))
    labels = (random.random(len(user)) < 0.3).astype(float)
    taste = random.normal(size=150)[user]
    candidate, baseline = (
        1 / (1 + np.exp(-(labels + 0.5 * taste - 1 + random.normal(0, spread, len(user)))))
        for spread in (0.5, 1.0)
    )
    found = paired(user, labels, candidate, baseline).standard_errors(chances=True)
    assert set(found) == {"log_loss", "auc", "calibration", "rated_ndcg@10"}

    rows = [np.flatnonzero(user == each) for each in range(150)]
    changes = {"log_loss": [], "auc": []}
    for _ in range(400):
        drawn = np.concatenate([rows[each] for each in random.integers(150, size=150)])
        mine = labels[drawn]
        for name, value in (
            ("log_loss", lambda chances, mine=mine: log_losses(mine, chances).mean()),
            ("auc", lambda chances, mine=mine: right_order(mine, chances)[mine > 0].mean()),
        ):
            changes[name].append(value(candidate[drawn]) - value(baseline[drawn]))
    for name, values in changes.items():
        assert found[name] == pytest.approx(np.std(values), rel=0.15), name


def test_labels_of_one_kind_have_no_order():
    found = paired([0, 0, 1], [1, 1, 1], [0.5, 0.2, 0.9], [0.1, 0.2, 0.3]).standard_errors(chances=True)
    assert math.isnan(found["auc"])
