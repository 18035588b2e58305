"""Simulation of nightly runs: 20 increments of MovieLens 100K, each compared with the last blessed model.

    python benchmarks/nightly.py --json nightly.json

The ratings are ordered by time or at random. The first night has the first 60,000 ratings, and each of 20
further nights adds the next 2,000. Every night a small model of each task is trained on `train`, and judged
on `eval` by the bars that Marquee ships. The baseline is the last blessed model, measured on the same rows.
The judging functions are those of the pipeline's evaluators (`components.bars`,
`components.ranking_evaluator.paired`, `trainer.evaluation.quality`). A night's models are pushed only if both
are blessed.

The split `test` decides nothing, and shows whether the verdicts were right: `z` is the number of standard
errors by which the candidate is better on `test` than the baseline. A night that was refused with a z well
over 0 was refused by mistake; a night that was pushed with a z well under 0 serves a worse model.

The benchmark takes about 12 minutes on two idle cores, 15 s per night. `--split random` shows the effect of a
split that is drawn anew every night.
"""

import argparse
import json
import math
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

import numpy as np

from benchmarks.ranking import read
from benchmarks.retrieval import taken

RANKING = {
    "model": {"kind": "mf", "dim": 8, "members": 2},
    "train": {"epochs": 8, "batch_size": 4096, "learning_rate": 0.03},
}
RETRIEVAL = {
    "model": {"kind": "two_tower", "dim": 16},
    "train": {"epochs": 6, "batch_size": 4096},
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="Folder with ml-100k (default: located as `marquee run` does).")
    parser.add_argument(
        "--order",
        choices=["time", "chance"],
        nargs="+",
        default=["time", "chance"],
        help="Orders in which the ratings arrive (time chance).",
    )
    parser.add_argument(
        "--split", choices=["hash", "random"], default="hash", help="Value of data.split.kind (hash)."
    )
    parser.add_argument("--nights", type=int, default=20, help="Number of nights after the first (20).")
    parser.add_argument("--json", type=Path, help="File that the results are also written to.")
    arguments = parser.parse_args()
    columns, found = read(arguments.data), {}
    for order in arguments.order:
        print(f"\nin order of {order}, split {arguments.split}\n{HEAD}")
        found[order] = nights(
            in_order(columns, order),
            arguments.split,
            arguments.nights,
            on_night=lambda night: print(row(night)),
        )
        print(summary(found[order]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


def in_order(columns: dict[str, list], order: str) -> dict[str, list]:
    """Returns the ratings in the order of their arrival."""
    if order == "time":
        return taken(columns, np.argsort(columns["timestamp"], kind="stable"))
    return taken(columns, np.random.default_rng(0).permutation(len(columns["timestamp"])))


def nights(
    columns: dict[str, list],
    split: str = "hash",
    count: int = 20,
    first: int = 60_000,
    step: int = 2_000,
    ranking: dict[str, Any] = RANKING,
    retrieval: dict[str, Any] = RETRIEVAL,
    on_night=lambda night: None,
) -> list[dict[str, Any]]:
    """Simulates the nights, and returns the results of each.

    Args:
        columns: ratings in the order in which they arrive, named as in `trainer.data.features`.
        split: `data.split.kind`.
        count: number of nights after the first.
        first, step: number of ratings of the first night, and number that each later night adds.
        ranking, retrieval: `custom_config` of the two trainers.
        on_night: function that is called with each night.

    Returns:
        One dictionary per night: `rows`, `eval` (rows), `seconds`, `pushed`, and for each task `metric`,
        `candidate`, `baseline` (None on the first night), `standard_error`, `blessed`, `reason`, and `test`:
        the candidate and the baseline on test, and `z`, the number of standard errors by which the candidate
        is better there.
    """
    tasks, found = (RankingTask(ranking), RetrievalTask(retrieval)), []
    for night in range(count + 1):
        begin = time.perf_counter()
        rows = first + night * step
        parts = divided(taken(columns, range(rows)), split)
        judged = {task.name: task.night(*parts) for task in tasks}
        found.append(
            {
                "night": night,
                "rows": rows,
                "eval": len(parts[1]["user_id"]),
                "pushed": all(each["blessed"] for each in judged.values()),
                "seconds": round(time.perf_counter() - begin, 1),
                **judged,
            }
        )
        on_night(found[-1])
    return found


def divided(columns: dict[str, list], kind: str) -> list[dict[str, list]]:
    """Divides rows into train, eval and test, as MovieLensExampleGen does."""
    from components.movielens_example_gen.config import DataConfig
    from components.movielens_example_gen.splits import Rows, assign
    from trainer.data.pairs.pair_hash import lots

    split = DataConfig(dataset="custom", path="-", split={"kind": kind}).split
    codes = assign(split, Rows(len(columns["user_id"]), lot=lots(_pairs(columns))))
    return [taken(columns, np.flatnonzero(codes == code)) for code in range(3)]


@dataclass
class Learned:
    """Trained model, with a record of the data that it was trained on."""

    model: Any
    catalogue: Any
    record: Any


class _Task:
    """Trains each night's model, and compares it with the last blessed one."""

    name: str
    metric: str
    better: int  # 1 if a higher metric is better, -1 if a lower one is

    def __init__(self, custom: dict[str, Any]):
        self.custom = custom
        self._last: Learned | None = None

    def night(self, train: dict, evaluation: dict, test: dict) -> dict[str, Any]:
        """Trains and judges the model of one night; returns this task's entry of a night of `nights`."""
        from components.bars import Baseline, Overlap, verdicts
        from components.movielens_example_gen.shipped import shipped
        from trainer.data import catalogue as catalogues
        from trainer.data.pairs.trained_on import TrainedOn
        from trainer.data.rating_data import RatingData
        from trainer.data.ratings import Ratings
        from trainer.data.vocabularies import Vocabularies

        vocabularies = Vocabularies.from_columns(train, shipped("movielens"))
        ratings, catalogue = catalogues.from_columns(train, vocabularies)
        data = RatingData(ratings, Ratings.from_columns(evaluation, vocabularies), catalogue)
        model = self.train(data)
        candidate = Learned(model, catalogue, TrainedOn.of_ratings(ratings, vocabularies))
        last, on_test = self._last, self.measured(candidate, self._last, test)
        value, before, error = self.measured(candidate, last, evaluation)
        baseline = None
        if last is not None:
            overlap = Overlap(last.record.overlap(_pairs(evaluation)), len(evaluation["user_id"]))
            baseline = Baseline({self.metric: before}, {self.metric: error}, overlap)
        found = verdicts(self.metric, self.bar(), value, baseline)
        blessed = all(verdict.passed for verdict in found)
        if blessed:
            self._last = candidate
        return {
            "metric": self.metric,
            "candidate": value,
            "baseline": before,
            "standard_error": error,
            "blessed": blessed,
            "reason": next((each.sentence for each in found if not each.passed), found[-1].sentence),
            "test": {"candidate": on_test[0], "baseline": on_test[1], "z": self._z(*on_test)},
        }

    def _z(self, value: float, before: float | None, error: float | None) -> float | None:
        return self.better * (value - before) / error if error else None


class RankingTask(_Task):
    """Ranking models, compared by RMSE in stars."""

    name, metric, better = "ranking", "rmse", -1

    def bar(self):
        from pipeline.config.bars import limits
        from pipeline.config.schema import BlessConfig

        return limits(BlessConfig().bars)[self.metric]

    def train(self, data):
        from trainer.training.ranking import train_ranking
        from trainer.training.ranking_settings import RankingSettings

        return train_ranking(RankingSettings.of(self.custom, None), data).model

    def measured(self, candidate: Learned, last: Learned | None, rows: dict):
        """Returns the candidate's RMSE, the baseline's, and the standard error of the difference."""
        from components.ranking_evaluator.paired import Paired
        from trainer.data.pairs.pair_hash import column_hashes

        stars = np.asarray(rows["user_rating"], np.float64)
        new = _rated(candidate, rows)
        if last is None:
            return _rmse(new, stars), None, None
        old, pairs = _rated(last, rows), _pairs(rows)
        user = np.unique(column_hashes(rows["user_id"]), return_inverse=True)[1]
        error = Paired(user, pairs, stars, new, old).standard_errors()["rmse"]
        return _rmse(new, stars), _rmse(old, stars), error


class RetrievalTask(_Task):
    """Retrieval models, compared by nDCG@10 among all films that a user has not rated in train."""

    name, metric, better = "retrieval", "ndcg@10", 1

    def bar(self):
        from pipeline.config.bars import limits
        from pipeline.config.schema import RetrievalBlessConfig

        return limits(RetrievalBlessConfig().bars)[self.metric]

    def train(self, data):
        from trainer.training.retrieval import train_retrieval
        from trainer.training.retrieval_settings import RetrievalSettings

        return train_retrieval(RetrievalSettings.of(self.custom, None), data).model

    def measured(self, candidate: Learned, last: Learned | None, rows: dict):
        """Returns the candidate's nDCG@10, the baseline's, and the standard error of the difference."""
        from trainer.data.ratings import Ratings
        from trainer.evaluation.held_out import HeldOut

        catalogue = candidate.catalogue
        held_out = HeldOut.of(Ratings.from_columns(rows, catalogue.vocabularies), catalogue)
        new = _first_ten(candidate.model.scores, held_out)
        value = new.means()[self.metric]
        if last is None:
            return value, None, None
        old = _first_ten(_scores_of(last, catalogue.vocabularies), held_out)
        return value, old.means()[self.metric], new.change(old)[self.metric]["standard_error"]


def _rated(learned: Learned, rows: dict) -> np.ndarray:
    """Returns the ratings that a model predicts; a user whom it does not know is a cold-start user."""
    from trainer.data.ratings import Ratings
    from trainer.training.batches import eval_batches

    ratings = Ratings.from_columns(rows, learned.catalogue.vocabularies)
    predicted = [learned.model(batch).numpy() for batch in eval_batches(ratings)]
    return np.concatenate(predicted).astype(np.float64).reshape(-1)


def _first_ten(scores, held_out):
    """Returns what the evaluator's `measure` finds, for k = 10 alone, which is faster."""
    from trainer.evaluation.metrics import ranked_lists
    from trainer.evaluation.quality import judge

    lists = ranked_lists(scores, held_out.users, 10, held_out.catalogue.watched)
    return judge(lists, held_out, (10,))


def _scores_of(learned: Learned, vocabularies):
    """Returns a model's scores by the rows of other vocabularies; -inf for a film that it does not know."""

    def places(mine, theirs) -> np.ndarray:
        place = {name: row for row, name in enumerate(mine, start=1)}
        return np.array([0, *(place.get(name, 0) for name in theirs)], np.int32)

    known = learned.catalogue.vocabularies
    users, films = places(known.user_id, vocabularies.user_id), places(known.movie_id, vocabularies.movie_id)

    def scores(asked: np.ndarray) -> np.ndarray:
        found = learned.model.scores(users[asked])[:, films]
        found[:, films == 0] = -np.inf
        return found

    return scores


def _pairs(columns: dict[str, list]) -> np.ndarray:
    from trainer.data.pairs.pair_hash import pair_hashes

    return pair_hashes(columns["user_id"], columns["movie_id"])


def _rmse(predicted: np.ndarray, stars: np.ndarray) -> float:
    return float(np.sqrt(np.mean((predicted - stars) ** 2)))


HEAD = (
    f"{'rows':>7} {'eval':>6}  {'':8}{'RMSE':>7} {'before':>7} {'± se':>7} {'z test':>6}  "
    f"{'':8}{'nDCG@10':>7} {'before':>7} {'± se':>7} {'z test':>6}"
)


def row(night: dict[str, Any]) -> str:
    """Formats a night as one line under HEAD, followed by why a model was refused or not compared."""
    cells = []
    for task in ("ranking", "retrieval"):
        found = night[task]
        numbers = (found["candidate"], found["baseline"], found["standard_error"])
        texts = " ".join(_cell(number, ".4f", 7) for number in numbers)
        word = "blessed" if found["blessed"] else "refused"
        cells.append(f"{word:8}{texts} {_cell(found['test']['z'], '+.1f', 6)}")
    lines = [f"{night['rows']:7,} {night['eval']:6,}  {'  '.join(cells)}"]
    for task in ("ranking", "retrieval"):
        if not night[task]["blessed"] or "not compared" in night[task]["reason"]:
            lines.append(f"        {night[task]['reason']}")
    return "\n".join(lines)


def summary(found: list[dict[str, Any]]) -> str:
    """Formats how many models were refused, and the z on `test` of refused and of blessed models."""
    lines = []
    for task in ("ranking", "retrieval"):
        later = [night[task] for night in found if night[task]["test"]["z"] is not None]
        refused = [f"{each['test']['z']:+.1f}" for each in later if not each["blessed"]]
        least = min((each["test"]["z"] for each in later if each["blessed"]), default=math.nan)
        lines.append(
            f"{task}: {len(refused)} of {len(later)} nights refused"
            + (f", z on test {', '.join(refused)}" if refused else "")
            + f"; of those blessed the least z on test is {least:+.1f}"
        )
    return "\n".join(lines)


def _cell(number: float | None, form: str, width: int) -> str:
    return f"{'' if number is None else format(number, form):>{width}}"


if __name__ == "__main__":
    main()
