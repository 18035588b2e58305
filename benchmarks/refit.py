"""Benchmark of refitting: the effect on quality of training a blessed configuration again on more ratings.

    python benchmarks/refit.py --json refit.json

MovieLens 100K is shuffled by each seed: 80,000 ratings are `train`, 10,000 `eval` and 10,000 `test`. The
judged model is trained on `train`, with early stopping by `eval`; its best epoch is E. The refit models are
trained on `train` and `eval` for E epochs. All models are measured on `test`, which none was trained on (the
pipeline's own refit trains on `test` too). Two schedules of learning rates are compared:

`schedule`: the judged training's learning rates, which fall over all planned epochs and are cut off after E.
`shortened`: learning rates that fall to 0 over those E epochs.

Ranking is measured by RMSE, and retrieval by nDCG@10 over all films but those of `train` and `eval`.
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
from benchmarks.retrieval import ndcg_at_10, taken

TRAIN, EVAL = 80_000, 10_000
# By task: the configuration, and the planned epochs: those of configs/ml-100k.yaml, and enough to stop early.
CASES = {
    "ranking": ({"model": {"kind": "mf"}}, (15, 40)),
    "retrieval": ({"model": {"kind": "two_tower"}}, (10, 30)),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="Folder with ml-100k (default: located as `marquee run` does).")
    parser.add_argument("--task", choices=list(CASES), help="Task to measure (both).")
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        default=[0, 1, 2],
        help="Random seeds of the shuffle and the training (0 1 2).",
    )
    parser.add_argument("--json", type=Path, help="File that the results are also written to.")
    arguments = parser.parse_args()
    columns, found = read(arguments.data), []
    for task, (settings, planned) in CASES.items():
        for epochs in planned if arguments.task in (None, task) else ():
            runs = [compared(task, settings, epochs, columns, seed) for seed in arguments.seeds]
            found.append({"task": task, "epochs": epochs, "runs": runs})
            means = {
                name: statistics.mean(run[name] for run in runs)
                for name in ("judged", "schedule", "shortened")
            }
            cells = "   ".join(f"{name} {value:.4f}" for name, value in means.items())
            best = ", ".join(str(run["best_epoch"]) for run in runs)
            print(f"{task:<10} {epochs} epochs planned, best {best}:   {cells}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


def compared(task: str, settings: dict, epochs: int, columns: dict, seed: int) -> dict:
    """Returns the measures on test of the judged model and of both refits."""
    from trainer.run_fn import task_of

    order = np.random.RandomState(seed).permutation(len(columns["user_id"]))
    train, evaluation, test = (taken(columns, part) for part in np.split(order, [TRAIN, TRAIN + EVAL]))
    both = taken(columns, order[: TRAIN + EVAL])
    wanted = task_of({"task": task}).settings.of(
        {**settings, "train": {"epochs": epochs, "seed": seed, **LEARNING_RATE.get(task, {})}}, None
    )
    start = time.perf_counter()
    judged, best = trained(task, wanted, train, evaluation)
    result = {"seed": seed, "best_epoch": best, "judged_seconds": round(time.perf_counter() - start, 1)}
    shortened = wanted.model_copy(update={"train": wanted.train.model_copy(update={"epochs": best})})
    result["judged"] = measured(task, judged, test, both)
    for name, each in (("schedule", wanted), ("shortened", shortened)):
        start = time.perf_counter()
        result[name] = measured(task, trained(task, each, both, None, passes=best)[0], test, both)
        result[f"{name}_seconds"] = round(time.perf_counter() - start, 1)
    return result


LEARNING_RATE = {"ranking": {"learning_rate": 0.02}}


def trained(task: str, settings, rows: dict, evaluation: dict | None, **options):
    """Returns the trained model and its best epoch."""
    from components.movielens_example_gen.shipped import shipped
    from trainer.data import catalogue
    from trainer.data.rating_data import RatingData
    from trainer.data.ratings import Ratings
    from trainer.data.vocabularies import Vocabularies
    from trainer.run_fn import task_of

    vocabularies = Vocabularies.from_columns(rows, shipped("movielens"))
    ratings, tables = catalogue.from_columns(rows, vocabularies)
    held_out = Ratings.from_columns(evaluation, vocabularies) if evaluation else None
    result = task_of({"task": task}).train(settings, RatingData(ratings, held_out, tables), **options)
    return result.model, result.best_epoch


def measured(task: str, model, test: dict, seen: dict) -> float:
    """Returns a model's RMSE (ranking) or nDCG@10 (retrieval) on test."""
    from trainer.data.catalogue import Catalogue
    from trainer.data.ratings import Ratings

    vocabularies = model.catalogue.vocabularies
    if task == "ranking":
        rows = Ratings.from_columns(test, vocabularies)
        rated = model.predict(rows.features(), batch_size=1 << 14, verbose=0)
        return float(np.sqrt(np.mean((np.ravel(rated) - rows.rating) ** 2)))
    known = Ratings.from_columns(seen, vocabularies)
    watched = Catalogue.of(known, model.catalogue.attributes, vocabularies).watched
    return ndcg_at_10(model.scores, vocabularies, watched, test)["ndcg@10"]


if __name__ == "__main__":
    main()
