import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from marquee.errors import TrainingError
from tests.trainer.trained_kinds import FEATURES
from trainer.data import catalogue as catalogues
from trainer.data.catalogue import read_train
from trainer.data.lookups import string_lookup
from trainer.data.ratings import Ratings
from trainer.data.tables.bins import binned
from trainer.data.tables.columns import CategoryLookup
from trainer.data.vocabularies import Vocabularies
from trainer.export.ranking import titles


def tiny(**more):
    return {
        "user_id": ["a", "b", "a", "c"],
        "movie_id": ["1", "1", "2", "3"],
        "user_rating": [5.0, 3.0, 1.0, 3.0],
        "timestamp": [40, 30, 20, 10],
        "movie_title": ["Twin (1990)", "Twin (1990)", "Solo", "Twin (1990)"],
        "movie_genres": [["Drama", "War"], ["Drama", "War"], [], ["Drama"]],
        **more,
    }


def test_vocabularies_are_by_falling_frequency():
    vocabularies = Vocabularies.from_columns(tiny(), shipped("movielens"))
    assert vocabularies.user_id == ("a", "b", "c")
    assert vocabularies.movie_id == ("1", "2", "3")
    assert vocabularies.words["genres"] == ("Drama", "War")
    assert vocabularies.words["gender"] == ()


def test_vocabularies_of_transform_are_read_and_the_demographics_may_be_missing(tmp_path):
    folder = tmp_path / "transform_fn" / "assets"
    folder.mkdir(parents=True)
    for name, text in {"user_id": "7\n42\n", "movie_id": "1\n", "movie_genres": "Film-Noir\n"}.items():
        (folder / name).write_text(text)

    vocabularies = Vocabularies.from_transform(str(tmp_path), shipped("movielens"))

    assert vocabularies.user_id == ("7", "42")
    assert vocabularies.words == {"gender": (), "occupation": (), "genres": ("Film-Noir",)}


def test_a_missing_vocabulary_says_where(tmp_path):
    with pytest.raises(TrainingError, match=r"no vocabulary at .*user_id"):
        Vocabularies.from_transform(str(tmp_path), shipped("movielens"))


def test_ratings_from_files_are_those_from_columns(data, files):
    vocabularies = data.catalogue.vocabularies
    found = Ratings.from_files([f"{files}/eval*"], vocabularies)
    for name, column in data.evaluation.features().items():
        np.testing.assert_array_equal(found.features()[name], column)
        assert found.features()[name].dtype == column.dtype


def test_users_and_films_that_train_lacks_are_0():
    ratings = Ratings.from_columns(
        tiny(user_id=["a", "x", "b", "c"]), Vocabularies.from_columns(tiny(), shipped("movielens"))
    )
    assert ratings.user.tolist() == [1, 0, 2, 3]


def test_files_that_are_not_there_are_named(data):
    with pytest.raises(TrainingError, match="No example files at /nowhere"):
        Ratings.from_files(["/nowhere/*"], data.catalogue.vocabularies)


def test_files_without_ratings_are_refused(data, tmp_path, write_examples):
    write_examples(tmp_path / "empty.gz", {})
    with pytest.raises(TrainingError, match="No ratings in"):
        Ratings.from_files([str(tmp_path / "empty.gz")], data.catalogue.vocabularies)


def test_the_catalogue_from_files_is_the_one_from_columns(data, files):
    train, catalogue = read_train([f"{files}/train*"], data.catalogue.vocabularies)
    expected = data.catalogue

    assert len(train) == len(data.train) == catalogue.rows
    np.testing.assert_array_equal(catalogue.attributes.titles, expected.attributes.titles)
    for name in FEATURES:
        found, wanted = catalogue.table(name), expected.table(name)
        assert found.keys == wanted.keys
        np.testing.assert_array_equal(found.weights(), wanted.weights())
    np.testing.assert_array_equal(catalogue.watched.values, expected.watched.values)
    np.testing.assert_array_equal(catalogue.watchers.splits, expected.watchers.splits)
    assert catalogue.mean_rating == pytest.approx(expected.mean_rating)


def test_a_users_films_are_in_time_order():
    _, catalogue = catalogues.from_columns(tiny(), Vocabularies.from_columns(tiny(), shipped("movielens")))
    assert catalogue.watched[1].tolist() == [2, 1]  # "a": film 2 at 20, film 1 at 40
    assert catalogue.watched[0].tolist() == []
    assert catalogue.watchers[1].tolist() == [2, 1]
    assert (catalogue.first_time, catalogue.last_time) == (10, 40)


def test_stars_years_and_genres_are_read_off():
    _, catalogue = catalogues.from_columns(tiny(), Vocabularies.from_columns(tiny(), shipped("movielens")))
    assert catalogue.stars.tolist() == [1, 3, 5]
    assert catalogue.star_share.tolist() == [0.25, 0.5, 0.25]
    np.testing.assert_array_equal(catalogue.attributes.numbers("year"), [np.nan, 1990, np.nan, 1990])
    assert catalogue.table("genres").members().astype(int).tolist() == [[0, 0], [1, 1], [0, 0], [1, 0]]


def test_a_shared_title_is_the_film_most_rated_in_train():
    _, catalogue = catalogues.from_columns(tiny(), Vocabularies.from_columns(tiny(), shipped("movielens")))
    assert titles(catalogue) == {"Twin (1990)": 1, "Solo": 2}


def test_ages_fall_into_movielens_groups_and_zip_codes_into_regions():
    movielens = shipped("movielens").user_features
    ages = binned("age", movielens["age"], np.array([np.nan, 1, 17, 18, 24, 25, 56, 73]))
    assert ages.ids.tolist() == [0, 1, 1, 2, 2, 3, 7, 7]
    assert ages.keys[7] == "56 and over"

    region = CategoryLookup(movielens["zip"], movielens["zip"].values)
    assert region(tf.constant(["94043", "T8H1N", "", "01234"])).numpy().tolist() == [10, 0, 0, 1]
    assert region(tf.constant([], tf.string)).numpy().tolist() == []


def test_an_empty_vocabulary_knows_nothing_not_even_the_empty_string():
    assert string_lookup(())(tf.constant(["", "M", "\0"])).numpy().tolist() == [0, 0, 0]


def test_data_without_demographics_trains_without_their_features(columns):
    bare = {
        name: column
        for name, column in columns.items()
        if not name.startswith(("raw_user", "user_g", "user_o", "user_z"))
    }
    raw = {
        **bare,
        "user_gender": [""] * 3000,
        "user_occupation_text": [""] * 3000,
        "user_zip_code": [""] * 3000,
    }
    _, catalogue = catalogues.from_columns(raw, Vocabularies.from_columns(bare, shipped("movielens")))

    assert catalogue.known(FEATURES) == ("genres", "year")
