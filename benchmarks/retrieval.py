"""Benchmark of the retrieval models on MovieLens 100K, by two published protocols.

    python benchmarks/retrieval.py --json retrieval.json

`tfrs`: the split of TFRS's tutorials, `RandomState(42).permutation(100000)`, 80,000 rows for training and
20,000 for test. Every rating is a positive. The measure is top-100 categorical accuracy: the share of test
rows whose title is among the user's first 100 of all 1,664 titles (films of one title are one film). It is
measured without the titles that the user rated in train (`removed`), and with them (`kept`), as in the
tutorial. A title that train lacks is a miss.

`microsoft`: the split of the Recommenders benchmark. Each film's rows are permuted by a fresh
`RandomState(42)`, and `round(0.75 n)` of them are for training. All test ratings are relevant. The measure is
the users' mean nDCG@10 on test, without films of train.

Models learn from 99.9 % of train for a fixed number of epochs; the other 0.1 % is only monitored. Their
configuration was chosen on a validation part of train. Popularity and EASE (Steck, 2019; its closed form,
with a regularization strength λ of 500) learn from all of train, in the same run. Their results show that the
harness is the published one (`microsoft`: 0.2506 and 0.4827; `tfrs`: 0.30 for popularity with train kept,
0.625 for EASE with train removed). The kind `ease` is the same model, trained and served by the pipeline.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

import numpy as np

from benchmarks.ranking import read

TRAIN = {"patience": 0}  # otherwise defaults; without XLA, whose scatter sums are slower on a CPU
MODELS = {
    "two towers": {"model": {"kind": "two_tower"}, "train": TRAIN},
    "two towers, in-batch softmax": {"model": {"kind": "two_tower", "loss": "in_batch"}, "train": TRAIN},
    "two towers, sampled softmax": {"model": {"kind": "two_tower", "loss": "sampled"}, "train": TRAIN},
    "two towers, ids alone": {
        "model": {"kind": "two_tower", "history": False, "title_text": False, "features": []},
        "train": TRAIN,
    },
    "mf, softmax": {"model": {"kind": "mf"}, "train": TRAIN},
    # A pair teaches less than a softmax over all films: regularization is weaker, and epochs are more.
    "mf, BPR": {"model": {"kind": "mf", "loss": "bpr", "l2": 1}, "train": {**TRAIN, "epochs": 40}},
    "youtube_dnn": {"model": {"kind": "youtube_dnn"}, "train": TRAIN},
    "sasrec": {"model": {"kind": "sasrec"}, "train": TRAIN},
    "sasrec, next film": {"model": {"kind": "sasrec", "target": "next"}, "train": TRAIN},
    "ease": {"model": {"kind": "ease"}, "train": TRAIN},
    "ials": {"model": {"kind": "ials"}, "train": TRAIN},
    "multvae": {"model": {"kind": "multvae"}, "train": TRAIN},
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="Folder with ml-100k (default: located as `marquee run` does).")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="Random seeds of the training (0 1 2)."
    )
    parser.add_argument(
        "--protocol",
        choices=list(PROTOCOLS),
        nargs="+",
        default=list(PROTOCOLS),
        help="Protocols to measure by (both).",
    )
    parser.add_argument(
        "--only", default="", help="Part of a model's name; only models that have it are measured."
    )
    parser.add_argument("--json", type=Path, help="File that the results are also written to.")
    arguments = parser.parse_args()
    columns, results = read(arguments.data), []
    for protocol in arguments.protocol:
        split, measure = PROTOCOLS[protocol]
        train, test = split(columns)
        for name, (learn, seeds) in learners(arguments.seeds).items():
            if arguments.only in name:
                runs = [run(learn, seed, train, test, measure) for seed in seeds]
                results.append({"protocol": protocol, "model": name, "runs": runs})
                _print(results[-1])
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")


def learners(seeds: list[int]) -> dict[str, tuple]:
    """Returns, by model, the function that trains it and its seeds; the two without randomness train once."""
    baselines = {"popularity": (popularity, [None]), "EASE, λ 500": (ease, [None])}
    return baselines | {name: (learner(config), seeds) for name, config in MODELS.items()}


def run(learn, seed: int | None, train: dict, test: dict, measure) -> dict:
    """Trains one model with one seed; returns its measures and the seconds of training."""
    begin = time.perf_counter()
    scores, vocabularies, seen = learn(train, seed)
    seconds = round(time.perf_counter() - begin, 1)
    return {"seed": seed, "seconds": seconds, **measure(scores, vocabularies, seen, test)}


def tfrs_split(columns: dict[str, list]) -> tuple[dict, dict]:
    """Returns train (80,000 rows) and test (20,000), with titles in place of films."""
    order = np.random.RandomState(42).permutation(len(columns["user_id"]))
    columns = {**columns, "movie_id": columns["movie_title"]}
    return taken(columns, order[:80_000]), taken(columns, order[80_000:])


def microsoft_split(columns: dict[str, list]) -> tuple[dict, dict]:
    """Returns train and test, in a ratio of three to one for each film."""
    movie, train, test = np.array(columns["movie_id"]), [], []
    for each in np.unique(movie):
        rows = np.random.RandomState(42).permutation(np.flatnonzero(movie == each))
        train.append(rows[: round(0.75 * len(rows))])
        test.append(rows[round(0.75 * len(rows)) :])
    return taken(columns, np.concatenate(train)), taken(columns, np.concatenate(test))


def top_100_accuracy(scores, vocabularies, seen, test: dict) -> dict[str, float]:
    """Returns the share of test rows in their user's list, with train's titles removed and with them kept."""
    from trainer.data.ratings import Ratings
    from trainer.evaluation.metrics import ranked_lists

    rows = Ratings.from_columns(test, vocabularies)
    users, place = np.unique(rows.user, return_inverse=True)

    def accuracy(removed) -> float:
        lists = ranked_lists(scores, users, 100, removed)
        return round(float(np.mean((lists[place] == rows.movie[:, None]).any(axis=1))), 4)

    return {"top-100 removed": accuracy(seen), "top-100 kept": accuracy(None)}


def ndcg_at_10(scores, vocabularies, seen, test: dict) -> dict[str, float]:
    """Returns the users' mean nDCG@10 and recall@100, with train's films removed."""
    from trainer.data.ratings import Ratings
    from trainer.evaluation.held_out import positives_by_user
    from trainer.evaluation.metrics import full_catalogue_metrics

    rows = Ratings.from_columns(test, vocabularies)
    found = full_catalogue_metrics(
        scores, np.unique(rows.user), positives_by_user(rows, len(seen)), seen, ks=(10, 100)
    )
    return {name: round(float(np.nanmean(found[name])), 4) for name in ("ndcg@10", "recall@100")}


PROTOCOLS = {"tfrs": (tfrs_split, top_100_accuracy), "microsoft": (microsoft_split, ndcg_at_10)}


def popularity(train: dict, seed: None):
    """Scores films by their number of ratings: (scores of users, vocabularies, what each user has seen)."""
    _, catalogue = _read(train)
    counts = catalogue.watchers.lengths.astype(np.float32)
    return lambda users: np.tile(counts, (len(users), 1)), catalogue.vocabularies, catalogue.watched


def ease(train: dict, seed: None, l2: float = 500.0):
    """Fits EASE's closed form (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", 2019)."""
    ratings, catalogue = _read(train)
    watched = np.zeros((catalogue.users, catalogue.movies))
    watched[ratings.user, ratings.movie] = 1
    inverse = np.linalg.inv(watched.T @ watched + l2 * np.eye(catalogue.movies))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return lambda users: watched[users] @ weights, catalogue.vocabularies, catalogue.watched


def learner(config: dict):
    """Returns a function that trains the model of a configuration."""

    def learn(train: dict, seed: int):
        from trainer.data.catalogue import Catalogue
        from trainer.data.rating_data import RatingData
        from trainer.data.ratings import Ratings
        from trainer.training.retrieval import RetrievalSettings, train_retrieval

        order = np.random.RandomState(seed).permutation(len(train["user_id"]))
        watched = len(order) // 1000
        ratings, catalogue = _read(taken(train, order[watched:]))
        evaluation = Ratings.from_columns(taken(train, order[:watched]), catalogue.vocabularies)
        settings = RetrievalSettings.of({**config, "train": {**config["train"], "seed": seed}}, None)
        model = train_retrieval(settings, RatingData(ratings, evaluation, catalogue)).model
        # Films of all of train count as seen, those of the monitored part too.
        everything = Ratings.from_columns(train, catalogue.vocabularies)
        seen = Catalogue.of(everything, catalogue.attributes, catalogue.vocabularies).watched
        return model.scores, catalogue.vocabularies, seen

    return learn


def taken(columns: dict[str, list], rows) -> dict[str, list]:
    return {name: [column[row] for row in rows] for name, column in columns.items()}


def _read(train: dict):
    from components.movielens_example_gen.shipped import shipped
    from trainer.data import catalogue
    from trainer.data.vocabularies import Vocabularies

    return catalogue.from_columns(train, Vocabularies.from_columns(train, shipped("movielens")))


def _print(result: dict) -> None:
    runs = result["runs"]
    cells = []
    for name in runs[0].keys() - {"seed", "seconds"}:
        values = [run[name] for run in runs]
        spread = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else " " * 9
        cells.append(f"{name} {statistics.mean(values):.4f}{spread}")
    seconds = statistics.mean(run["seconds"] for run in runs)
    print(
        f"{result['protocol']:<10} {result['model']:<30} {'   '.join(sorted(cells))}   {seconds:5.1f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()
