import pytest

from pipeline.blessing import _sentences
from pipeline.config import Bar


@pytest.mark.parametrize(
    ("bar", "value", "before", "expected"),
    [
        (Bar(max=1.0), 0.95, None, ["rmse 0.9500 is within the bar of 1"]),
        (Bar(max=0.9), 0.95, None, ["rmse 0.9500 is over the bar of 0.9"]),
        (Bar(min=0.9), 0.8, None, ["rmse 0.8000 is under the bar of 0.9"]),
        (Bar(max_increase=0), 0.95, None, ["rmse: no model was blessed before, nothing to compare with"]),
        (
            Bar(max_increase=0),
            0.95,
            0.9,
            ["rmse 0.9500: 0.0500 up, worse than the last blessed model's 0.9000"],
        ),
        (
            Bar(max_increase=0.1),
            0.95,
            0.9,
            ["rmse 0.9500: 0.0500 up, against the last blessed model's 0.9000"],
        ),
        (
            Bar(max_decrease=0),
            0.8,
            0.9,
            ["rmse 0.8000: 0.1000 down, worse than the last blessed model's 0.9000"],
        ),
        (Bar(max_decrease=0), 0.95, 0.9, ["rmse 0.9500: 0.0500 up, against the last blessed model's 0.9000"]),
    ],
)
def test_each_bar_is_a_sentence_with_numbers(bar, value, before, expected):
    assert _sentences("rmse", bar, value, before) == expected
