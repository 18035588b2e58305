"""A trained ranking model's answers, for every signature of its export.

The answers come from the trained model itself, before any export.
"""

from itertools import pairwise

import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.description import Text, Vector
from trainer.data.features import MOVIE_ID, MOVIE_TITLE, USER_ID, USER_RATING
from trainer.data.names import Names
from trainer.data.tables.context import ContextLookup
from trainer.data.tables.context_tables import ContextSums
from trainer.export.answers import UNKNOWN, Answer, ids, spread
from trainer.export.brought import HISTORY_ID, WEIGHT
from trainer.export.cold.items import ColdItems
from trainer.export.given.answers import contribution, given_by
from trainer.export.ranking import (
    CHANCE,
    CHANCES,
    EVENT_EXAMPLES,
    RATE_EVENTS,
    RankingServer,
    grouped,
    titles,
)
from trainer.models.ranking.mf import product
from trainer.models.ranking.model import RankingModel


def trained_answers(model: RankingModel, pairs: int = 64, cold: ColdItems | None = None) -> list[Answer]:
    """Returns one answer per signature, for pairs from the whole catalogue and for unknown values.

    Args:
        model: a trained model.
        pairs: the number of users and films to request, spread over the vocabularies.
        cold: the films that are served beside the model's own; some of them are requested too.
    """
    catalogue, vocabularies = model.catalogue, model.catalogue.vocabularies
    places = np.linspace(0, 1, pairs)
    users = [*spread(vocabularies.user_id, places), UNKNOWN, vocabularies.user_id[0], UNKNOWN]
    movies = [*spread(vocabularies.movie_id, places[::-1]), vocabularies.movie_id[0], UNKNOWN, UNKNOWN]
    user, movie = ids(vocabularies.user_id, users), ids(vocabularies.movie_id, movies)
    names = [str(name) for name in catalogue.attributes.titles[movie]]
    by_title = titles(catalogue)
    entitled = np.array([by_title.get(name, 0) for name in names], np.int32)
    numbers = [catalogue.description.name_of(key) for key in grouped(catalogue.description)]
    own = catalogue.description.names
    examples = [_example(own, u, m, catalogue.last_time, numbers) for u, m in zip(users, movies, strict=True)]

    def rating(movies: np.ndarray) -> dict[str, np.ndarray]:
        features = {USER_ID: tf.constant(user), MOVIE_ID: tf.constant(movies)}
        return {USER_RATING: model(features, training=False).numpy()}

    def tasks() -> dict[str, np.ndarray]:
        features = {USER_ID: tf.constant(user), MOVIE_ID: tf.constant(movie)}
        return {name: column.numpy() for name, column in model.rate_tasks(features).items()}

    served = RankingServer(model)
    slices = served.slices(tf.constant(examples))
    more = []
    if model.of_events:
        more.append(Answer(RATE_EVENTS, {USER_ID: users, MOVIE_ID: movies}, tasks()))
        more.append(Answer(EVENT_EXAMPLES, {"examples": examples}, tasks()))
    elif model.other_heads:
        more.append(Answer("rate_tasks", {USER_ID: users, MOVIE_ID: movies}, tasks()))
    if model.chance:
        more.append(Answer(CHANCES, {USER_ID: users, MOVIE_ID: movies}, {CHANCE: rating(movie)[USER_RATING]}))
    if context := _context(catalogue, len(users)):
        columns = ContextLookup(vocabularies)({name: tf.constant(column) for name, column in context.items()})
        features = {USER_ID: tf.constant(user), MOVIE_ID: tf.constant(movie), **columns}
        rated = {USER_RATING: model(features, training=False).numpy()}
        inputs = {name: column.tolist() for name, column in context.items()}
        more.append(Answer("rate_in_context", {USER_ID: users, MOVIE_ID: movies, **inputs}, rated))
    if model.rates_histories:
        more += [_of_histories(model, names, entitled), _of_weighted_histories(model, movie)]
    if model.user_features:
        more.append(
            _of_weighted_histories(model, movie, user)
            if model.rates_histories
            else _of_features(model, user, movie[:5])
        )
    if cold:
        more.append(_of_cold(model, cold, users[: len(cold)]))
    return [
        *more,
        Answer("serving_default", {USER_ID: users, MOVIE_TITLE: names}, rating(entitled)),
        Answer("rate_ids", {USER_ID: users, MOVIE_ID: movies}, rating(movie)),
        Answer("serving_examples", {"examples": examples}, rating(movie)),
        Answer("slices", {"examples": examples}, {name: column.numpy() for name, column in slices.items()}),
    ]


def _of_histories(model: RankingModel, names: list[str], films: np.ndarray) -> Answer:
    """Returns the answer for histories of up to three films, one of them twice, composed in NumPy."""
    members = model.user.shape[1:]
    rows = [[*range(row, row + row % 4)] for row in range(0, len(names) - 3, 3)]
    asked = films[:5]
    table, nobody = model.watched_rows().reshape(-1, *members), model.users(tf.zeros([1], tf.int32)).numpy()
    ratings = []
    for row in rows:
        known = np.unique([films[place] for place in row if films[place]]).astype(int)
        user = nobody + table[known].sum(axis=0) / np.sqrt(max(len(known), 1))
        ratings.append(model.head(product(user, model.movies(tf.constant(asked)))).numpy())
    histories = [
        [*(names[place] for place in row), *[""] * (4 - len(row)), names[row[0]] if row else ""]
        for row in rows
    ]
    movie_id = [_movie_ids(model, asked)] * len(rows)
    return Answer(
        "rate_for_history", {MOVIE_TITLE: histories, MOVIE_ID: movie_id}, {USER_RATING: np.stack(ratings)}
    )


def _of_weighted_histories(model: RankingModel, films: np.ndarray, users: np.ndarray | None = None) -> Answer:
    """Returns the answer for histories of up to three ids with weights of 1, 0 and 3, composed in NumPy.

    If there are `users`, rows of train, these histories are of people with their features.
    """
    members, asked, longest = model.user.shape[1:], films[:5], 3
    table, nobody = model.watched_rows().reshape(-1, *members), model.users(tf.zeros([1], tf.int32)).numpy()
    histories, weights, ratings = [], [], []
    places = range(0, len(films) - longest, longest)
    people, features = np.repeat(nobody, len(places), axis=0), {}
    if users is not None:
        told = given_by(model.catalogue, model.user_features, users[places])
        features = dict(told.inputs)
        people = np.repeat(model.user.numpy()[:1], len(places), axis=0)
        for key in model.user_features:
            column = told.columns[model.catalogue.description.name_of(key)]
            people += contribution(model.catalogue.table(key), model.rows_of(key), column)
    for place, person in zip(places, people, strict=True):
        row = films[place : place + place % (longest + 1)]
        given = np.array([1.0, 0.0, 3.0])[: len(row)]
        user = person[None]
        counted = (row > 0) & (given > 0)
        counted &= np.array([each not in row[:at] for at, each in enumerate(row)], bool)
        if counted.any():
            scaled = given[counted] * given[counted].sum() / (given[counted] ** 2).sum()
            user = user + (scaled @ table[row[counted]].reshape(len(scaled), -1)).reshape(members) / np.sqrt(
                scaled.sum()
            )
        ratings.append(model.head(product(user, model.movies(tf.constant(asked)))).numpy())
        histories.append([*_movie_ids(model, row), *[""] * (longest - len(row))])
        weights.append([*given.tolist(), *[1.0] * (longest - len(row))])
    inputs: dict[str, list | int | bool]
    inputs = {HISTORY_ID: histories, WEIGHT: weights, MOVIE_ID: [_movie_ids(model, asked)] * len(histories)}
    signature = "rate_ids_for_history" if users is None else "rate_ids_for_history_of_user"
    return Answer(signature, {**inputs, **features}, {USER_RATING: np.stack(ratings)})


def _of_features(model: RankingModel, users: np.ndarray, movies: np.ndarray) -> Answer:
    """Returns the ratings of films by people with the features of users of train, and no id."""
    given = given_by(model.catalogue, model.user_features, users)
    columns = {name: tf.repeat(column, len(movies), axis=0) for name, column in given.columns.items()}
    features = {
        USER_ID: tf.zeros(len(users) * len(movies), tf.int32),
        MOVIE_ID: tf.tile(tf.constant(movies), [len(users)]),
        **columns,
    }
    rated = model(features, training=False).numpy().reshape(len(users), len(movies))
    inputs: dict[str, list | int | bool]
    inputs = {MOVIE_ID: [_movie_ids(model, movies)] * len(users), **given.inputs}
    return Answer("rate_ids_of_user", inputs, {USER_RATING: rated})


def _of_cold(model: RankingModel, cold: ColdItems, users: list[str]) -> Answer:
    """Returns the ratings of cold films, composed in NumPy; fewer films repeat no user."""
    movies, user = list(cold.catalogue.vocabularies.movie_id[cold.first - 1 :][: len(users)]), users
    rows = ids(model.catalogue.vocabularies.user_id, user)
    ratings = np.zeros(len(rows), np.float32)
    for place in range(cold.alike.shape[1]):
        features = {USER_ID: tf.constant(rows), MOVIE_ID: tf.constant(cold.alike[: len(rows), place])}
        ratings += cold.weights[: len(rows), place] * model(features, training=False).numpy()
    return Answer("rate_ids", {USER_ID: user, MOVIE_ID: movies}, {USER_RATING: ratings})


def _movie_ids(model: RankingModel, movies: np.ndarray) -> list[str]:
    known = model.catalogue.vocabularies.movie_id
    return [known[movie - 1] if movie else UNKNOWN for movie in movies]


def _context(catalogue: Catalogue, rows: int) -> dict[str, np.ndarray]:
    """Returns values of each context feature, in turn, by name in tf.Examples; "" and unknown words too."""
    found = {}
    for key, feature in catalogue.description.context_features.items():
        table = catalogue.context[key]
        if isinstance(table, ContextSums):
            values = _words_or_vectors(table, feature)
        elif table.boundaries is None:
            values = np.array([*(word for word in table.keys if "\x1e" not in word), UNKNOWN], object)
        else:
            kind = np.int64 if feature.type == "time" else np.float32
            values = np.array([table.mean, *table.boundaries, 0.0]).astype(kind)
        found[catalogue.description.name_of(key)] = np.resize(values, (rows, *values.shape[1:]))
    return found


def _words_or_vectors(table: ContextSums, feature) -> np.ndarray:
    """Returns words in pairs, or as texts, and vectors: [n] or [n, 2] or [n, length]."""
    if isinstance(feature, Vector):
        return np.eye(3, feature.length, dtype=np.float32) - np.eye(3, feature.length, 1, np.float32)
    words = [*table.keys[:30], UNKNOWN, ""]
    pairs = [["", ""], *([word, after] for word, after in pairwise(words)), [words[0], words[0]]]
    texts = [" ".join(pair).strip() for pair in pairs]
    return np.array(texts if isinstance(feature, Text) else pairs, object)


def _example(names: Names, user: str, movie: str, time: int, numbers: list[str]) -> bytes:
    def text(value: str) -> tf.train.Feature:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))

    value = tf.train.Feature(float_list=tf.train.FloatList(value=[20 + len(user) * 7]))
    feature = {
        names.user: text(user),
        names.item: text(movie),
        **dict.fromkeys(numbers, value),
        names.time: tf.train.Feature(int64_list=tf.train.Int64List(value=[time])),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
