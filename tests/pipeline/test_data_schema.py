"""`validate.schema`: a name, or a file of one's own."""

import pytest
from pydantic import ValidationError

from marquee.errors import ConfigError
from pipeline.config.data_schema import CARRIED, DataSchema
from pipeline.config.schema import ValidateConfig


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
