import pytest
from pydantic import ValidationError

from components.movielens_example_gen.config import (
    DataConfig,
    HashSplit,
    NewestSpanSplit,
    PerItemSplit,
    RandomSplit,
)


def test_the_default_is_100k_split_at_random_80_10_10():
    assert DataConfig().model_dump() == {
        "dataset": "ml-100k",
        "path": None,
        "interactions": None,
        "items": None,
        "users": None,
        "nouns": None,
        "names": None,
        "spans": None,
        "split": {"kind": "random", "seed": 42, "eval": 0.1, "test": 0.1},
        "max_bad_rows": 0,
        "min_described": 0.5,
        "max_users": None,
        "shards": None,
    }


def test_ones_own_ratings_which_grow_are_split_by_hash_unless_a_kind_is_given():
    own = {"dataset": "custom", "path": "ratings.csv"}
    assert DataConfig(**own).split == HashSplit(eval=0.1, test=0.1)
    assert DataConfig(**own, split=None).split == HashSplit()
    assert DataConfig(**own, spans={}).split == HashSplit()
    assert DataConfig(**own, split={"eval": 0.2}).split == HashSplit(eval=0.2)
    assert DataConfig(**own, split={"kind": "random"}).split == RandomSplit()
    assert DataConfig(split={"eval": 0.2}).split == RandomSplit(eval=0.2)


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


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"split": {"kind": "newest_span"}}, "newest_span needs spans"),
        ({"spans": {}}, "set data.dataset to custom"),
        ({"dataset": "custom", "path": "p", "spans": {}, "max_users": 5}, "leave nobody of a new span"),
        ({"dataset": "custom", "path": "p", "spans": {}, "split": {"kind": "predefined"}}, "predefined"),
        ({"dataset": "custom", "path": "p", "spans": {"window": 0}}, "greater than or equal to 1"),
    ],
)
def test_spans_go_with_a_folder_of_ones_own_and_with_what_knows_of_them(settings, said):
    with pytest.raises(ValidationError, match=said):
        DataConfig(**settings)


def test_a_newest_span_may_be_for_eval_and_test_alone_but_not_for_more_than_itself():
    assert NewestSpanSplit(eval=0.5, test=0.5).test == 0.5
    with pytest.raises(ValidationError, match="more than the newest span"):
        NewestSpanSplit(eval=0.6, test=0.5)
