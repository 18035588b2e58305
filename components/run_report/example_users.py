"""Ten example users, with their watched films and their recommendations, for the report."""

import datetime
from typing import Any

import numpy as np

from components.run_report.film_map import first_words
from trainer.data.catalogue import Catalogue
from trainer.data.examples import NO_TIME
from trainer.data.features import MOVIE_ID, USER_RATING
from trainer.data.ratings import Ratings
from trainer.export.retrieval_server import SCORE, SIMILARITY
from trainer.export.saved_model import SavedModel

USERS = 10
WATCHED = 8  # films of the past that are shown
K = 10


def example_users(
    recommender: SavedModel,
    retrieval: SavedModel | None,
    train: Ratings,
    test: Ratings,
    catalogue: Catalogue,
    users: np.ndarray,
) -> list[dict[str, Any]]:
    """Returns example users, evenly spread from the least to the most active one.

    Of each: `user`, `known` (the values of their features, named as slices are), `ratings` and `mean` of them
    in train, `watched` (the latest: `title`, `stars`, `date`), `shown` (`title`, `words` of the data's first
    `categories` feature, such as genres, `stars` expected, `score`, `because`, the film of theirs that is
    most like it, and `given`: the stars that they gave it in test, null where they did not).

    Args:
        recommender, retrieval: loaded; without the latter there is no `because`.
        train, test: the ratings.
        catalogue: of train.
        users: int32, whom to choose from.
    """
    by_activity = users[np.argsort(catalogue.watched.lengths[users], kind="stable")]
    chosen = by_activity[np.unique(np.linspace(0, len(by_activity) - 1, USERS).astype(int))]
    names = [catalogue.vocabularies.user_id[row - 1] for row in chosen]
    shown = recommender.ask("recommend", user_id=names, k=K, exclude_seen=True)
    reasons = None
    if retrieval:
        reasons = retrieval.ask("because", user_id=names, movie_id=shown[MOVIE_ID])
    return [
        {
            "user": name,
            "known": _person(catalogue, row),
            **_history(train, catalogue, row),
            "shown": _shown(shown, reasons, place, test[test.user == row], catalogue),
        }
        for place, (row, name) in enumerate(zip(chosen, names, strict=True))
    ]


def _person(catalogue: Catalogue, row: int) -> dict[str, str]:
    description = catalogue.description
    sliced = (*description.sliced("user", "category"), *description.sliced("user", "number"))
    others = description.select("user", "category", "categories", "number")
    whole = [
        key
        for key in dict.fromkeys((*sliced, *others))
        if getattr(description.user_features[key], "prefix", None) is None
    ]
    known = {key: ", ".join(catalogue.attributes.text(key, row)) for key in whole}
    return {description.slice_of(key): value for key, value in known.items() if value}


def _history(train: Ratings, catalogue: Catalogue, row: int) -> dict[str, Any]:
    mine = train[train.user == row]
    latest = np.argsort(-mine.timestamp, kind="stable")[:WATCHED]
    return {
        "ratings": len(mine),
        "mean": float(mine.rating.mean()),
        "watched": [
            {
                "title": _title(catalogue, mine.movie[place]),
                "stars": float(mine.rating[place]),
                "date": _date(mine.timestamp[place]),
            }
            for place in latest
        ],
    }


def _shown(shown, reasons, place: int, later: Ratings, catalogue: Catalogue) -> list[dict[str, Any]]:
    row_of = {name: row for row, name in enumerate(catalogue.vocabularies.movie_id, start=1)}
    given = dict(zip(later.movie.tolist(), later.rating.tolist(), strict=True))
    films = []
    for rank, film in enumerate(shown[MOVIE_ID][place]):
        row = row_of.get(film.decode())
        if row is None:  # pads a list that found fewer
            continue
        because = None
        if reasons and reasons[SIMILARITY][place, rank] > 0:
            because = reasons["movie_title"][place, rank].decode("utf-8", "replace")
        films.append(
            {
                "title": _title(catalogue, row),
                "words": first_words(catalogue, row),
                "stars": float(shown[USER_RATING][place, rank]),
                "score": float(shown[SCORE][place, rank]),
                "because": because,
                "given": given.get(row),
            }
        )
    return films


def _title(catalogue: Catalogue, row: int) -> str:
    return catalogue.attributes.titles[row] or (
        catalogue.vocabularies.movie_id[row - 1] if row else "unknown"
    )


def _date(timestamp: int) -> str:
    if timestamp == NO_TIME:
        return ""
    try:
        return datetime.datetime.fromtimestamp(int(timestamp), datetime.UTC).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):  # no calendar goes there
        return ""
