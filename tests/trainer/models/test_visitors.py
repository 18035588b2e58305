"""What a history that a request brings is answered with, by hand and on MovieLens 100K."""

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.ranking import read
from benchmarks.visitor import DISNEY, TOY_STORY, films_for, for_children
from components.movielens_example_gen.shipped import shipped
from tests.marquee_process import ML_100K
from trainer.data.catalogue import from_columns
from trainer.data.vocabularies import Vocabularies
from trainer.models.retrieval.visitors import (
    EVIDENCE,
    SHARED,
    SMOOTHING,
    Visitors,
    counted,
    informative,
    log_lifts,
)


@pytest.fixture(scope="module")
def watched(data):
    """Who has watched what, bool [users, movies], the unknown left out."""
    table = np.zeros((data.catalogue.users, data.catalogue.movies), bool)
    for user in range(1, data.catalogue.users):
        table[user, data.catalogue.watched[user]] = True
    return table[1:]


def scores(visitors, *histories):
    return visitors.scores(tf.ragged.constant(histories, tf.int32, ragged_rank=1)).numpy()


def by_hand(watched, genres, history):
    users, films = watched.shape
    counts = watched.sum(axis=0)
    share = np.maximum(counts, 1) / users
    score = np.log(share + 1 / users)
    information = np.log((films - 1) / np.maximum(genres[1:].sum(axis=0), 1))
    for film in history:
        both = (watched[:, [film]] & watched).sum(axis=0)
        lift = np.log((both + SMOOTHING * share) / ((counts[film] + SMOOTHING) * share))
        lift[film] = 0
        score += lift / len(history) ** EVIDENCE
        score += SHARED * ((genres[film] & genres) * information).sum(axis=1) / len(history)
    return score[1:]


def test_scores_are_popularity_lifts_and_shared_genres(data, watched):
    genres = data.catalogue.table("genres").members()
    visitors = Visitors(data.catalogue, np.zeros(data.catalogue.movies - 1))
    for history in ([1], [7, 3], [60, 2, 31]):
        wanted = by_hand(watched, genres, history)
        np.testing.assert_allclose(scores(visitors, history)[0], wanted, atol=1e-5)


def test_rows_do_not_touch_each_other_and_an_empty_one_is_somebody_unknown(data):
    nobody = np.arange(data.catalogue.movies - 1)
    visitors = Visitors(data.catalogue, nobody)
    together = scores(visitors, [5], [], [9, 1])

    np.testing.assert_allclose(together[0], scores(visitors, [5])[0], atol=1e-6)
    np.testing.assert_array_equal(together[1], nobody)
    np.testing.assert_allclose(together[2], scores(visitors, [9, 1])[0], atol=1e-6)
    assert scores(visitors).shape == (0, len(nobody))


def test_only_the_most_watched_films_have_lifts(data):
    counts, together, users, films = counted(data.catalogue.watched, data.catalogue.movies, most_films=10)
    assert (len(films), together.shape, users) == (10, (10, 10), 80)
    assert set(films) == set(np.argsort(-counts, kind="stable")[:10])
    np.testing.assert_array_equal(np.diag(together), counts[films])

    few = Visitors(data.catalogue, np.zeros(data.catalogue.movies - 1), most_films=10)
    every = Visitors(data.catalogue, np.zeros(data.catalogue.movies - 1))
    rare = int(np.setdiff1d(np.arange(1, data.catalogue.movies), films)[0])
    genres = informative(data.catalogue.table("genres").members())
    popular = np.log(counts / users + 1 / users)[1:]
    wanted = popular + SHARED * genres[rare] @ genres[1:].T
    np.testing.assert_allclose(scores(few, [rare])[0], wanted, atol=1e-5)
    inside = films - 1
    np.testing.assert_allclose(
        scores(few, [int(films[0])])[0, inside], scores(every, [int(films[0])])[0, inside], atol=1e-5
    )


def test_what_few_have_watched_is_drawn_towards_what_anybody_does():
    together, counts = np.array([[2.0, 2], [2, 40]]), np.array([2, 40])
    bold, careful = (log_lifts(together, counts, 100, smoothing)[0, 1] for smoothing in (0.01, 20.0))
    assert bold == pytest.approx(np.log(1 / 0.4), abs=0.01)  # both of two users: a share of 1, not of 0.4
    assert careful == pytest.approx(np.log((2 + 8) / (22 * 0.4)), abs=1e-6)


@pytest.fixture(scope="module")
def movielens():
    columns = read(str(ML_100K))
    catalogue = from_columns(columns, Vocabularies.from_columns(columns, shipped("movielens")))[1]
    return catalogue, Visitors(catalogue, np.log1p(catalogue.watchers.lengths[1:]))


def test_films_bring_films_like_them(movielens):
    catalogue, visitors = movielens
    toy_story, disney = (films_for(titles, visitors, catalogue) for titles in (TOY_STORY, DISNEY))
    assert for_children(toy_story) >= 7
    assert for_children(disney) >= 9
    assert toy_story != disney

    def titles(*history):
        return {film["title"] for film in films_for(history, visitors, catalogue)}

    assert "Empire Strikes Back, The (1980)" in titles("Star Wars (1977)")
    assert "Aliens (1986)" in titles("Alien (1979)")
    assert len(titles("Alien (1979)") & titles("Sense and Sensibility (1995)")) <= 3


def test_somebody_who_names_nothing_is_shown_what_is_popular(movielens):
    catalogue, visitors = movielens
    best, most = (
        1 + np.argsort(-each)[:10] for each in (scores(visitors, [])[0], catalogue.watchers.lengths[1:])
    )
    assert set(best) == set(most)
