"""Recommendations for visitors (cold-start users with a short history), from co-occurrence counts.

A tower that was trained on histories of a hundred films makes little of a history of one: popularity
outweighs it. Here a film's score is a logarithmic opinion pool of the film's popularity and of how much more
likely each film of the history makes it,

    log p(j) + Σ lift(i, j) / n^0.8 + 0.2 × Σ shared(i, j) / n        over the n films i of the history

with lift(i, j) = log (c(i, j) + m p(j)) - log (c(i) + m) p(j). There, c(i, j) counts the users who have
watched both films, c(i) those who have watched i, and p(j) is the share of users who have watched j. The
m = 20 pseudo-users shrink the lift of rarely watched films towards 0. shared(i, j) is the information (in
nats) of the words, such as genres, that both films have: that both are for children says more than that both
are comedies. It decides where everybody has watched the film, so that its lifts carry no information.

What a visitor says of themselves (age, country) adds lead(j) / n. lead(j) is how much higher the trained user
tower scores film j for an unknown user with these features than for one without. The tower learned a softmax,
so this difference is one of logarithms of chances too. It counts like one film of the history, because a
longer history tells the same better: added in full, it makes the list for ten films worse.

If the films have weights w, the sums are over w lift(i, j) and w shared(i, j), and n is the sum of the
weights, which are scaled so that it is the effective number of films (`trainer.models.layers.pooled`).

All constants, and the form of what features add, were chosen on a validation part of train
(`benchmarks/visitor.py`).
"""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Catalogue, Ragged
from trainer.data.tables.table import SetOf, Table
from trainer.models.index.exact import frozen
from trainer.models.retrieval.histories import once

MOST_FILMS = 4_000  # films with lifts, the most watched: 64 MB. Others are scored by their words alone
MOST_USERS = 50_000  # users who are counted, evenly spread over all
SMOOTHING = 20.0  # pseudo-users per film who watch others by popularity alone
EVIDENCE = 0.8  # the lifts of n films are summed and divided by n to this power: 1 would be their mean
SHARED = 0.2  # weight of the information of shared words, per nat
MOST_WORDS = 512  # of all categories, the most frequent
BLOCK = 512  # users per block of the co-occurrence counts


@dataclass(frozen=True)
class Pool:
    """The constants of the visitors' score."""

    smoothing: float = SMOOTHING
    evidence: float = EVIDENCE
    shared: float = SHARED


class Visitors(keras.layers.Layer):
    """Scores of all films for the histories in requests.

    Args:
        catalogue: the catalogue of train.
        nobody: float32 [movies - 1], the scores for a visitor without a history.
        pool: the constants of the score.
        most_films: the number of films with lifts.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        nobody: np.ndarray,
        pool: Pool | None = None,
        most_films: int = MOST_FILMS,
        **kwargs,
    ):
        super().__init__(autocast=False, dtype="float32", trainable=False, **kwargs)
        self._pool = pool or Pool()
        counts, together, users, films = counted(catalogue.watched, catalogue.movies, most_films)
        share = np.maximum(counts, 1) / users
        self._places = frozen(self, "places", _places(films, catalogue.movies))
        # Row and column 0 are of films without lifts.
        lifts = log_lifts(together, counts[films], users, self._pool.smoothing)
        self._lifts = frozen(self, "lifts", np.pad(lifts, ((1, 0), (1, 0))))
        self._popularity = frozen(self, "popularity", np.log(share + 1 / users)[1:].astype(np.float32))
        self._words = frozen(self, "shared_words", informative(words_of(catalogue)))
        self._nobody = frozen(self, "nobody", nobody.astype(np.float32))
        self.built = True

    def scores(self, histories, weights=None, lead=None):
        """Scores all films: ragged int32 [B, (n)], known films, each once, to float32 [B, movies - 1].

        `weights` are as in `RetrievalModel.vectors_of_history`, and `lead` as in `RetrievalModel.visitors`.
        """
        count = tf.cast(histories.row_lengths(), tf.float32)[:, None]
        if weights is not None:
            count = tf.reduce_sum(weights, axis=1)[:, None]
        words = _sums(self._words, histories.values, histories, weights)
        shared = tf.matmul(words, self._words[1:], False, True)
        scores = self._popularity + self._pool.shared * shared / tf.maximum(count, 1)
        lifts = _sums(self._lifts, tf.gather(self._places, histories.values), histories, weights)
        lifts /= tf.maximum(count, 1) ** self._pool.evidence
        scores += tf.gather(lifts, self._places[1:], axis=1)
        scores = tf.where(count > 0, scores, self._nobody)
        return scores if lead is None else scores + lead / tf.maximum(count, 1)


def counted(
    watched: Ragged, movies: int, most_films: int = MOST_FILMS
) -> tuple[np.ndarray, np.ndarray, int, np.ndarray]:
    """Counts how many users have watched each film, and each pair of films.

    Returns:
        int64 [movies], the number of users who have watched each film; float32 [N, N], the number who have
        watched both of two films, among the N most watched; the number of users who were counted; and the N
        films' ids, ascending.
    """
    watched = once(watched)
    owners = np.flatnonzero(watched.lengths)
    owners = owners[
        np.unique(np.linspace(0, max(len(owners) - 1, 0), min(len(owners), MOST_USERS)).astype(int))
    ]
    counts = np.bincount(watched.of(owners).values, minlength=movies)
    films = np.sort(np.argsort(-counts[1:], kind="stable")[:most_films] + 1)
    films = films[counts[films] > 0]
    column = np.full(movies, -1)
    column[films] = np.arange(len(films))
    together = np.zeros((len(films), len(films)), np.float32)
    for start in range(0, len(owners), BLOCK):
        rows = owners[start : start + BLOCK]
        block = np.zeros((len(rows), len(films)), np.float32)
        for place, owner in enumerate(rows):
            kept = column[watched[owner]]
            block[place, kept[kept >= 0]] = 1
        together += block.T @ block
    return counts, together, max(len(owners), 1), films


def log_lifts(together: np.ndarray, counts: np.ndarray, users: int, smoothing: float) -> np.ndarray:
    """Returns lift(row's film, column's film), as defined above: float32 [N, N].

    Args:
        together: the number of users who have watched both films; the diagonal is ignored.
        counts: the number of users who have watched each film.
        users: the number of users.
        smoothing: the number of pseudo-users, m.
    """
    together = together.copy()
    np.fill_diagonal(together, 0)
    share = counts / users
    expected = (counts[:, None] + smoothing) * share
    lifts = np.log((together + smoothing * share) / np.maximum(expected, np.finfo(np.float32).tiny))
    np.fill_diagonal(lifts, 0)
    return lifts.astype(np.float32)


def words_of(catalogue: Catalogue, most: int = MOST_WORDS) -> np.ndarray:
    """Returns which films have which words of all `categories` features: bool [movies, at most `most`]."""
    tables = [catalogue.table(key) for key in catalogue.description.select("item", "categories")]
    return np.concatenate(
        [np.zeros((catalogue.movies, 0), bool), *(_most_frequent(each, most) for each in tables)], axis=1
    )[:, :most]


def informative(words: np.ndarray) -> np.ndarray:
    """Scales the films' words so that the product of two rows is the information of their shared words.

    The information of a word is -log(its share of the films): bool [movies, w] to float32 [movies, w], with
    at least one column.
    """
    if not words.shape[1]:
        return np.zeros((len(words), 1), np.float32)
    films = max(1, len(words) - 1)
    having = np.maximum(words[1:].sum(axis=0), 1)
    return (words * np.sqrt(np.log(films / having))).astype(np.float32)


def _most_frequent(table: Table, most: int) -> np.ndarray:
    """Returns whether each film has each of the most frequent words, bool [movies, at most `most`]."""
    assert isinstance(table, SetOf)
    counts = np.bincount(table.words.values, minlength=len(table.keys))
    kept = np.sort(np.argsort(-counts, kind="stable")[:most])
    place = np.full(len(table.keys), -1)
    place[kept] = np.arange(len(kept))
    column = place[table.words.values]
    members = np.zeros((len(table.words), len(kept)), bool)
    members[table.words.owners[column >= 0], column[column >= 0]] = True
    return members


def _places(films: np.ndarray, movies: int) -> np.ndarray:
    """Returns each film's row in the lifts, 0 for films without lifts: int32 [movies]."""
    places = np.zeros(movies, np.int32)
    places[films] = 1 + np.arange(len(films))
    return places


def _sums(table, rows, histories, weights=None):
    """Sums a table's rows over each history, float32 [B, d], without copying the rows."""
    if weights is not None:
        places = tf.stack([histories.value_rowids(), tf.cast(rows, tf.int64)], axis=1)
        shape = tf.stack([histories.nrows(), tf.shape(table, tf.int64)[0]])
        return tf.sparse.sparse_dense_matmul(tf.SparseTensor(places, weights.values, shape), table)
    return tf.sparse.segment_sum(table, rows, histories.value_rowids(), num_segments=histories.nrows())
