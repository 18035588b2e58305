"""Artifacts of a run on little or odd data, as the nodes write them, but without the nodes: quick."""

import numpy as np
from hypothesis import strategies as st

from components.movielens_example_gen.shipped import shipped
from components.retrieval_evaluator.plots import plots
from components.run_report.data_profile import data_profile
from components.run_report.example_users import _date
from components.run_report.lists import list_details, means
from components.run_report.predictions import Predictions
from components.run_report.ratings import rating_details, rating_errors
from marquee.errors import TrainingError
from marquee.plain_json import finite
from trainer.data.catalogue import from_columns
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies
from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.popularity import popular_lists
from trainer.evaluation.quality import judge, measure

TIMES = st.sampled_from([0, 1, 881250949, -(10**12), 10**12, 2**53])
ROWS = st.tuples(
    st.sampled_from(["a", "b", "c"]), st.integers(1, 12).map(str), st.sampled_from([0.5, 1, 4, 5, 10]), TIMES
)
TABLES = st.tuples(*(st.lists(ROWS, min_size=1, max_size=12) for _ in range(3)))
#: What nobody thinks of: everything the same, one user, one film, one rating.
ALL_EQUAL = tuple([("a", str(film), 4.0, 5)] * 3 for film in range(3))
ONE_EACH = tuple([("a", "1", 4.0, 0)] for _ in range(3))


def artifacts(tables, predicted: float, scored: float) -> dict:
    """What a report reads of a run on train, eval and test, by the names of `conftest.PLACES`.

    Args:
        tables: rows of user, film, stars and time, for each split.
        predicted: what the ranking model says of everything; may be no number.
        scored: what the retrieval model's scores are multiplied with.
    """
    train, evaluation, test = map(_columns, tables)
    vocabularies = Vocabularies.from_columns(train, shipped("movielens"))
    rated, catalogue = from_columns(train, vocabularies)
    splits = {
        "train": rated,
        "eval": Ratings.from_columns(evaluation, vocabularies),
        "test": Ratings.from_columns(test, vocabularies),
    }
    predictions = Predictions(
        user=np.array([each.encode() for each in test["user_id"]], object),
        movie=np.array([each.encode() for each in test["movie_id"]], object),
        actual=np.array(test["user_rating"], np.float64),
        predicted=np.full(len(test["user_id"]), predicted) + np.arange(len(test["user_id"])) * scored,
    )
    report = rating_errors(predictions, catalogue.mean_rating)
    details = {
        "data": data_profile(splits, catalogue),
        "ratings": rating_details(predictions, catalogue),
        "map": [],
        "users": _users(splits["train"], catalogue),
    }
    found = {"ingest": _ingest(splits)}
    for name in ("eval", "test"):
        try:
            held_out = HeldOut.of(splits[name], catalogue)
        except TrainingError:
            continue
        qualities = {
            "popularity": judge(popular_lists(held_out), held_out),
            "candidate": measure(lambda users: _scores(users, catalogue, scored), held_out),
        }
        if name == "eval":
            found["plots"] = plots(qualities, {"candidate": lambda users: _scores(users, catalogue, scored)})
            found["lists"] = _metrics(qualities, held_out)
        else:
            named = {
                "retrieval": qualities["candidate"],
                "retrieval_popularity": qualities["popularity"],
                "recommender": qualities["candidate"],
            }
            details["lists"] = list_details(named, held_out)
            report |= {model: means(model, quality) for model, quality in named.items()}
    return {name: finite(content) for name, content in {**found, "test": report, "details": details}.items()}


def _columns(rows) -> dict:
    user, movie, stars, time = (list(column) for column in zip(*rows, strict=True))
    return {
        "user_id": user,
        "movie_id": movie,
        "user_rating": [float(each) for each in stars],
        "timestamp": time,
        "movie_title": ["" for _ in movie],
        "movie_genres": [["Drama"] if each == "1" else [] for each in movie],
    }


def _scores(users, catalogue, scored: float) -> np.ndarray:
    films = np.arange(catalogue.movies, dtype=np.float32)
    return np.tile(films * np.float32(scored if np.isfinite(scored) else 0), (len(users), 1))


def _metrics(qualities, held_out) -> dict:
    values = {name: finite(quality.means()) for name, quality in qualities.items()}
    return {
        "candidate": values["candidate"],
        "popularity": values["popularity"],
        "baseline": None,
        "change": {},
        "eval": {
            "users": len(held_out.users),
            "positives_mean_popularity": finite(held_out.chosen_popularity()),
        },
        "search": {
            "items": held_out.catalogue.movies - 1,
            "index_recall@100": 1.0,
            "search_p50_ms": 0.1,
            "search_p99_ms": 0.2,
        },
        "blessed": False,
        "reasons": [],
    }


def _users(train, catalogue) -> list[dict]:
    film = {"title": "1", "words": [], "stars": float("nan"), "score": 0.0, "because": None, "given": None}
    return [
        {
            "user": catalogue.vocabularies.user_id[0],
            "known": {},
            "ratings": len(train),
            "mean": float(train.rating.mean()),
            "watched": [
                {"title": "1", "stars": float(stars), "date": _date(time)}
                for stars, time in zip(train.rating, train.timestamp, strict=True)
            ],
            "shown": [film],
        }
    ]


def _ingest(splits) -> dict:
    return {
        "dataset": "custom",
        "split": {"kind": "random"},
        "rows": {name: len(ratings) for name, ratings in splits.items()},
        "bad_rows": {"count": 0},
        "notes": ["there is one user"],
        "origin": "a test",
    }
