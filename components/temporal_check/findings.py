"""The findings of the split by time as plain data: `temporal.json`."""

from typing import Any

import numpy as np

from components.intervals import Interval, mean_interval, mean_over_rows_interval, rmse_interval
from components.temporal_check.question import SHARE, Question, recent
from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.popularity import popular_lists
from trainer.evaluation.quality import judge
from trainer.evaluation.recommender_measures import K
from trainer.judging.recommender_in_memory import InMemoryRecommender

FILE = "temporal.json"
MEASURE = f"ndcg@{K}"


def nothing(why: str) -> dict[str, Any]:
    """Returns the findings of a check that was not made."""
    return {"made": False, "why_not": why}


def findings(
    question: Question, recommender: InMemoryRecommender, trained: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Evaluates the models on the newer ratings.

    Returns:
        `made` (true) and `why_not` (null). `share`: the share of all ratings that is held out; `moment`,
        `last`: from when to when they are, in seconds.
        `trained`: by task the `kind` and the `epochs`; `rows`: `train` and `judged`.
        `days`: how far back the recent popularity looks; `by_days`: what chose it, null where nothing did.
        `lists`: of `known` users and of `new` ones (null where there are none): `users`, and nDCG@10 of
        `recommender`, `popularity` (of all time) and `recent`, and `less_popularity` and `less_recent`, the
        recommender's minus theirs over the same users.
        `ratings`: RMSE of `model`, `biases` and `mean`, and `less_biases` and `less_mean`, the differences of
        the mean squared errors; null for implicit feedback, which has no ratings.
        Each is a `value` with its 95 % interval, `low` and `high`, null where one user says nothing about
        others.
    """
    split = question.split
    known = _lists(question, question.known, recommender, newcomers=False)
    new = question.new and _lists(question, question.new, recommender, newcomers=True)
    return {
        "made": True,
        "why_not": None,
        "share": SHARE,
        "moment": split.moment,
        "last": split.last,
        "trained": trained,
        "rows": {"train": len(split.before.train), "judged": len(split.after)},
        "days": question.days,
        "by_days": {str(days): value for days, value in question.by_days.items()},
        "lists": {"known": known, "new": new},
        "ratings": None if split.before.catalogue.description.implicit else _ratings(question, recommender),
    }


def _lists(question: Question, held_out: HeldOut, recommender: InMemoryRecommender, newcomers: bool):
    if newcomers:  # all of them are shown the same
        lists = np.repeat(recommender.lists(np.zeros(1, np.int32), K), len(held_out.users), axis=0)
    else:
        lists = recommender.lists(held_out.users, K, "recommending to users of older ratings")
    by_user = {
        name: judge(each, held_out, ks=(K,)).by_user[MEASURE]
        for name, each in {
            "recommender": lists,
            "popularity": popular_lists(held_out, K),
            "recent": popular_lists(held_out, K, popularity=recent(question.split, question.days)),
        }.items()
    }
    ours = by_user["recommender"]
    return {
        "users": len(held_out.users),
        **{name: _plain(mean_interval(values)) for name, values in by_user.items()},
        **{f"less_{name}": _plain(mean_interval(ours - by_user[name])) for name in ("popularity", "recent")},
    }


def _ratings(question: Question, recommender: InMemoryRecommender) -> dict[str, Any]:
    newer = question.split.after
    given = newer.rating.astype(np.float64)
    # A newcomer is a user of their own; all others are told apart by the ids that train gave them.
    user = np.where(newer.user > 0, newer.user, -question.split.newcomers)
    residuals = {
        "model": recommender.ratings(newer.user, newer.movie).astype(np.float64) - given,
        "biases": question.biases() - given,
        "mean": float(question.split.before.train.rating.mean()) - given,
    }
    squares = {name: residual**2 for name, residual in residuals.items()}
    return {
        "rows": len(given),
        **{name: _plain(rmse_interval(residual, user)) for name, residual in residuals.items()},
        **{
            f"less_{name}": _plain(mean_over_rows_interval(squares["model"] - squares[name], user))
            for name in ("biases", "mean")
        },
    }


def _plain(interval: Interval) -> dict[str, float | None]:
    return {"value": interval.value, "low": interval.low, "high": interval.high}
