"""The vectors of items that nobody has touched follow from their words."""

import numpy as np
import pytest

from components.movielens_example_gen.shipped import shipped
from trainer.data.catalogue import from_columns
from trainer.data.vocabularies import Vocabularies
from trainer.export.cold.items import extended
from trainer.export.cold.vectors import EVIDENCE, LENGTH, cold_vectors
from trainer.export.cold.words import ItemWords

GENRES = ("Action", "Comedy", "Drama")
COLD = {"new action": ["Action"], "new comedy": ["Comedy"], "new both": ["Action", "Comedy"]}
TASTE = np.array([[4.0, 0.0], [0.0, 2.0], [-1.0, -1.0]], np.float32)  # of each genre


@pytest.fixture(scope="module")
def whole(write_examples, tmp_path_factory):
    """30 films of one or two genres, ten users each, and three that nobody has touched behind them."""
    sets = [sorted({GENRES[each % 3], GENRES[(each // 3) % 3]}) for each in range(30)]
    rows = [(user, film) for film in range(30) for user in range(10)]
    columns = {
        "user_id": [f"u{user}" for user, _ in rows],
        "movie_id": [f"m{film}" for _, film in rows],
        "user_rating": [4.0] * len(rows),
        "timestamp": list(range(len(rows))),
        "movie_title": [""] * len(rows),
        "movie_genres": [sets[film] for _, film in rows],
    }
    _, catalogue = from_columns(columns, Vocabularies.from_columns(columns, shipped("movielens")))
    path = tmp_path_factory.mktemp("items") / "items.tfrecord.gz"
    write_examples(
        path, {"movie_id": [*COLD], "movie_title": [""] * len(COLD), "movie_genres": [*COLD.values()]}
    )
    return extended(catalogue, tuple(COLD), [str(path)])


@pytest.fixture(scope="module")
def table(whole):
    """Vectors of train's films that their words make up, and one that no word explains for the unknown."""
    return np.concatenate([[[99, 99]], rows_of(whole)[1:31] @ TASTE]).astype(np.float32)


def rows_of(catalogue):
    """Returns each film's genres, each worth the root of its information, as a vector of the length 1."""
    words, rows = ItemWords.of(catalogue), np.zeros((catalogue.movies, 3))
    for film in range(1, catalogue.movies):
        for genre in catalogue.attributes.text("genres", film):
            share = np.mean(
                [genre in catalogue.attributes.text("genres", each) for each in range(1, catalogue.movies)]
            )
            rows[film, GENRES.index(genre)] = np.sqrt(-np.log(share))
    rows /= np.maximum(np.sqrt((rows**2).sum(axis=1, keepdims=True)), 1e-9)
    np.testing.assert_allclose(words.lengths[0], 1e-9**0.5)
    return rows


ALIKE = np.float32([[1, 0], [0, 1], [1, 1]])


def vectors(whole, table, **constants):
    return cold_vectors(whole, 31, np.asarray(table, np.float32), ALIKE, **constants)


def test_the_regression_finds_vectors_that_words_explain(whole, table):
    found = vectors(whole, table, penalty=1e-3, share=1.0)
    wanted = rows_of(whole)[31:] @ TASTE

    cosines = (found * wanted).sum(axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(wanted, axis=1)
    assert (cosines > 0.98).all()


def test_the_regression_weighs_items_by_the_number_of_interactions(whole, table):
    weight = whole.watchers.lengths[1:31] / (whole.watchers.lengths[1:31] + EVIDENCE)
    rows, mean = rows_of(whole), weight @ table[1:] / weight.sum()
    known = rows[1:31]
    gram = known.T @ (weight[:, None] * known) + 5 * np.eye(3)
    learned = np.linalg.solve(gram, known.T @ (weight[:, None] * (table[1:] - mean)))
    wanted = rows[31:] @ learned + mean
    found = vectors(whole, table, penalty=5.0, share=1.0)

    np.testing.assert_allclose(found / np.linalg.norm(found), wanted / np.linalg.norm(wanted), atol=1e-4)


def test_half_of_the_direction_is_of_the_items_alike(whole, table):
    regression, alike, both = (vectors(whole, table, share=share) for share in (1.0, 0.0, 0.5))
    np.testing.assert_allclose(alike / np.linalg.norm(alike), ALIKE / 2, atol=1e-6)
    wanted = regression + alike  # which are of one length
    np.testing.assert_allclose(both / np.linalg.norm(both), wanted / np.linalg.norm(wanted), atol=1e-5)


def test_their_length_is_relative_to_that_of_touched_items(whole, table):
    usual = np.sqrt((table[1:] ** 2).sum(axis=1).mean())
    for length, found in ((0.5, vectors(whole, table, length=0.5)), (LENGTH, vectors(whole, table))):
        assert np.sqrt((found**2).sum(axis=1).mean()) == pytest.approx(length * usual, rel=1e-4)


def test_the_unknown_item_is_not_learned_from(whole, table):
    other = table.copy()
    other[0] = -7
    np.testing.assert_array_equal(vectors(whole, other), vectors(whole, table))


def test_where_features_explain_nothing_the_mean_stays(whole):
    found = vectors(whole, np.tile([[3, 4]], (31, 1)), share=1.0, length=1.0)

    np.testing.assert_allclose(found, [[3, 4]] * 3, rtol=1e-5)
