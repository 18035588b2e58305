import pytest

from components.bars import verdicts


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
    [verdict] = verdicts("rmse", bar, value, before)

    assert (verdict.measure, verdict.passed, verdict.sentence) == ("rmse", passed, expected)


def test_what_is_no_number_clears_no_bar():
    nan = float("nan")

    assert not any(found.passed for found in verdicts("rmse", {"max": 1, "max_increase": 0}, nan, 0.9))
    assert not any(found.passed for found in verdicts("ndcg", {"min": 0, "max_decrease": 0}, nan, 0.9))
