import pytest

from pipeline.store.measures import better


@pytest.mark.parametrize(
    ("measure", "before", "after", "error", "expected"),
    [
        ("ranking: rmse", 0.90, 0.89, None, True),
        ("test: recommender under_mean@10", 0.30, 0.29, None, True),
        ("test: ratings mae", 0.70, 0.71, None, False),
        ("retrieval: ndcg@10", 0.40, 0.41, None, True),
        ("retrieval: ndcg@10", 0.40, 0.41, 0.006, None),
        ("retrieval: ndcg@10", 0.40, 0.41, 0.004, True),
        ("ranking: rated_ndcg@10", 0.9, 0.8, None, False),
        ("ranking: calibration", 1.10, 0.95, None, True),
        ("ranking: calibration", 0.99, 1.05, None, False),
        ("retrieval: coverage@10", 0.1, 0.9, None, None),
        ("ranking: rmse", 0.90001, 0.90002, None, None),
        ("ranking: rmse", None, 0.9, None, None),
        ("ranking: rmse", True, 0.9, None, None),
    ],
)
def test_better_is_by_the_measures_direction_and_nothing_is_said_within_noise(
    measure, before, after, error, expected
):
    assert better(measure, before, after, error) is expected
