"""`validate.schema`: a name, or a file of one's own."""

import pytest
from google.protobuf import text_format
from pydantic import ValidationError
from tensorflow_metadata.proto.v0 import schema_pb2

from components.movielens_example_gen.config import DataConfig
from marquee.errors import ConfigError
from pipeline.config.data_checks import ValidateConfig
from pipeline.config.data_schema import CARRIED, DataSchema
from pipeline.config.schema import RunConfig


def test_the_carried_schemas_are_told_apart_by_their_features():
    features = {name: DataSchema.read(name).features for name in CARRIED}
    assert features["demographics"] - features["ratings"] == {
        "raw_user_age", "user_gender", "user_occupation_text", "user_zip_code",
    }  # fmt: skip


def test_a_file_of_ones_own_is_taken_as_it_is(tmp_path):
    text = DataSchema.read("ratings").text.replace("max: 5.0", "max: 10.0")
    (tmp_path / "mine.pbtxt").write_text(text)
    name = ValidateConfig(schema=str(tmp_path / "mine.pbtxt")).schema_name
    assert DataSchema.read(name) == DataSchema(text, DataSchema.read("ratings").features)


def test_what_is_neither_a_name_nor_a_file_of_that_kind_is_refused():
    with pytest.raises(
        ValidationError, match=r"give demographics or ratings, or the path of a file .* \.pbtxt"
    ):
        ValidateConfig(schema="rating")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read: No such file"),
        ("featur {", "is no schema"),
        ('feature { name: "user_id" type: BYTES }', "has no feature movie_id, movie_title"),
    ],
)
def test_a_file_that_is_no_schema_is_refused_with_its_path(tmp_path, text, message):
    if text is not None:
        (tmp_path / "mine.pbtxt").write_text(text)
    with pytest.raises(ConfigError, match=f"mine.pbtxt .*{message}"):
        DataSchema.read(str(tmp_path / "mine.pbtxt"))


SHOP = {
    "dataset": "custom",
    "path": "shop",
    "interactions": {
        "rating": {"min": 0, "max": 10, "step": 1},
        "features": {"device": {"type": "category", "values": ["tv", "web"]}},
    },
    "items": {
        "features": {
            "tags": {"type": "categories", "name": "item_tags"},
            "price": {"type": "number"},
            "image": {"type": "vector", "length": 3},
            "year": {"type": "number", "of": "title"},
        }
    },
    "users": {"features": {"joined": {"type": "time"}, "about": {"type": "text"}}},
}
MODEL = {"name": "shop", "ranking": {"model": {"kind": "mf"}}}


def auto(data):
    return text_format.Parse(DataSchema.read("auto", DataConfig.checked(data)).text, schema_pb2.Schema())


def test_the_schema_of_described_data_has_every_feature_with_its_type():
    schema = auto(SHOP)
    found = {each.name: each for each in schema.feature}
    kinds = {name: schema_pb2.FeatureType.Name(each.type) for name, each in found.items()}
    assert kinds == {
        "user_id": "BYTES", "item_id": "BYTES", "item_title": "BYTES", "timestamp": "INT",
        "user_rating": "FLOAT", "joined": "INT", "about": "BYTES", "item_tags": "BYTES", "price": "FLOAT",
        "image": "FLOAT", "device": "BYTES",
    }  # fmt: skip
    assert {name for name, each in found.items() if each.presence.min_fraction == 1} == {
        "user_id", "item_id", "item_title", "timestamp", "user_rating",
    }  # fmt: skip
    rating = found["user_rating"].float_domain
    assert (rating.min, rating.max, rating.disallow_nan) == (0, 10, True)
    assert found["image"].value_count.max == 3
    assert [(each.name, list(each.value)) for each in schema.string_domain] == [("device", ["tv", "web"])]
    assert found["device"].domain == "device"


def test_implicit_strength_has_no_upper_end():
    (rating,) = (each for each in auto({**SHOP, "interactions": {}}).feature if each.name == "interaction")
    assert rating.float_domain.min == 0
    assert not rating.float_domain.HasField("max")
    assert not rating.HasField("drift_comparator")


def test_described_data_is_held_against_its_description_unless_a_schema_is_named():
    assert RunConfig.checked({**MODEL, "data": SHOP}).validate_.schema_name == "auto"
    assert RunConfig.checked({**MODEL, "data": {}}).validate_.schema_name == "demographics"
    named = {"schema": "mine.pbtxt"}
    assert RunConfig.checked({**MODEL, "data": SHOP, "validate": named}).validate_.schema_name == "mine.pbtxt"
    again = RunConfig.checked({**MODEL, "data": SHOP, "validate": {"drift": "stop"}})
    assert RunConfig.checked(again.plain()) == again


@pytest.mark.parametrize(
    ("thresholds", "said"),
    [
        (
            {"movie_genres": {"infinity_norm": 0.1}},
            "movie_genres: no such feature; the data has user_id, .*item_tags",
        ),
        ({"price": {"infinity_norm": 0.1}}, "price is a number"),
        ({"year": {"infinity_norm": 0.1}}, "year: no such feature"),
    ],
)
def test_thresholds_are_of_features_of_the_description(thresholds, said):
    with pytest.raises(ConfigError, match=said):
        RunConfig.checked({**MODEL, "data": SHOP, "validate": {"drift_thresholds": thresholds}})
    known = {"item_tags": {"infinity_norm": 0.1}, "device": None}
    assert RunConfig.checked({**MODEL, "data": SHOP, "validate": {"drift_thresholds": known}})


EVENTS = {**SHOP, "interactions": {"event": {"name": "deed", "weights": {"view": 1, "buy": 5}}}}


def test_the_event_type_is_one_of_the_described_where_there_are_several():
    schema = auto(EVENTS)
    [told] = [each for each in schema.feature if each.name == "deed"]
    assert (told.domain, told.presence.min_fraction) == ("deed", 1)
    assert ["view", "buy"] in [list(each.value) for each in schema.string_domain]
    one = {**SHOP, "interactions": {"event": {"weights": {"view": 1}}}}
    assert "event" not in {each.name for each in auto(one).feature}


def test_a_schema_from_before_event_types_were_told_gets_them_from_the_description(tmp_path):
    earlier = {**SHOP, "interactions": {}}
    (tmp_path / "mine.pbtxt").write_text(DataSchema.read("auto", DataConfig.checked(earlier)).text)
    found = DataSchema.read(str(tmp_path / "mine.pbtxt"), DataConfig.checked(EVENTS))
    assert "deed" in found.features
    schema = text_format.Parse(found.text, schema_pb2.Schema())
    assert [each.domain for each in schema.feature if each.name == "deed"] == ["deed"]


def test_thresholds_know_the_event_type():
    known = {"deed": {"infinity_norm": 0.1}}
    assert RunConfig.checked({**MODEL, "data": EVENTS, "validate": {"drift_thresholds": known}})


def test_a_shipped_schema_follows_the_names_that_a_configuration_gives():
    data = DataConfig.checked({"dataset": "custom", "path": "mine", "names": {"item": "book_id"}})
    found = DataSchema.read("ratings", data).features
    assert "book_id" in found
    assert found ^ DataSchema.read("ratings").features == {"book_id", "movie_id"}


def test_a_schema_of_ones_own_needs_the_roles_alone(tmp_path):
    (tmp_path / "mine.pbtxt").write_text(DataSchema.read("auto", DataConfig.checked(SHOP)).text)
    found = DataSchema.read(str(tmp_path / "mine.pbtxt"), DataConfig.checked(SHOP))
    assert "item_tags" in found.features
    with pytest.raises(ConfigError, match="has no feature movie_id, movie_title, movie_genres"):
        DataSchema.read(str(tmp_path / "mine.pbtxt"))
