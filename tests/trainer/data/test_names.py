"""Names of what every data set has."""

import pytest
import tensorflow as tf
from pydantic import ValidationError

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.shipped import shipped
from marquee.errors import ConfigError
from trainer.data.description import Description
from trainer.data.examples import NO_TIME, parse
from trainer.data.names import GivenNames, Names, names_of_nouns

MOVIELENS = {
    "user": "user_id",
    "item": "movie_id",
    "title": "movie_title",
    "rating": "user_rating",
    "time": "timestamp",
    "words": "movie_genres",
}
SHOP = Names(user="customer_id", item="product_id", title="product_name", rating="strength", time="at")


def described(**more):
    return {"dataset": "custom", "path": "shop", "interactions": {"user": "u", "item": "i"}, **more}


def test_movielens_and_four_columns_keep_the_names_of_tfds():
    assert shipped("movielens").names.by_role() == MOVIELENS
    assert DataConfig().description.names.are_keys
    own = DataConfig.checked({"dataset": "custom", "path": "mine.csv", "nouns": {"item": "artist"}})
    assert own.description.names.by_role() == MOVIELENS
    assert Description().names.by_role() == MOVIELENS


def test_described_data_is_named_after_its_nouns():
    names = DataConfig.checked(described(nouns={"user": "Listener", "item": "play list"})).description.names
    assert names.by_role() == {
        "user": "listener_id",
        "item": "play_list_id",
        "title": "play_list_title",
        "rating": "interaction",
        "time": "timestamp",
        "words": "play_list_words",
    }
    plain = DataConfig.checked(described()).description.names
    assert (plain.user, plain.item, plain.title) == ("user_id", "item_id", "item_title")
    stars = DataConfig.checked(described(interactions={"rating": {}})).description.names
    assert stars.rating == "user_rating"


@pytest.mark.parametrize(
    ("user", "item", "found"),
    [
        ("person", "person", ("user_id", "item_id")),
        ("人", "映画", ("user_id", "item_id")),
        ("Hörer", "Hörbuch-Serie", ("horer_id", "horbuch_serie_id")),
        ("visitor", "3D model", ("user_id", "item_id")),
        ("visitor", "history", ("user_id", "item_id")),
        ("visitor", "x" * 90, ("visitor_id", f"{'x' * 48}_id")),
    ],
)
def test_any_noun_makes_a_name(user, item, found):
    names = names_of_nouns(user, item, implicit=True, words=None)
    assert (names.user, names.item) == found


def test_the_words_are_called_like_the_feature_that_they_are_from():
    items = {"features": {"tags": {"type": "categories", "name": "item_tags"}}}
    assert DataConfig.checked(described(items=items)).description.names.words == "item_tags"


def test_a_configuration_gives_some_names_and_the_rest_have_their_defaults():
    given = {"user": "customer", "rating": "strength"}
    names = DataConfig.checked(described(names=given, nouns={"item": "product"})).description.names
    assert (names.user, names.item, names.rating) == ("customer", "product_id", "strength")
    own = DataConfig.checked({"dataset": "custom", "path": "mine.csv", "names": {"item": "book_id"}})
    assert own.description.names.by_role() == MOVIELENS | {"item": "book_id"}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"user": "customer-id"}, r"names\.user = 'customer-id': .*letters \(a to z\), digits and _"),
        ({"user": ""}, r"names\.user = ''"),
        ({"item": "k"}, r"names\.item = 'k': .*signatures use k for something else"),
        ({"item": "x" * 65}, "at most 64"),
        ({"user": "item_id"}, r"names\.item: item_id is the name of user too"),
        ({"title": "brand"}, r"brand: brand is the name of every interaction's title here \(names\.title\)"),
        ({"words": "device"}, r"device: device is the name of every interaction's words"),
    ],
)
def test_names_are_valid_and_distinct_and_no_features(given, wrong):
    items = {"features": {"brand": {"type": "category"}}}
    interactions = {"features": {"device": {"type": "category"}}}
    with pytest.raises(ConfigError, match=wrong):
        DataConfig.checked(described(names=given, items=items, interactions=interactions))


def test_two_roles_of_one_name_are_refused():
    with pytest.raises(ValidationError, match="give another"):
        GivenNames(time="user_id").over(Names())


def test_tf_examples_of_other_names_are_parsed_to_the_same_keys(example):
    description = Description(names=SHOP, item_features={"brand": {"type": "category"}})
    written = [
        example(customer_id="c1", product_id="p1", product_name="Soap", strength=2.5, at=7, brand="b"),
        example(customer_id="c2", movie_id="no such name"),
    ]
    keys = ("user_id", "movie_id", "movie_title", "user_rating", "timestamp", "brand")
    found = parse(tf.constant(written), keys, description)
    assert {name: column.numpy().tolist() for name, column in found.items()} == {
        "user_id": [b"c1", b"c2"],
        "movie_id": [b"p1", b""],
        "movie_title": [b"Soap", b""],
        "user_rating": [2.5, 0.0],
        "timestamp": [7, NO_TIME],
        "brand": [b"b", b""],
    }


def test_a_description_travels_as_json_with_its_names():
    description = Description(names=SHOP)
    assert Description.model_validate_json(description.model_dump_json()).names == SHOP
