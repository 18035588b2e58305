import pytest
from pydantic import ValidationError

from components.movielens_example_gen.config import DataConfig, PerItemSplit, RandomSplit


def test_the_default_is_100k_split_at_random_80_10_10():
    assert DataConfig().model_dump() == {
        "dataset": "ml-100k",
        "path": None,
        "split": {"kind": "random", "seed": 42, "eval": 0.1, "test": 0.1},
        "max_bad_rows": 0,
        "max_users": None,
        "shards": None,
    }


def test_a_split_is_told_by_its_kind():
    assert DataConfig(split={"kind": "per_item", "test": 0.25}).split == PerItemSplit(test=0.25)


@pytest.mark.parametrize("split", [{"eval": 0}, {"test": 1}, {"eval": 0.5, "test": 0.5}, {"fraction": 0.2}])
def test_fractions_that_make_no_three_splits_are_refused(split):
    with pytest.raises(ValidationError):
        RandomSplit(**split)


def test_ones_own_ratings_need_a_path():
    with pytest.raises(ValidationError, match="needs a path"):
        DataConfig(dataset="custom")


def test_a_split_kind_that_does_not_exist_is_refused():
    with pytest.raises(ValidationError, match="leave_last_out"):
        DataConfig(split={"kind": "by_moon_phase"})
