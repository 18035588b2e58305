"""What a trained ranking model answers: questions for every signature.

The answers come from the trained model itself, before any export.
"""

import numpy as np
import tensorflow as tf

from trainer.answers import UNKNOWN, Answer, ids, spread
from trainer.export import RankingServer, titles
from trainer.features import MOVIE_ID, MOVIE_TITLE, TIMESTAMP, USER_AGE, USER_ID, USER_RATING
from trainer.ranking.model import RankingModel


def trained_answers(model: RankingModel, pairs: int = 64) -> list[Answer]:
    """An answer a signature, over pairs from the whole catalogue and over unknown values.

    Args:
        model: a trained model.
        pairs: how many users and films to ask about, spread over the vocabularies.
    """
    catalogue, vocabularies = model.catalogue, model.catalogue.vocabularies
    places = np.linspace(0, 1, pairs)
    users = [*spread(vocabularies.user_id, places), UNKNOWN, vocabularies.user_id[0], UNKNOWN]
    movies = [*spread(vocabularies.movie_id, places[::-1]), vocabularies.movie_id[0], UNKNOWN, UNKNOWN]
    user, movie = ids(vocabularies.user_id, users), ids(vocabularies.movie_id, movies)
    names = [str(name) for name in catalogue.attributes.titles[movie]]
    by_title = titles(catalogue)
    entitled = np.array([by_title.get(name, 0) for name in names], np.int32)
    examples = [_example(u, m, catalogue.last_time) for u, m in zip(users, movies, strict=True)]

    def rating(movies: np.ndarray) -> dict[str, np.ndarray]:
        features = {USER_ID: tf.constant(user), MOVIE_ID: tf.constant(movies)}
        return {USER_RATING: model(features, training=False).numpy()}

    def tasks() -> dict[str, np.ndarray]:
        features = {USER_ID: tf.constant(user), MOVIE_ID: tf.constant(movie)}
        return {name: column.numpy() for name, column in model.rate_tasks(features).items()}

    slices = RankingServer(model).slices(tf.constant(examples))
    more = [Answer("rate_tasks", {USER_ID: users, MOVIE_ID: movies}, tasks())] if model.other_heads else []
    return [
        *more,
        Answer("serving_default", {USER_ID: users, MOVIE_TITLE: names}, rating(entitled)),
        Answer("rate_ids", {USER_ID: users, MOVIE_ID: movies}, rating(movie)),
        Answer("serving_examples", {"examples": examples}, rating(movie)),
        Answer("slices", {"examples": examples}, {name: column.numpy() for name, column in slices.items()}),
    ]


def _example(user: str, movie: str, time: int) -> bytes:
    def text(value: str) -> tf.train.Feature:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))

    feature = {
        USER_ID: text(user),
        MOVIE_ID: text(movie),
        USER_AGE: tf.train.Feature(float_list=tf.train.FloatList(value=[20 + len(user) * 7])),
        TIMESTAMP: tf.train.Feature(int64_list=tf.train.Int64List(value=[time])),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
