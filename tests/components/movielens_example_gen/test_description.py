import pytest
from pydantic import ValidationError

from components.movielens_example_gen.config import DataConfig

CUSTOM = {"dataset": "custom", "path": "shop"}


def test_movielens_is_described_by_a_file():
    description = DataConfig().description
    assert description.feedback == "explicit"
    assert description.nouns.of_items() == "films"
    assert [*description.user_features] == ["age", "gender", "occupation", "zip"]
    assert [*description.item_features] == ["genres", "year"]
    assert description.name_of("occupation") == "user_occupation_text"


def test_ones_own_data_is_described_by_the_configuration():
    config = DataConfig.model_validate(
        {
            **CUSTOM,
            "interactions": {"user": "who", "item": "what", "count": "plays"},
            "items": {"features": {"brand": {"type": "category"}}},
            "nouns": {"item": "artist"},
        }
    )
    description = config.description
    assert description.feedback == "implicit"
    assert [*description.item_features] == ["brand"]
    assert not description.user_features
    assert description.nouns.of_items() == "artists"


def test_ratings_make_the_feedback_explicit():
    config = DataConfig.model_validate(
        {**CUSTOM, "interactions": {"rating": {"column": "stars", "min": 0.5, "max": 4, "step": 0.5}}}
    )
    assert config.description.feedback == "explicit"
    assert config.description.scale is not None
    assert config.description.scale.levels == 8


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ({"dataset": "ml-1m", "interactions": {}}, "ml-1m is described already"),
        ({**CUSTOM, "items": {}}, "give interactions"),
        ({**CUSTOM, "interactions": {"rating": {}, "count": "plays"}}, "give one of rating, count"),
        ({**CUSTOM, "interactions": {"rating": {"min": 1}}}, "min and max, or neither"),
        ({**CUSTOM, "interactions": {"format": {"header": True, "columns": ["a"]}}}, "without a header"),
        (
            {
                **CUSTOM,
                "interactions": {"features": {"x": {"type": "number"}}},
                "users": {"features": {"x": {"type": "number"}}},
            },
            "feature of both",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(data, wrong):
    with pytest.raises(ValidationError, match=wrong):
        DataConfig.model_validate(data)
