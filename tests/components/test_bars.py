import pytest

from components.bars import NEGLIGIBLE, Baseline, Overlap, verdicts

NAN = float("nan")


def judged(bar, value, before=None, error=None, overlap=None):
    """The one verdict of a bar on `rmse`."""
    errors = {} if error is None else {"rmse": error}
    baseline = None if before is None else Baseline({"rmse": before}, errors, overlap)
    [verdict] = verdicts("rmse", bar, value, baseline)
    return verdict


@pytest.mark.parametrize(
    ("bar", "value", "before", "passed", "expected"),
    [
        ({"max": 1.0}, 0.95, None, True, "rmse 0.9500 is within the bar of 1"),
        ({"max": 0.9}, 0.95, None, False, "rmse 0.9500 is over the bar of 0.9"),
        ({"min": 0.9}, 0.8, None, False, "rmse 0.8000 is under the bar of 0.9"),
        ({"max_increase": 0}, 0.95, None, True, "rmse: no model was blessed before, nothing to compare with"),
        (
            {"max_increase": 0},
            0.95,
            0.9,
            False,
            "rmse 0.9500: 0.0500 up, worse than the last blessed model's 0.9000",
        ),
        (
            {"max_increase": 0.1},
            0.95,
            0.9,
            True,
            "rmse 0.9500: 0.0500 up, against the last blessed model's 0.9000",
        ),
        (
            {"max_decrease": 0},
            0.8,
            0.9,
            False,
            "rmse 0.8000: 0.1000 down, worse than the last blessed model's 0.9000",
        ),
        (
            {"max_decrease": 0},
            0.95,
            0.9,
            True,
            "rmse 0.9500: 0.0500 up, against the last blessed model's 0.9000",
        ),
    ],
)
def test_each_limit_is_a_verdict_and_a_sentence_with_numbers(bar, value, before, passed, expected):
    verdict = judged(bar, value, before)

    assert (verdict.measure, verdict.passed, verdict.sentence) == ("rmse", passed, expected)


def test_what_is_no_number_clears_no_bar():
    for bar in ({"max": 1}, {"max_increase": 0}, {"min": 0}, {"max_decrease": 0}):
        assert not judged(bar, NAN, 0.9).passed
    for bar in ({"max_increase": {"standard_errors": 2}}, {"max_decrease": {"standard_errors": 2}}):
        assert not judged(bar, NAN, 0.9, 0.01).passed
        assert not judged(bar, NAN, 0.9, 0.01, Overlap(0.5, 10)).passed


@pytest.mark.parametrize(
    ("limit", "value", "error", "passed"),
    [
        ({"standard_errors": 2}, 0.9099, 0.005, True),
        ({"standard_errors": 2}, 0.9101, 0.005, False),
        ({"standard_errors": 2}, 0.5, 0.005, True),  # better, by however much
        ({"standard_errors": 2}, 0.9, 0.0, True),  # the same model, judged twice
        ({"standard_errors": 2}, 0.9001, 0.0, False),
        ({"standard_errors": 2, "at_least": 0.001}, 0.9009, 0.0001, True),
        ({"standard_errors": 2, "at_least": 0.001}, 0.9011, 0.0001, False),
        ({"standard_errors": 2, "at_least": 0.001}, 0.9099, 0.005, True),
    ],
)
def test_a_change_may_be_what_noise_explains(limit, value, error, passed):
    assert judged({"max_increase": limit}, value, 0.9, error).passed is passed
    assert judged({"max_decrease": limit}, 1.8 - value, 0.9, error).passed is passed


def test_a_change_beyond_noise_says_how_far():
    verdict = judged({"max_increase": {"standard_errors": 2}}, 0.92, 0.9, 0.005)

    assert verdict.sentence == (
        "rmse 0.9200: 0.0200 up (4.0 standard errors), worse than the last blessed model's 0.9000"
    )


@pytest.mark.parametrize("limit", [0, {"standard_errors": 2}])
def test_a_baseline_that_learned_some_of_eval_is_not_compared_and_the_verdict_says_why(limit):
    verdict = judged({"max_increase": limit}, 0.95, 0.9, 0.001, Overlap(0.1296, 9200))

    assert verdict.passed
    assert verdict.sentence == (
        "rmse 0.9500: not compared with the last blessed model, which was trained on 13 % of eval "
        "(1,192 of 9,200 ratings): data.split.kind: hash keeps every rating on its side as data grows"
    )


def test_absolute_limits_hold_all_the_same():
    bar = {"max": 0.92, "max_increase": 0}
    baseline = Baseline({"rmse": 0.9}, overlap=Overlap(0.13, 9200))

    assert [verdict.passed for verdict in verdicts("rmse", bar, 0.95, baseline)] == [False, True]


def test_a_negligible_share_of_eval_is_no_excuse():
    assert not judged({"max_increase": 0}, 0.95, 0.9, overlap=Overlap(NEGLIGIBLE, 1000)).passed
    assert judged({"max_increase": 0}, 0.95, 0.9, overlap=Overlap(NEGLIGIBLE + 0.001, 1000)).passed


def test_a_single_user_gives_no_standard_error_and_is_no_reason_to_refuse():
    verdict = judged({"max_increase": {"standard_errors": 2}}, 0.95, 0.9, NAN)

    assert verdict.passed
    assert "a single user gives no standard error" in verdict.sentence


def test_a_baseline_that_nobody_knows_the_training_of_is_not_compared():
    verdict = judged({"max_increase": 0}, 0.95, 0.9, overlap=Overlap(None, 1000))

    assert verdict.passed
    assert "it is not known what that was trained on" in verdict.sentence


def test_a_baseline_without_a_number_keeps_nobody_back():
    verdict = judged({"max_increase": 0}, 0.95, NAN)

    assert verdict.passed
    assert "has no number here" in verdict.sentence
