"""How well the retrieval models find what people went on to watch: MovieLens 100K, two published protocols.

    python benchmarks/retrieval.py --json retrieval.json

`tfrs`: the split of TFRS's tutorials, `RandomState(42).permutation(100000)`, 80,000 rows to train on and
20,000 to test on. Every rating is a positive. The measure is top-100 categorical accuracy: the share of
test rows whose title is among the user's first 100 of all 1,664 titles (films of one title are one film),
with the titles that the user rated in train removed, and with them kept, as the tutorial has it. A title
that train does not hold is a miss.

`microsoft`: that of the Recommenders benchmark: of each film's rows, permuted by a fresh `RandomState(42)`,
`round(0.75 n)` are for training; all test ratings are relevant; NDCG@10 over the users of test, films seen
in train removed.

Models learn from 99.9 % of train for a fixed number of epochs; the other 0.1 % is only watched. Their
settings were chosen on a validation part of train. Popularity and EASE (Steck, 2019; its closed form, λ 500)
learn from all of train, in the same run: they show that the harness is the published one (`microsoft`:
0.2506 and 0.4827; `tfrs`: 0.30 for popularity with train kept, 0.625 for EASE with train removed). The kind
`ease` is the same as a model that the pipeline trains and serves.
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

TRAIN = {"patience": 0}  # and the defaults; without XLA, whose scattered sums are slower on a CPU
MODELS = {
    "two towers": {"model": {"kind": "two_tower"}, "train": TRAIN},
    "two towers, in-batch softmax": {"model": {"kind": "two_tower", "loss": "in_batch"}, "train": TRAIN},
    "two towers, sampled softmax": {"model": {"kind": "two_tower", "loss": "sampled"}, "train": TRAIN},
    "two towers, ids alone": {
        "model": {"kind": "two_tower", "history": False, "title_text": False, "features": []},
        "train": TRAIN,
    },
    "mf, softmax": {"model": {"kind": "mf"}, "train": TRAIN},
    # A pair teaches less than a softmax over all films: the prior is weaker, and the epochs are more.
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
    parser.add_argument("--data", help="a folder with ml-100k; without it, found as `marquee run` does")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--protocol", choices=list(PROTOCOLS), nargs="+", default=list(PROTOCOLS))
    parser.add_argument("--only", default="", help="a part of a model's name")
    parser.add_argument("--json", type=Path, help="also write the results here")
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
    """Every model's name to what learns it, and the seeds: the two that need none learn once."""
    baselines = {"popularity": (popularity, [None]), "EASE, λ 500": (ease, [None])}
    return baselines | {name: (learner(config), seeds) for name, config in MODELS.items()}


def run(learn, seed: int | None, train: dict, test: dict, measure) -> dict:
    """One model of one seed: what `measure` finds, and the seconds that learning took."""
    begin = time.perf_counter()
    scores, vocabularies, seen = learn(train, seed)
    seconds = round(time.perf_counter() - begin, 1)
    return {"seed": seed, "seconds": seconds, **measure(scores, vocabularies, seen, test)}


def tfrs_split(columns: dict[str, list]) -> tuple[dict, dict]:
    """Train (80,000) and test (20,000), titles in place of films."""
    order = np.random.RandomState(42).permutation(len(columns["user_id"]))
    columns = {**columns, "movie_id": columns["movie_title"]}
    return taken(columns, order[:80_000]), taken(columns, order[80_000:])


def microsoft_split(columns: dict[str, list]) -> tuple[dict, dict]:
    """Train and test, three to one of each film."""
    movie, train, test = np.array(columns["movie_id"]), [], []
    for each in np.unique(movie):
        rows = np.random.RandomState(42).permutation(np.flatnonzero(movie == each))
        train.append(rows[: round(0.75 * len(rows))])
        test.append(rows[round(0.75 * len(rows)) :])
    return taken(columns, np.concatenate(train)), taken(columns, np.concatenate(test))


def top_100_accuracy(scores, vocabularies, seen, test: dict) -> dict[str, float]:
    """The share of test's rows that are in their user's list, train's titles removed and kept."""
    from trainer.data.ratings import Ratings
    from trainer.evaluation.metrics import ranked_lists

    rows = Ratings.from_columns(test, vocabularies)
    users, place = np.unique(rows.user, return_inverse=True)

    def accuracy(removed) -> float:
        lists = ranked_lists(scores, users, 100, removed)
        return round(float(np.mean((lists[place] == rows.movie[:, None]).any(axis=1))), 4)

    return {"top-100 removed": accuracy(seen), "top-100 kept": accuracy(None)}


def ndcg_at_10(scores, vocabularies, seen, test: dict) -> dict[str, float]:
    """The users' mean NDCG@10, and recall@100, train's films removed."""
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
    """Every film's number of ratings: (scores of users, vocabularies, what each user has seen)."""
    _, catalogue = _read(train)
    counts = catalogue.watchers.lengths.astype(np.float32)
    return lambda users: np.tile(counts, (len(users), 1)), catalogue.vocabularies, catalogue.watched


def ease(train: dict, seed: None, l2: float = 500.0):
    """EASE's closed form (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", 2019)."""
    ratings, catalogue = _read(train)
    watched = np.zeros((catalogue.users, catalogue.movies))
    watched[ratings.user, ratings.movie] = 1
    inverse = np.linalg.inv(watched.T @ watched + l2 * np.eye(catalogue.movies))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return lambda users: watched[users] @ weights, catalogue.vocabularies, catalogue.watched


def learner(config: dict):
    """A learner of what `config` says."""

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
        # What a user has seen is all of train, the watched part too.
        everything = Ratings.from_columns(train, catalogue.vocabularies)
        seen = Catalogue.of(everything, catalogue.attributes, catalogue.vocabularies).watched
        return model.scores, catalogue.vocabularies, seen

    return learn


def taken(columns: dict[str, list], rows) -> dict[str, list]:
    return {name: [column[row] for row in rows] for name, column in columns.items()}


def _read(train: dict):
    from trainer.data import catalogue
    from trainer.data.vocabularies import Vocabularies

    return catalogue.from_columns(train, Vocabularies.from_columns(train))


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
