"""Leaderboards of the kinds of models on MovieLens 100K, three seeds each.

    python benchmarks/zoo.py --json zoo.json

Ranking uses the seed split, and gives RMSE, AUC, seconds per epoch, and parameters. Data, split and measures
are those of `benchmarks/ranking.py`: 72,000 ratings for training, 8,000 for early stopping, and 20,000 of
`test`, by which nothing was chosen. Models and training loop have their defaults, except where another value
was better on the 8,000. `dcn as in TFRS` is the network of TFRS's DCN tutorial, trained as in the tutorial,
on all 80,000. `our prior` is that network with Marquee's prior of the embeddings; `our training` also has
Marquee's training loop. No model here sees time.

Retrieval uses Microsoft's protocol, and gives nDCG@10, recall@100 and the seconds of the whole training, as
in `benchmarks/retrieval.py`, with popularity, EASE's closed form, and matrix factorization by BPR.
"""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

from benchmarks import retrieval
from benchmarks.ranking import LONGER, measure, read, seed_split

DEFAULT = {"xla": True}  # otherwise the defaults of the training loop
# https://www.tensorflow.org/recommenders/examples/dcn: 8 epochs of Adam 0.01 in batches of 8,192.
TFRS = {
    "epochs": 8,
    "batch_size": 8192,
    "learning_rate": 0.01,
    "schedule": "none",
    "patience": 0,
    "unknown_rate": 0,
    "xla": True,
}
TFRS_FEATURES = ["age", "gender", "occupation", "zip"]
KINDS = {
    "mf": {"model": {"kind": "mf"}, "train": DEFAULT},
    "mlp": {"model": {"kind": "mlp"}, "train": LONGER},
    "dlrm": {"model": {"kind": "dlrm"}, "train": DEFAULT},
    "dcn": {"model": {"kind": "dcn"}, "train": DEFAULT},
    "dcn, parallel": {"model": {"kind": "dcn", "structure": "parallel"}, "train": DEFAULT},
    "dcn, low rank": {"model": {"kind": "dcn", "rank": 20}, "train": DEFAULT},
    "deepfm": {"model": {"kind": "deepfm"}, "train": DEFAULT},
    "wide_deep": {"model": {"kind": "wide_deep"}, "train": {**DEFAULT, "learning_rate": 0.01}},
    "shared_bottom": {"model": {"kind": "shared_bottom"}, "train": DEFAULT},
    "shared_bottom, the rating alone": {
        "model": {"kind": "shared_bottom", "liked_weight": 0, "watched_weight": 0},
        "train": DEFAULT,
    },
    "mmoe": {"model": {"kind": "mmoe"}, "train": DEFAULT},
    "cgc": {"model": {"kind": "cgc"}, "train": DEFAULT},
    "ple": {"model": {"kind": "ple"}, "train": DEFAULT},
    "joint": {"model": {"kind": "joint"}, "train": DEFAULT},
    "dcn as in TFRS, all 80,000": {
        "model": {"kind": "dcn", "features": TFRS_FEATURES, "dense": [], "l2": 0},
        "train": TFRS,
    },
    "dcn as in TFRS, all 80,000, our prior": {
        "model": {"kind": "dcn", "features": TFRS_FEATURES, "dense": []},
        "train": TFRS,
    },
    "dcn as in TFRS, our training": {
        "model": {"kind": "dcn", "features": TFRS_FEATURES, "dense": []},
        "train": DEFAULT,
    },
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
        "--task", choices=list(TASKS), nargs="+", default=list(TASKS), help="Tasks to measure (both)."
    )
    parser.add_argument(
        "--only", nargs="+", help="Parts of names; only kinds that have one of them are measured."
    )
    parser.add_argument("--json", type=Path, help="File that the results are also written to.")
    arguments = parser.parse_args()
    columns, results = read(arguments.data), {}
    for task in arguments.task:
        measured, print_board = TASKS[task]
        results[task] = []
        for result in measured(columns, arguments.seeds, arguments.only or [""]):
            results[task].append(result)
            print(f"measured {result['kind']}", file=sys.stderr, flush=True)
            if arguments.json:
                arguments.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
        print_board(results[task])


def _ranking(columns: dict, seeds: list[int], only: list[str]) -> Iterator[dict]:
    train, evaluation, test = seed_split(columns)
    whole = {column: train[column] + evaluation[column] for column in train}
    for name, config in KINDS.items():
        if any(part in name for part in only):
            learned = whole if "all 80,000" in name else train
            yield {"kind": name, **measure(config, seeds, learned, evaluation, test)}


def _retrieval(columns: dict, seeds: list[int], only: list[str]) -> Iterator[dict]:
    train, test = retrieval.microsoft_split(columns)
    for name, (learn, own_seeds) in retrieval.learners(seeds).items():
        if any(part in name for part in only):
            runs = [retrieval.run(learn, seed, train, test, retrieval.ndcg_at_10) for seed in own_seeds]
            yield {"kind": name, **{key: [run[key] for run in runs] for key in runs[0]}}


def _print_ranking(results: list[dict]) -> None:
    print(f"{'ranking':<44}{'RMSE':>7}{'±':>8}{'AUC':>8}{'s/epoch':>9}{'epochs':>8}{'parameters':>12}")
    for result in sorted(results, key=lambda result: _mean(result, "rmse")):
        print(
            f"{result['kind']:<44}{_mean(result, 'rmse'):>7.4f}{_spread(result, 'rmse'):>8}"
            f"{_mean(result, 'auc'):>8.4f}{_mean(result, 'epoch_seconds'):>9.2f}"
            f"{_mean(result, 'epochs'):>8.1f}{result['parameters']:>12,}"
        )


def _print_retrieval(results: list[dict]) -> None:
    print(f"{'retrieval':<44}{'nDCG@10':>8}{'±':>8}{'recall@100':>12}{'seconds':>9}")
    for result in sorted(results, key=lambda result: -_mean(result, "ndcg@10")):
        print(
            f"{result['kind']:<44}{_mean(result, 'ndcg@10'):>8.4f}{_spread(result, 'ndcg@10'):>8}"
            f"{_mean(result, 'recall@100'):>12.4f}{_mean(result, 'seconds'):>9.1f}"
        )


def _spread(result: dict, what: str) -> str:
    return f"{statistics.stdev(result[what]):.4f}" if len(result[what]) > 1 else ""


def _mean(result: dict, what: str) -> float:
    return statistics.mean(result[what])


TASKS = {"ranking": (_ranking, _print_ranking), "retrieval": (_retrieval, _print_retrieval)}

if __name__ == "__main__":
    main()
