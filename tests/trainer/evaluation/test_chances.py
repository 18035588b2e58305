import numpy as np
import pytest

from trainer.evaluation.metrics.chances import area_under_curve


def test_the_area_is_the_share_of_pairs_in_the_right_order_and_a_tie_is_half():
    labels, chances = np.array([1, 0, 1, 0]), np.array([0.8, 0.5, 0.5, 0.1])
    assert area_under_curve(labels, chances) == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    assert area_under_curve(labels > 0, -chances) == pytest.approx(0.5 / 4)


@pytest.mark.parametrize("labels", [[0, 0], [1, 1], []])
def test_without_both_labels_there_is_no_area(labels):
    assert np.isnan(area_under_curve(np.array(labels), np.zeros(len(labels))))
