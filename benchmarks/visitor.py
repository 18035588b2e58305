"""Benchmark of lists for cold-start users who name the first films that they have watched, on MovieLens 100K.

    python benchmarks/visitor.py --json visitor.json

Of a permutation of the users (`RandomState(seed)`), the first 300 are held out, and models learn from the
other 643. A held-out user's ratings are ordered by time. For histories of the first 1, 3, 5 and 10 films, the
list of ten is made, without the films of the history; the rest of the user's ratings is to be found. The
measure is the users' mean nDCG@10 over all films.

`retrieval` is the answer of the default retrieval kind to a history (`trainer.models.retrieval.visitors`).
`recommender` is its 200 best films, ordered by score + 0.2 × the default ranking model's rating. Popularity
and EASE (Steck, 2019; its closed form) learn from the same users in the same run. EASE is measured with a
regularization strength λ of 500, which is published for these data, and with the λ of 50 to 5,000 that is
best on 150 other users, taken out of train. With a still larger λ, EASE tends to counts of who watched both
films, and its lists to those of popularity.

`--choose` shows how the constants of `trainer.models.retrieval.visitors` were chosen: on those 150 users,
never on the held-out ones. A larger weight of genres makes the recommended films more alike, and nDCG worse
for a user who has named one film. The weight is the largest whose nDCG is above that of EASE for each length.

The output ends with the lists for Toy Story and for six films of Disney, learned from all users.
"""

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

import numpy as np

from benchmarks.ranking import read
from benchmarks.retrieval import taken

LENGTHS = (1, 3, 5, 10)
HELD_OUT, VALIDATION = 300, 150  # users
PENALTIES = (50, 100, 200, 500, 1000, 2000, 5000)
TOY_STORY = ("Toy Story (1995)",)
DISNEY = (
    "Lion King, The (1994)",
    "Aladdin (1992)",
    "Beauty and the Beast (1991)",
    "Snow White and the Seven Dwarfs (1937)",
    "Cinderella (1950)",
    "Pinocchio (1940)",
)
FOR_CHILDREN = {"Animation", "Children's"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="Folder with ml-100k (default: located as `marquee run` does).")
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        default=[0, 1, 2],
        help="Random seeds of the held-out users and the training (0 1 2).",
    )
    parser.add_argument(
        "--choose",
        action="store_true",
        help="Measure values of the constants on a validation part of train, and nothing else.",
    )
    parser.add_argument(
        "--no-recommender", action="store_true", help="Train no ranking model, and leave out `recommender`."
    )
    parser.add_argument("--json", type=Path, help="File that the results are also written to.")
    arguments = parser.parse_args()
    columns = read(arguments.data)
    if arguments.choose:
        report = {"choose": choose(columns, arguments.seeds)}
    else:
        runs = [of_seed(columns, seed, not arguments.no_recommender) for seed in arguments.seeds]
        report = {"runs": runs, "lists": lists(columns)}
        _print(runs)
        for name, films in report["lists"].items():
            print(f"{name}: " + ", ".join(film["title"] for film in films))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")


def of_seed(columns: dict[str, list], seed: int, with_recommender: bool) -> dict:
    """Returns nDCG@10 by model and length of the history, for one seed."""
    from trainer.models.retrieval.visitors import Visitors

    learned, asked = split(columns, seed, validation=False)
    ratings, catalogue = _read(learned)
    histories = by_time(asked, catalogue)
    visitors = Visitors(catalogue, np.zeros(catalogue.movies - 1))
    penalty = best_penalty(columns, seed)
    together = watched(ratings, catalogue)
    models = {
        "popularity": lambda rows: np.tile(together.sum(axis=0), (len(rows), 1)),
        "EASE, λ 500": ease(together, 500),
        f"EASE, λ of validation ({penalty})": ease(together, penalty),
        "retrieval": lambda rows: scores_of(visitors, rows),
    }
    if with_recommender:
        models["recommender"] = recommender(visitors, rater(learned, seed))
    found = {name: ndcg(model, histories) for name, model in models.items()}
    print(seed, {name: [round(value, 4) for value in values] for name, values in found.items()}, flush=True)
    return {"seed": seed, "penalty": penalty, **{name.split(" (")[0]: each for name, each in found.items()}}


def best_penalty(columns: dict[str, list], seed: int) -> int:
    """Returns EASE's λ with the best mean nDCG@10 over the lengths, for the users of validation."""
    learned, asked = split(columns, seed, validation=True)
    ratings, catalogue = _read(learned)
    together, histories = watched(ratings, catalogue), by_time(asked, catalogue)
    return max(PENALTIES, key=lambda each: statistics.mean(ndcg(ease(together, each), histories)))


def choose(columns: dict[str, list], seeds: list[int]) -> list[dict]:
    """Returns, by the constants, nDCG@10 for users of validation, and films for children in two lists."""
    from trainer.models.retrieval.visitors import Pool, Visitors

    parts = []
    for seed in seeds:
        learned, asked = split(columns, seed, validation=True)
        ratings, catalogue = _read(learned)
        parts.append((ratings, catalogue, by_time(asked, catalogue)))
    rows = []
    for penalty in PENALTIES:
        values = [ndcg(ease(watched(r, c), penalty), histories) for r, c, histories in parts]
        rows.append({"EASE": penalty, "ndcg@10": np.mean(values, axis=0).round(4).tolist()})
        print(rows[-1], flush=True)
    for pool in (
        *(Pool(shared=weight) for weight in (0.0, 0.1, 0.15, 0.2, 0.25, 0.3)),
        *(Pool(evidence=power) for power in (1.0, 0.9, 0.7)),
        *(Pool(smoothing=users) for users in (5.0, 80.0)),
    ):
        values, children = [], []
        for _, catalogue, histories in parts:
            visitors = Visitors(catalogue, np.zeros(catalogue.movies - 1), pool)
            values.append(ndcg(lambda rows, visitors=visitors: scores_of(visitors, rows), histories))
            children.append(
                [for_children(films_for(titles, visitors, catalogue)) for titles in (TOY_STORY, DISNEY)]
            )
        mean = {"ndcg@10": np.mean(values, axis=0).round(4).tolist()}
        rows.append({**vars(pool), **mean, "for children": np.mean(children, axis=0).round(1).tolist()})
        print(rows[-1], flush=True)
    return rows


def lists(columns: dict[str, list]) -> dict[str, list[dict]]:
    """Returns the lists for Toy Story and for six films of Disney, as titles and genres."""
    from trainer.models.retrieval.visitors import Visitors

    _, catalogue = _read(columns)
    visitors = Visitors(catalogue, np.zeros(catalogue.movies - 1))
    return {
        "Toy Story": films_for(TOY_STORY, visitors, catalogue),
        "six films of Disney": films_for(DISNEY, visitors, catalogue),
    }


def films_for(titles: tuple[str, ...], visitors, catalogue) -> list[dict]:
    """Returns the ten best films for a user who has watched `titles`."""
    history = np.flatnonzero(np.isin(catalogue.attributes.titles, titles))
    scores = scores_of(visitors, [history])[0]
    scores[[0, *history]] = -np.inf
    return [
        {
            "title": catalogue.attributes.titles[film],
            "genres": catalogue.attributes.text("genres", film),
        }
        for film in np.argsort(-scores, kind="stable")[:10]
    ]


def for_children(films: list[dict]) -> int:
    return sum(bool(FOR_CHILDREN & set(film["genres"])) for film in films)


def split(columns: dict[str, list], seed: int, validation: bool) -> tuple[dict, dict]:
    """Returns the ratings that are learned from, and the ratings of the users who are asked for."""
    users = np.array(columns["user_id"])
    order = np.random.RandomState(seed).permutation(np.unique(users))
    held_out, others = order[:HELD_OUT], order[HELD_OUT:]
    if validation:
        held_out, others = others[:VALIDATION], others[VALIDATION:]
    return tuple(taken(columns, np.flatnonzero(np.isin(users, part))) for part in (others, held_out))


def by_time(columns: dict[str, list], catalogue) -> list[np.ndarray]:
    """Returns each user's films in order of time, 0 for those that train lacks."""
    from trainer.export.answers import ids

    users, times = np.array(columns["user_id"]), np.array(columns["timestamp"])
    movies = ids(catalogue.vocabularies.movie_id, columns["movie_id"])
    rows = [np.flatnonzero(users == user) for user in np.unique(users)]
    return [movies[mine[np.argsort(times[mine], kind="stable")]] for mine in rows]


def ndcg(model, histories: list[np.ndarray]) -> list[float]:
    """Returns the users' mean nDCG@10 by length of the history.

    Args:
        model: function from histories, a list of int arrays, to scores, float [B, movies].
        histories: each user's films in order of time.
    """
    from trainer.data.catalogue import Ragged
    from trainer.evaluation.metrics import full_catalogue_metrics

    found = []
    for length in LENGTHS:
        brought = [films[:length][films[:length] > 0] for films in histories]
        wanted = [films[length:] for films in histories]
        scores = np.asarray(model(brought), np.float32)
        metrics = full_catalogue_metrics(
            lambda users, scores=scores: scores[users],
            np.arange(len(histories)),
            *(
                Ragged(np.concatenate(each), np.concatenate([[0], np.cumsum([len(one) for one in each])]))
                for each in (wanted, brought)
            ),
            ks=(10,),
        )
        found.append(float(np.nanmean(metrics["ndcg@10"])))
    return found


def scores_of(visitors, histories: list[np.ndarray]) -> np.ndarray:
    """Returns all films' scores, float32 [B, movies]; the first column stands for no film."""
    import tensorflow as tf

    scores = visitors.scores(
        tf.ragged.constant([each.tolist() for each in histories], tf.int32, ragged_rank=1)
    )
    return np.pad(scores.numpy(), ((0, 0), (1, 0)))


def rater(learned: dict[str, list], seed: int):
    """Returns the default ranking model, trained on `learned`, as it is served."""
    from trainer.data.rating_data import RatingData
    from trainer.data.ratings import Ratings
    from trainer.training.ranking import RankingSettings, train_ranking

    ratings, catalogue = _read(learned)
    watched = Ratings.from_columns(taken(learned, np.arange(len(ratings))[::1000]), catalogue.vocabularies)
    settings = RankingSettings.of({"model": {"kind": "mf"}, "train": {"patience": 0, "seed": seed}}, None)
    return train_ranking(settings, RatingData(ratings, watched, catalogue)).model.for_serving()


def recommender(visitors, ranking):
    """Returns the recommender as a function from histories to scores, -inf for all but its candidates."""
    import tensorflow as tf

    from trainer.export.recommender.assemble import CANDIDATES, RATING_WEIGHT
    from trainer.export.recommender.points import BY_HISTORY

    def scores(histories: list[np.ndarray]) -> np.ndarray:
        found = scores_of(visitors, histories)
        found[:, 0] = -np.inf
        for row, history in enumerate(histories):
            found[row, history] = -np.inf
        best = np.argsort(-found, axis=1, kind="stable")[:, :CANDIDATES].astype(np.int32)
        brought = tf.ragged.constant([each.tolist() for each in histories], tf.int32, ragged_rank=1)
        stars = ranking.rate_for_history(brought, tf.constant(best)).numpy()
        ordered = np.full_like(found, -np.inf)
        by = np.take_along_axis(found, best, axis=1) + BY_HISTORY * RATING_WEIGHT * stars
        np.put_along_axis(ordered, best, by, axis=1)
        return ordered

    return scores


def watched(ratings, catalogue) -> np.ndarray:
    """Returns 1 for each film that a user of train has watched, float64 [users, movies]."""
    table = np.zeros((catalogue.users, catalogue.movies))
    table[ratings.user, ratings.movie] = 1
    return table


def ease(watched: np.ndarray, penalty: float):
    """Returns EASE's closed form, as a function from histories to scores."""
    inverse = np.linalg.inv(watched.T @ watched + penalty * np.eye(watched.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)

    def scores(histories: list[np.ndarray]) -> np.ndarray:
        return np.stack([weights[history].sum(axis=0) for history in histories])

    return scores


def _read(columns: dict[str, list]):
    from components.movielens_example_gen.shipped import shipped
    from trainer.data import catalogue
    from trainer.data.vocabularies import Vocabularies

    return catalogue.from_columns(columns, Vocabularies.from_columns(columns, shipped("movielens")))


def _print(runs: list[dict]) -> None:
    print(f"{'nDCG@10 by number of named films':<34}" + "".join(f"{length:>18}" for length in LENGTHS))
    for name in [each for each in runs[0] if each not in ("seed", "penalty")]:
        values = np.array([run[name] for run in runs])
        spread = values.std(axis=0, ddof=1) if len(runs) > 1 else np.zeros(len(LENGTHS))
        cells = (f"{mean:.4f} ± {off:.4f}" for mean, off in zip(values.mean(axis=0), spread, strict=True))
        print(f"{name:<34}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    main()
