"""What is recommended to people who are known by a history alone: MovieLens 100K, users held out.

    python benchmarks/held_out_users.py --json held_out_users.json

The protocol is that of a run with `data.split.kind: user_holdout`, as `trainer.evaluation.held_out_users`
judges it: models learn from 643 users; of each of the 300 others, the first 80 % of the ratings in order of
time are the history, and the rest is to be found. The measure is the users' mean NDCG@10 over all films that
are not in the history.

Users are parted by `RandomState(seed)`, as in `benchmarks/visitor.py`, whose models these are: popularity;
EASE's fold-in (Steck, 2019) with the published λ of 500, and with the λ that is best on 150 users of train;
what the default retrieval kind answers a history with, by ids (`candidates_for_history`); and the recommender
(`recommend_for_history`), which orders its 200 best by the default ranking model too. No constant was chosen
on these users: those of retrieval are those for short histories.

`retrieval, weighed by stars` is with weights: the stars that the history's films were given, in place of 1
for each. The rows under it are other kinds, and the user tower of `two_tower` by itself, with their defaults
and by the vectors of histories (`vectors_of_history`), which is what these kinds are asked by.

The second table is of the expected ratings: the RMSE of the held-out ratings, over the users, of what the
default ranking model expects given the history (`rate_ids_for_history`), of what it expects for the unknown
user, and of each film's mean in train.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

import numpy as np

from benchmarks import visitor
from benchmarks.ranking import read

RMSE = "RMSE, "
SHARE = 0.8
AT_LEAST = 0.9  # of EASE's
KINDS = ("two_tower", "ials", "sasrec", "multvae", "mf", "youtube_dnn")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="a folder with ml-100k; without it, found as `marquee run` does")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--no-recommender", action="store_true", help="train no ranking model")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=["two_tower", "ials"], help="also these")
    parser.add_argument("--json", type=Path, help="also write the results here")
    arguments = parser.parse_args()
    columns = read(arguments.data)
    runs = [of_seed(columns, seed, not arguments.no_recommender, arguments.kinds) for seed in arguments.seeds]
    means = {name: float(np.mean([run[name] for run in runs])) for name in runs[0] if name != "seed"}
    best = max(value for name, value in means.items() if name.startswith("EASE"))
    print(f"\n{'nDCG@10':<34} {'mean ± spread':<17} of EASE")
    for name, mean in means.items():
        if name.startswith(RMSE):
            continue
        print(f"{name:<34} {mean:.4f} ± {spread(runs, name):.4f}   {mean / best:.2f}")
    rated = [name for name in means if name.startswith(RMSE)]
    if rated:
        print(f"\n{'RMSE of expected stars':<34} mean ± spread")
    for name in rated:
        print(f"{name.removeprefix(RMSE):<34} {means[name]:.4f} ± {spread(runs, name):.4f}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"runs": runs, "means": means}, indent=2) + "\n")
    short = [name for name in ("retrieval", "recommender") if means.get(name, best) < AT_LEAST * best]
    if short:
        sys.exit(f"under {AT_LEAST} of EASE: {', '.join(short)}")


def spread(runs: list[dict], name: str) -> float:
    return float(np.std([run[name] for run in runs], ddof=1)) if len(runs) > 1 else 0.0


def of_seed(columns: dict[str, list], seed: int, with_recommender: bool, kinds: list[str]) -> dict:
    """NDCG@10 by model, and the RMSE of expected ratings."""
    from trainer.models.retrieval.visitors import Visitors

    learned, asked = visitor.split(columns, seed, validation=False)
    ratings, catalogue = visitor._read(learned)
    visitors = Visitors(catalogue, np.zeros(catalogue.movies - 1))
    together = visitor.watched(ratings, catalogue)
    histories, stars = by_time(asked, catalogue)
    models = {
        "popularity": lambda rows: np.tile(together.sum(axis=0), (len(rows), 1)),
        "EASE, λ 500": visitor.ease(together, 500),
        "EASE, λ of validation": visitor.ease(together, best_penalty(columns, seed)),
        "retrieval": lambda rows: visitor.scores_of(visitors, rows),
    }
    if with_recommender:
        ranking = visitor.rater(learned, seed)
        models["recommender"] = visitor.recommender(visitors, ranking)
    found = {name: ndcg(model, histories) for name, model in models.items()}
    given = [each[: cut(row)][row[: cut(row)] > 0] for each, row in zip(stars, histories, strict=True)]
    found["retrieval, weighed by stars"] = ndcg(lambda rows: weighed(visitors, rows, given), histories)
    for kind in kinds:
        model = trained(kind, ratings, catalogue, seed)
        name = "user tower of two_tower" if kind == "two_tower" else kind
        found[name] = ndcg(lambda rows, model=model: model.scores_of_histories(ragged(rows)), histories)
    if with_recommender:
        found |= expected(ranking, ratings, catalogue, histories, stars)
    print(seed, {name: round(value, 4) for name, value in found.items()}, flush=True)
    return {"seed": seed, **found}


def trained(kind: str, ratings, catalogue, seed: int):
    """A retrieval model with the defaults of its kind, trained without early stopping."""
    from trainer.data.rating_data import RatingData
    from trainer.training.retrieval import RetrievalSettings, train_retrieval

    settings = {"model": {"kind": kind}, "train": {"patience": 0, "seed": seed}}
    return train_retrieval(RetrievalSettings.of(settings, None), RatingData(ratings, None, catalogue)).model


def expected(ranking, ratings, catalogue, histories, stars) -> dict[str, float]:
    """The RMSE of the held-out ratings of films that train knows."""
    import tensorflow as tf

    from trainer.data.features import MOVIE_ID, USER_ID

    sums = np.bincount(ratings.movie, ratings.rating, catalogue.movies)
    of_film = sums / np.maximum(np.bincount(ratings.movie, minlength=catalogue.movies), 1)
    errors: dict[str, list[np.ndarray]] = {"by the history": [], "of the unknown user": [], "film's mean": []}
    for films, given in zip(histories, stars, strict=True):
        brought, asked, true = films[: cut(films)], films[cut(films) :], given[cut(films) :]
        asked, true = asked[asked > 0], true[asked > 0]
        history = tf.ragged.constant([brought[brought > 0].tolist()], tf.int32, ragged_rank=1)
        by_history = ranking.rate_for_history(history, tf.constant(asked[None])).numpy()[0]
        pairs = {USER_ID: tf.zeros([len(asked)], tf.int32), MOVIE_ID: tf.constant(asked)}
        rated = (by_history, np.asarray(ranking(pairs)), of_film[asked])
        for each, guess in zip(errors.values(), rated, strict=True):
            each.append(guess - true)
    return {RMSE + name: float(np.sqrt(np.mean(np.concatenate(each) ** 2))) for name, each in errors.items()}


def best_penalty(columns: dict[str, list], seed: int) -> int:
    """EASE's λ with the best NDCG for the users of validation."""
    learned, asked = visitor.split(columns, seed, validation=True)
    ratings, catalogue = visitor._read(learned)
    together, (histories, _) = visitor.watched(ratings, catalogue), by_time(asked, catalogue)
    return max(visitor.PENALTIES, key=lambda each: ndcg(visitor.ease(together, each), histories))


def by_time(columns: dict[str, list], catalogue) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Each user's films and stars in the order of time; film 0 is one that train lacks."""
    from trainer.export.answers import ids

    users, times = np.array(columns["user_id"]), np.array(columns["timestamp"])
    movies, stars = ids(catalogue.vocabularies.movie_id, columns["movie_id"]), columns["user_rating"]
    rows = [np.flatnonzero(users == user) for user in np.unique(users)]
    rows = [mine[np.argsort(times[mine], kind="stable")] for mine in rows]
    return [movies[mine] for mine in rows], [np.array(stars, np.float32)[mine] for mine in rows]


def cut(films: np.ndarray) -> int:
    """The length of the history: 80 % of the films, all but one at most."""
    return min(int(np.ceil(len(films) * SHARE)), len(films) - 1)


def ndcg(model, histories: list[np.ndarray]) -> float:
    """The users' mean NDCG@10; `model` maps a list of int arrays to scores, float [B, movies]."""
    from trainer.evaluation.metrics import full_catalogue_metrics

    brought = [films[: cut(films)][films[: cut(films)] > 0] for films in histories]
    wanted = [films[cut(films) :] for films in histories]
    scores = np.asarray(model(brought), np.float32)
    metrics = full_catalogue_metrics(
        lambda users: scores[users], np.arange(len(histories)), ragged(wanted), ragged(brought), ks=(10,)
    )
    return float(np.nanmean(metrics["ndcg@10"]))


def ragged(rows: list[np.ndarray]):
    """Rows of film ids as one table."""
    from trainer.data.catalogue import Ragged

    return Ragged(np.concatenate(rows), np.cumsum([0, *map(len, rows)]))


def weighed(visitors, histories: list[np.ndarray], stars: list[np.ndarray]) -> np.ndarray:
    """All films' scores where each film of the history counts as many times as it has stars."""
    import tensorflow as tf

    from trainer.models.layers.pooled import relative

    films = tf.ragged.constant([each.tolist() for each in histories], tf.int32, ragged_rank=1)
    weights = films.with_values(tf.constant(np.concatenate(stars), tf.float32))
    scores = visitors.scores(films, relative(weights))
    return np.pad(scores.numpy(), ((0, 0), (1, 0)))


if __name__ == "__main__":
    main()
