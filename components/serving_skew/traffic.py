"""Counts over a server's requests and answers, for the comparison with `train`."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.prediction_log.exchange import Exchange
from trainer.data.features import MOVIE_ID, MOVIE_TITLE, USER_ID, USER_RATING
from trainer.data.names import Names

_YEAR_10000 = 253_402_300_800.0  # in seconds; what is later was given in another unit
SHOWN = 10  # the items of a list that count; later ones are rarely seen

# Signatures that recommend films to a user; the others look up facts, often of the films just recommended.
RECOMMENDING = {
    "retrieval": {
        "serving_default",
        "retrieve",
        "candidates",
        "candidates_from_history",
        "candidates_for_history",
        "candidates_for_history_of_user",
    },
    "recommender": {
        "serving_default",
        "recommend",
        "recommend_from_history",
        "recommend_for_history",
        "recommend_for_history_of_user",
    },
}
RATING = {
    *("serving_default", "rate_ids", "rate_in_context", "serving_examples"),
    *("chances", "rate_events", "event_examples"),
}


@dataclass
class Traffic:
    """Counts over exchanges; strings are bytes.

    Attributes:
        film_of_title: which film a title means.
        names: what requests, answers and tf.Examples call users, films, titles and ratings.
        requests: by `model.signature`, those that nothing here is counted of among them.
        users: the users of the requests, by id.
        films: whose rating was asked for, by id; `b""` is one that train does not know by that title.
        shown: the first ten films of each list, by id.
        ratings: predicted for what was asked, rounded to a hundredth of a star.
        shown_ratings: the same for what the recommender gave.
        first, last: when, in seconds since 1970; 0 where the logs do not say.
    """

    film_of_title: Mapping[bytes, bytes]
    names: Names = field(default_factory=Names)
    requests: Counter[str] = field(default_factory=Counter)
    users: Counter[bytes] = field(default_factory=Counter)
    films: Counter[bytes] = field(default_factory=Counter)
    shown: Counter[bytes] = field(default_factory=Counter)
    ratings: Counter[float] = field(default_factory=Counter)
    shown_ratings: Counter[float] = field(default_factory=Counter)
    first: float = 0.0
    last: float = 0.0

    def add(self, exchange: Exchange) -> None:
        """Counts an exchange; if its values do not fit its signature, nothing of it is counted.

        Raises:
            LookupError, TypeError, ValueError, DecodeError: the values do not fit the signature.
        """
        found = list(self._found(exchange))
        for counter, values in found:
            counter.update(values)
        self.requests[f"{exchange.model}.{exchange.signature}"] += 1
        if 0 < exchange.time < _YEAR_10000:
            self.first = min(self.first or exchange.time, exchange.time)
            self.last = max(self.last, exchange.time)

    def _found(self, exchange: Exchange) -> Iterator[tuple[Counter, list]]:
        """Yields the counters of an exchange with the values to add."""
        inputs, outputs = self.names.inside_of(exchange.inputs), self.names.inside_of(exchange.outputs)
        if exchange.signature in RECOMMENDING.get(exchange.model, ()):
            yield self.users, _values(inputs, USER_ID)
            yield from self._found_in_lists(outputs)
        elif exchange.model == "ranking" and exchange.signature in RATING:
            asked = _from_examples(inputs, self.names) if "examples" in inputs else inputs
            yield self.users, _values(asked, USER_ID)
            yield self.films, _values(asked, MOVIE_ID)
            yield self.films, [self.film_of_title.get(title, b"") for title in _values(asked, MOVIE_TITLE)]
            yield self.ratings, _rounded(outputs.get(USER_RATING, ()))

    def _found_in_lists(self, outputs: Mapping[str, np.ndarray]) -> Iterator[tuple[Counter, list]]:
        films = outputs.get(MOVIE_ID)
        if films is None or films.ndim != 2:  # left out by the request, or no list at all
            return
        films = films[:, :SHOWN]
        there = films != b""
        yield self.shown, films[there].tolist()
        ratings = outputs.get(USER_RATING)
        if ratings is not None and ratings.ndim == 2:
            yield self.shown_ratings, _rounded(ratings[:, :SHOWN][there])


def _values(arrays: Mapping[str, np.ndarray], name: str) -> list[bytes]:
    return np.ravel(arrays[name]).tolist() if name in arrays else []


def _rounded(ratings: npt.ArrayLike) -> list[float]:
    flat = np.ravel(ratings).astype(np.float64)
    return np.round(flat[np.isfinite(flat)], 2).tolist()


def _from_examples(inputs: Mapping[str, np.ndarray], names: Names) -> dict[str, np.ndarray]:
    """Returns users and films in serialized tf.Examples; a film is given by its id, or else by its title."""
    asked: dict[str, list[bytes]] = {USER_ID: [], MOVIE_ID: [], MOVIE_TITLE: []}
    for serialized in np.ravel(inputs["examples"]):
        features = tf.train.Example.FromString(serialized).features.feature
        asked[USER_ID] += _first(features, names.user)
        film = _first(features, names.item)
        asked[MOVIE_ID] += film
        asked[MOVIE_TITLE] += [] if film else _first(features, names.title)
    return {name: np.array(values, object) for name, values in asked.items()}


def _first(features, name: str) -> list[bytes]:
    return list(features[name].bytes_list.value[:1]) if name in features else []
