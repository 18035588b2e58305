import pytest
from pydantic import ValidationError

from trainer.data.description import Description, Nouns, Number, Scale


def test_a_feature_is_called_by_its_key_unless_it_has_a_name():
    description = Description.model_validate(
        {
            "item_features": {
                "brand": {"type": "category"},
                "genres": {"type": "categories", "name": "movie_genres"},
            }
        }
    )
    assert [description.name_of(key) for key in ("brand", "genres")] == ["brand", "movie_genres"]


@pytest.mark.parametrize(
    "owners",
    [
        {"user_features": {"age": {"type": "number"}}, "item_features": {"age": {"type": "number"}}},
        {"user_features": {"a": {"type": "number", "name": "x"}, "b": {"type": "number", "name": "x"}}},
        {"item_features": {"user_rating": {"type": "number"}}},
    ],
    ids=["two owners of a key", "two features of a name", "a name of every data set's"],
)
def test_two_things_of_one_name_are_refused(owners):
    with pytest.raises(ValidationError):
        Description.model_validate(owners)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"boundaries": [1, 2], "bin_width": 3}, "boundaries or bin_width"),
        ({"boundaries": [2, 1]}, "ascend"),
        ({"boundaries": [1], "labels": ["low"]}, "one name more"),
    ],
)
def test_a_number_has_one_rule_for_its_bins(given, wrong):
    with pytest.raises(ValidationError, match=wrong):
        Number.model_validate(given)


def test_a_scale_counts_its_levels():
    assert Scale(min=0.5, max=4, step=0.5).levels == 8
    assert Scale(min=0, max=10).levels is None
    with pytest.raises(ValidationError, match="below"):
        Scale(min=5, max=1)


def test_plurals_have_an_s_unless_they_are_given():
    assert Nouns(item="film").of_items() == "films"
    assert Nouns(item="series", items="series").of_items() == "series"
