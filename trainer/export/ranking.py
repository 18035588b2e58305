"""Export of a trained ranking model as a SavedModel for stock TF Serving.

It is written by `keras.export.ExportArchive`: with the SavedModel that `tf.saved_model.save` writes of a
Keras 3 model, TF Serving reports AVAILABLE and then fails on every request.
"""

from typing import Any

import keras
import tensorflow as tf

from trainer.data.activity import ACTIVITIES, activity
from trainer.data.catalogue import Catalogue
from trainer.data.description import Categories, Description, Number, Time, Vector
from trainer.data.examples import parse
from trainer.data.features import MOVIE_ID, MOVIE_TITLE, TIMESTAMP, USER_ID, USER_RATING
from trainer.data.lookups import string_lookup
from trainer.data.tables.context import ContextLookup
from trainer.export.brought import HISTORY_ID, WEIGHT, weighted
from trainer.export.cold.items import ColdItems
from trainer.export.cold.mixed import Mixed
from trainer.export.description import write_description
from trainer.export.given.features import GivenFeatures
from trainer.export.named import Endpoints
from trainer.models.ranking.model import RankingModel

CHANCES, CHANCE = (
    "chances",
    "chance",
)  # the signature that only models of implicit feedback have, and its output

#: The signatures that only models of several types of events have.
RATE_EVENTS, EVENT_EXAMPLES = "rate_events", "event_examples"


def export_ranking(model: RankingModel, path: str, cold: ColdItems | None = None) -> None:
    """Writes the SavedModel; `path` must not exist yet.

    These signatures return `user_rating` float32 [B]:
        serving_default: `user_id`, `movie_title` string [B].
        rate_ids: `user_id`, `movie_id` string [B].
        serving_examples: `examples` string [B], serialized tf.Examples; a film is given by its id, or else
            by its title; the rating's time is used if the example has it.
    A model of implicit feedback, whose `user_rating` is the chance of an interaction, says so by one more:
        chances: `user_id`, `movie_id` string [B] to `chance` float32 [B].
    A model with several tasks has one that also returns the other tasks' outputs, float32 [B] each:
        rate_tasks: `user_id`, `movie_id` string [B] to `user_rating`, `liked`, `watched`.
    One of several types of events has two instead, which return `user_rating`, the chance of each type
    (`chance_of_view`), and `worth`, the sum of these chances times the types' weights, by the largest weight,
    which orders recommended lists:
        rate_events: `user_id`, `movie_id` string [B].
        event_examples: `examples` string [B], as `serving_examples` takes them.
    A model that can represent a user by the watched films (`rates_histories`) has one for cold-start users:
        rate_for_history: `movie_title` string [B, h], the watched films, padded with "", and `movie_id`
            string [B, n], to `user_rating` [B, n]. Titles that train does not know are ignored.
        rate_ids_for_history: the same for `history_id` string [B, h], the ids of the watched films, padded
            with "", and `weight` float32 [B, h], at least 0, how much each of them counts; only the ratios of
            a row's weights matter.
    A model that learned features of users has one for people who are known by these instead of an id. Each
    feature is an input by its name in tf.Examples (`trainer.export.given.features`):
        rate_ids_for_history_of_user: the inputs of `rate_ids_for_history`, and each feature; or, of a model
            that cannot represent a user by films,
        rate_ids_of_user: `movie_id` string [B, n], and each feature, to `user_rating` [B, n].
    A model of data with context features (device, time of day) has one that takes them too, by their names in
    tf.Examples: string, float32 or (times, in seconds) int64 [B]; categories string [B, n], padded with "";
    vectors float32 [B, length]. "", NaN, the least int64, a row of "" and a vector of zeros mean the declared
    default, which the other signatures always assume:
        rate_in_context: `user_id`, `movie_id`, and each context feature, to `user_rating`.
    One signature slices an evaluation (TFMA's `preprocessing_function_names`):
        slices: `examples` to `activity`, and `<key>_group` for each number of the examples whose bins have
            labels (`age_group`), string [B].

    Names are those of MovieLens; in the SavedModel they are the data set's own (`trainer.export.named`), as
    `assets.extra/description.json` says them.

    A user, film or title that train lacks is treated as the unknown one. A cold film gets the weighted mean
    of the ratings of the films that stand for it.

    Args:
        model: the trained model.
        path: the path of the SavedModel.
        cold: the films that train does not know and that are rated as well; None: no such films.
    """
    served = RankingServer(model, cold)
    archive = keras.export.ExportArchive()
    # Keras finds tables by walking the tracked objects, and silently stops the walk at models whose inputs
    # are a dict of integers: so the tables are tracked one by one.
    for lookup in served.lookups:
        archive.track(lookup)

    def strings(name: str) -> tf.TensorSpec:
        return tf.TensorSpec([None], tf.string, name=name)

    endpoints = Endpoints(archive, served.description.names)
    endpoints.add("serving_default", served.rate_titles, [strings(USER_ID), strings(MOVIE_TITLE)])
    endpoints.add("rate_ids", served.rate_ids, [strings(USER_ID), strings(MOVIE_ID)])
    endpoints.add("serving_examples", served.rate_examples, [strings("examples")])
    if model.chance:
        endpoints.add(CHANCES, served.chances, [strings(USER_ID), strings(MOVIE_ID)])
    if model.of_events:
        endpoints.add(RATE_EVENTS, served.rate_tasks, [strings(USER_ID), strings(MOVIE_ID)])
        endpoints.add(EVENT_EXAMPLES, served.rate_event_examples, [strings("examples")])
    elif model.other_heads:
        endpoints.add("rate_tasks", served.rate_tasks, [strings(USER_ID), strings(MOVIE_ID)])
    if model.rates_histories:
        histories, films = (
            tf.TensorSpec([None, None], tf.string, name=name) for name in (MOVIE_TITLE, MOVIE_ID)
        )
        endpoints.add("rate_for_history", served.rate_for_history, [histories, films])
        brought = tf.TensorSpec([None, None], tf.string, name=HISTORY_ID)
        weight = tf.TensorSpec([None, None], tf.float32, name=WEIGHT)
        endpoints.add("rate_ids_for_history", served.rate_ids_for_history, [brought, weight, films])
        if given := served.given.specs():
            of_history = [brought, weight, films, *given]
            endpoints.add("rate_ids_for_history_of_user", served.rate_ids_for_history_of_user, of_history)
    elif given := served.given.specs():
        films = tf.TensorSpec([None, None], tf.string, name=MOVIE_ID)
        endpoints.add("rate_ids_of_user", served.rate_ids_of_user, [films, *given])
    if context := served.context_specs():
        ids = [strings(USER_ID), strings(MOVIE_ID)]
        endpoints.add("rate_in_context", served.rate_in_context, [*ids, *context])
    endpoints.add("slices", served.slices, [strings("examples")])
    archive.write_out(path, verbose=False)
    write_description(path, served.description, served.given.described())


class RankingServer(keras.layers.Layer):
    """The served ranking model: maps strings to ratings.

    Methods take and return tensors by the keys of `trainer.data.features`; tf.Examples have the data's names.

    Args:
        model: the trained model.
        cold: films behind the model's own, whose ratings are those of the films like them; or None.
    """

    def __init__(self, model: RankingModel, cold: ColdItems | None = None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        catalogue = cold.catalogue if cold else model.catalogue
        self._cold = Mixed(cold) if cold else None
        self._network = model.for_serving()
        self._users = string_lookup(catalogue.vocabularies.user_id)
        self._movies = string_lookup(catalogue.vocabularies.movie_id)
        movies_by_title = titles(catalogue)
        self._titles = string_lookup(movies_by_title)
        self._movie_of_title = tf.constant([0, *movies_by_title.values()], tf.int32)
        self._context = ContextLookup(catalogue.vocabularies)
        self.given = GivenFeatures(model.catalogue, model.user_features)
        self.lookups = (self._users, self._movies, self._titles, *self._context.tables, *self.given.tables)
        self._count = catalogue.movies
        self._activity = tf.constant(activity(catalogue), tf.int32)
        self.description = catalogue.description
        self.built = True

    def rate_titles(self, user_id, movie_title):
        return self._rate(user_id, self._by_title(movie_title))

    def rate_ids(self, user_id, movie_id):
        return self._rate(user_id, tf.cast(self._movies(movie_id), tf.int32))

    def chances(self, user_id, movie_id):
        return {CHANCE: self.rate_ids(user_id, movie_id)[USER_RATING]}

    def rate_tasks(self, user_id, movie_id):
        user, movie = (
            tf.cast(lookup(ids), tf.int32)
            for lookup, ids in ((self._users, user_id), (self._movies, movie_id))
        )
        return self._mixed(self._network.rate_tasks, {USER_ID: user, MOVIE_ID: movie})

    def rate_for_history(self, movie_title, movie_id):
        histories = tf.RaggedTensor.from_tensor(self._by_title(movie_title))
        movies = tf.cast(self._movies(movie_id), tf.int32)
        if self._cold:
            histories = self._cold.learned(histories)
        return {USER_RATING: self._for_histories(histories, movies)}

    def rate_ids_for_history(self, history_id, weight, movie_id):
        return self.rate_ids_for_history_of_user(history_id, weight, movie_id)

    def rate_ids_for_history_of_user(self, history_id, weight, movie_id, *given):
        history, movies = (tf.cast(self._movies(ids), tf.int32) for ids in (history_id, movie_id))
        count = tf.constant(self._count, tf.int64)
        if self._cold:
            history = self._cold.learned(history)
        _, liked, weights = weighted(history, weight, count)
        columns = self.given(given, tf.shape(movies)[0]) if given else None
        return {USER_RATING: self._for_histories(liked, movies, weights, columns)}

    def rate_ids_of_user(self, movie_id, *given):
        rows, width = tf.shape(movie_id)[0], tf.shape(movie_id)[1]
        movies = tf.reshape(tf.cast(self._movies(movie_id), tf.int32), [-1])
        columns = {name: tf.repeat(column, width, axis=0) for name, column in self.given(given, rows).items()}
        features = {USER_ID: tf.zeros_like(movies), MOVIE_ID: movies, **columns}
        return {USER_RATING: tf.reshape(self._mixed(self._network, features), [rows, width])}

    def _for_histories(self, histories, movies, weights=None, given=None):
        if self._cold is None:
            return self._network.rate_for_history(histories, movies, weights, given)
        stand_ins, shares = self._cold.of_each(movies)
        flat = tf.reshape(stand_ins, [tf.shape(movies)[0], -1])
        rated = self._network.rate_for_history(histories, flat, weights, given)
        return tf.reduce_sum(shares * tf.reshape(rated, tf.shape(shares)), axis=-1)

    def _mixed(self, rate, features):
        """Returns what `rate` gives for batches of pairs, for cold films as the mean over their stand-ins."""
        return rate(features) if self._cold is None else self._cold.rated(rate, features)

    def rate_examples(self, examples):
        return {USER_RATING: self._mixed(self._network, self._of_examples(examples))}

    def rate_event_examples(self, examples):
        return self._mixed(self._network.rate_tasks, self._of_examples(examples))

    def _of_examples(self, examples):
        names = (USER_ID, MOVIE_ID, MOVIE_TITLE, TIMESTAMP, *self._context.names())
        raw = parse(examples, names, self.description)
        by_id = tf.cast(self._movies(raw[MOVIE_ID]), tf.int32)
        movie = tf.where(by_id > 0, by_id, self._by_title(raw[MOVIE_TITLE]))
        return self._pairs(raw[USER_ID], movie) | {TIMESTAMP: raw[TIMESTAMP], **self._context(raw)}

    def rate_in_context(self, user_id, movie_id, *context):
        raw = dict(zip(self._context.names(), context, strict=True))
        return self._rate(user_id, tf.cast(self._movies(movie_id), tf.int32), self._context(raw))

    def context_specs(self) -> list[tf.TensorSpec]:
        """Returns the inputs of `rate_in_context` beside the ids."""
        return [
            _spec(feature, self.description.name_of(key))
            for key, feature in self.description.context_features.items()
        ]

    def slices(self, examples):
        named = grouped(self.description)
        names = (self.description.name_of(key) for key in named)
        raw = parse(examples, (USER_ID, *names), self.description)
        third = tf.gather(self._activity, self._users(raw[USER_ID]))
        groups = {
            self.description.slice_of(key): _group(feature, raw[self.description.name_of(key)])
            for key, feature in named.items()
        }
        return {**groups, "activity": tf.gather(tf.constant(ACTIVITIES), third)}

    def _by_title(self, movie_title):
        return tf.gather(self._movie_of_title, self._titles(movie_title))

    def _rate(self, user_id, movie, more=None):
        return {USER_RATING: self._mixed(self._network, self._pairs(user_id, movie) | (more or {}))}

    def _pairs(self, user_id, movie):
        # Reshaped to the shape that they already have: TensorFlow Lite's converter does not know the shape
        # of a lookup's output, and then cannot convert operations that broadcast.
        user, movie = (tf.reshape(each, [-1]) for each in (tf.cast(self._users(user_id), tf.int32), movie))
        return {USER_ID: user, MOVIE_ID: movie}


def _spec(feature: Any, name: str) -> tf.TensorSpec:
    """Returns the input of `rate_in_context` for a feature."""
    match feature:
        case Number():
            return tf.TensorSpec([None], tf.float32, name=name)
        case Time():
            return tf.TensorSpec([None], tf.int64, name=name)
        case Vector():
            return tf.TensorSpec([None, feature.length], tf.float32, name=name)
        case Categories():
            return tf.TensorSpec([None, None], tf.string, name=name)
    return tf.TensorSpec([None], tf.string, name=name)


def grouped(description: Description) -> dict[str, Number]:
    """Returns the numbers of tf.Examples whose bins have labels, by key."""
    return {
        key: feature
        for key, (_, feature) in description.in_examples().items()
        if isinstance(feature, Number) and feature.labels
    }


def _group(feature: Number, values):
    """Returns the label of each value's bin, string [B]; `unknown` for NaN."""
    boundaries = tf.constant(feature.boundaries, tf.float32)
    group = 1 + tf.searchsorted(boundaries, values, side="right")
    group = tf.where(tf.math.is_nan(values), 0, group)
    return tf.gather(tf.constant(["unknown", *feature.labels]), group)


def titles(catalogue: Catalogue) -> dict[str, int]:
    """Returns the film of each title; if several films share a title, the one most rated in train.

    The vocabulary, and so the ids, are in descending order of frequency, and the first one is kept.
    """
    found: dict[str, int] = {}
    for movie, title in enumerate(catalogue.attributes.titles):
        if title:
            found.setdefault(title, movie)
    return found
