"""Benchmark of `mf`'s implicit sets: exact sums at every step against sums formed anew once per block.

    python benchmarks/delayed_sums.py --data FOLDER

FOLDER holds MovieLens 1M. A tenth of the ratings, drawn by a fixed seed, is put aside and never read; of the
others nine tenths are for training, and one tenth measures: what is chosen here was never test. Side features
are left out. The first line, without sets, tells what the sets are worth.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

WAYS = {
    "no sets": None,
    "exact": 0,
    "every 8": 8,
    "every 16": 16,
    "every 32": 32,
    "every 64": 64,
    "every 128": 128,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="Folder of MovieLens 1M.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="Random seeds of the training (0).")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS), help="What is measured.")
    parser.add_argument("--set", type=json.loads, default={}, help='Settings of mf, JSON: {"members": 1}.')
    parser.add_argument("--train", type=json.loads, default={}, help="Settings of the training loop, JSON.")
    parser.add_argument("--json", type=Path, help="File that the results are also written to.")
    arguments = parser.parse_args()
    data = read(arguments.data)
    results = []
    for name in arguments.ways:
        found = [measure(WAYS[name], data, seed, arguments.set, arguments.train) for seed in arguments.seeds]
        results.append({"sets": name, **{key: [each[key] for each in found] for key in found[0]}})
        rmse, rate = (statistics.mean(results[-1][key]) for key in ("rmse", "rows_per_second"))
        print(f"{name:<10} RMSE {rmse:.4f} {results[-1]['rmse']}  {rate:>10,.0f} ratings/s", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


def read(folder: Path):
    """Returns train and its validation part as `RatingData`; the tenth put aside is in neither."""
    import numpy as np

    from trainer.data import catalogue as catalogues
    from trainer.data.description import RATINGS
    from trainer.data.rating_data import RatingData
    from trainer.data.ratings import Ratings
    from trainer.data.vocabularies import Vocabularies

    lines = (folder / "ratings.dat").read_text(encoding="latin-1").splitlines()
    rows = np.array([line.split("::") for line in lines])
    order = np.random.default_rng(42).permutation(len(rows))
    known = rows[order[len(rows) // 10 :]]
    held_out = len(known) // 10

    def columns(part):
        users, movies, stars = part[:, 0].tolist(), part[:, 1].tolist(), part[:, 2].astype(np.float32)
        times = part[:, 3].astype(np.int64)
        return {"user_id": users, "movie_id": movies, "user_rating": stars, "timestamp": times}

    train = columns(known[held_out:])
    vocabularies = Vocabularies.from_columns(train, RATINGS)
    ratings, catalogue = catalogues.from_columns(train, vocabularies)
    return RatingData(ratings, Ratings.from_columns(columns(known[:held_out]), vocabularies), catalogue)


def measure(every: int | None, data, seed: int, model: dict, train: dict) -> dict:
    """Trains once; `every`: the steps of a block, 0: exact sums, None: no sets.

    Returns:
        `rmse`, `rows_per_second`, `seconds` and `epochs`.
    """
    from unittest import mock

    from trainer.models.layers import delayed_sums, implicit_sets
    from trainer.training.ranking import RankingSettings, train_ranking

    settings = RankingSettings.of(
        {
            "model": {"kind": "mf", "dim": 32, "members": 1, "implicit": every is not None, **model},
            "train": {"epochs": 10, "batch_size": 4096, "learning_rate": 0.015, "seed": seed, **train},
        },
        None,
    )
    with (
        mock.patch.object(implicit_sets, "AT_ONCE", 0 if every else 10**9),
        mock.patch.object(delayed_sums, "EVERY", every or delayed_sums.EVERY),
    ):
        begin = time.perf_counter()
        result = train_ranking(settings, data)
    return {
        "rmse": round(min(epoch["val_rmse"] for epoch in result.history), 4),
        "rows_per_second": round(result.rows_per_second),
        "seconds": round(time.perf_counter() - begin, 1),
        "epochs": result.epochs,
    }


if __name__ == "__main__":
    main()
