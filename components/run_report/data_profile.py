"""A profile of the three splits: counts, ratings, concentration and times."""

from typing import Any

import numpy as np

from trainer.data.catalogue import Catalogue
from trainer.data.ratings import Ratings
from trainer.data.tables.table import OneOf, SetOf

TIME_BINS = 40
MOST_WORDS = 50


def data_profile(splits: dict[str, Ratings], catalogue: Catalogue) -> dict[str, Any]:
    """Returns the data of the report's plots of the splits.

    `splits`: by split `ratings`, `users` and `items` (that train knows), `unknown_users` and `unknown_items`
    (ratings of a user or item that train does not know), `mean`, `first` and `last` (seconds; null
    where nothing has a time).
    `stars`: by split, from stars to how many ratings.
    `activity`, `popularity`: how many users, or items, have 1, 2-3, 4-7, … ratings in train (`from`, `to`,
    `count`); `concentration`: the share of train's ratings that falls to the most active, or most rated,
    tenth.
    `time`: `edges` and, by split, `counts` of ratings; empty where nothing has a time.
    `words`: by feature of items (`categories` and `category`), one row per word, the 50 most rated first:
    `word`, `items`, `ratings` and `mean` stars in train.
    `items`, `users`, `density` of train's table.

    Args:
        splits: by name; `train` is the catalogue's.
    """
    train = splits["train"]
    watched, watchers = catalogue.watched.lengths[1:], catalogue.watchers.lengths[1:]
    return {
        "users": len(watched),
        "items": len(watchers),
        "density": len(train) / max(len(watched) * len(watchers), 1),
        "splits": {name: _split(ratings) for name, ratings in splits.items()},
        "stars": {name: _stars(ratings) for name, ratings in splits.items()},
        "activity": _doubling(watched),
        "popularity": _doubling(watchers),
        "concentration": {"users": _of_the_top_tenth(watched), "items": _of_the_top_tenth(watchers)},
        "time": _time(splits),
        "words": {
            key: _words(train, catalogue, key)
            for key in (
                *catalogue.description.select("item", "categories"),
                *catalogue.description.select("item", "category"),
            )
        },
    }


def _split(ratings: Ratings) -> dict[str, Any]:
    timed = ratings.timestamp[ratings.timestamp >= 0]
    return {
        "ratings": len(ratings),
        "users": len(np.unique(ratings.user[ratings.user > 0])),
        "items": len(np.unique(ratings.movie[ratings.movie > 0])),
        "unknown_users": int((ratings.user == 0).sum()),
        "unknown_items": int((ratings.movie == 0).sum()),
        "mean": float(ratings.rating.mean(dtype=np.float64)),
        "first": int(timed.min()) if len(timed) else None,
        "last": int(timed.max()) if len(timed) else None,
    }


def _stars(ratings: Ratings) -> dict[str, int]:
    stars, counts = np.unique(ratings.rating, return_counts=True)
    return {f"{star:g}": int(count) for star, count in zip(stars, counts, strict=True)}


def _doubling(lengths: np.ndarray) -> list[dict[str, int]]:
    lengths = lengths[lengths > 0]
    place = np.floor(np.log2(lengths)).astype(int)
    return [
        {"from": 2**power, "to": 2 ** (power + 1) - 1, "count": int(count)}
        for power, count in enumerate(np.bincount(place))
    ]


def _of_the_top_tenth(lengths: np.ndarray) -> float:
    most_first = np.sort(lengths)[::-1]
    return float(most_first[: -(-len(most_first) // 10)].sum() / max(most_first.sum(), 1))


def _time(splits: dict[str, Ratings]) -> dict[str, Any]:
    times = {name: ratings.timestamp[ratings.timestamp >= 0] for name, ratings in splits.items()}
    every = np.concatenate(list(times.values()))
    if not len(every) or every.min() == every.max():
        return {}
    edges = np.linspace(every.min(), every.max(), TIME_BINS + 1)
    counts = {name: np.histogram(those, edges)[0].tolist() for name, those in times.items()}
    return {"edges": [int(edge) for edge in edges], "counts": counts}


def _words(train: Ratings, catalogue: Catalogue, key: str) -> list[dict[str, Any]]:
    table = catalogue.table(key)
    if isinstance(table, SetOf):
        films, words, keys = table.words.owners, table.words.values, table.keys
    else:
        assert isinstance(table, OneOf)
        films = np.flatnonzero(table.ids)
        words, keys = table.ids[films] - 1, table.keys[1:]
    ratings = np.bincount(train.movie, minlength=catalogue.movies)[films]
    stars = np.bincount(train.movie, train.rating, minlength=catalogue.movies)[films]
    by_word = [
        np.bincount(words, weights, minlength=len(keys)) for weights in (np.ones(len(films)), ratings, stars)
    ]
    rows = [
        {"word": word, "items": int(count), "ratings": int(rated), "mean": float(given / rated)}
        for word, count, rated, given in zip(keys, *by_word, strict=True)
        if rated
    ]
    return sorted(rows, key=lambda row: (-row["ratings"], row["word"]))[:MOST_WORDS]
