"""Benchmark of the ranking models: RMSE on MovieLens 100K's seed split, three seeds each.

    python benchmarks/ranking.py --json ranking.json

The protocol is that of TFRS's tutorial and of the README's table: `RandomState(42).permutation(100000)` over
the rows of the file. The first 80,000 rows are for training; the last 8,000 of them are used only for early
stopping. A model whose name says `all 80,000` trains on those 8,000 too, for a fixed number of epochs. The
other 20,000 rows are `test`, and nothing was chosen by them. No model here sees session times.
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

LIKED = 4.0  # stars
SIDE = ["age", "gender", "occupation", "zip", "genres", "year", "time"]
TUTORIAL = {
    "epochs": 3,
    "batch_size": 8192,
    "optimizer": "adagrad",
    "learning_rate": 0.1,
    "schedule": "none",
    "patience": 0,
    "unknown_rate": 0,
}
LONGER = {"epochs": 15, "batch_size": 1024, "learning_rate": 0.001, "xla": True}
MODELS = {
    "tutorial network, as there, all 80,000": {"model": {"kind": "mlp"}, "train": TUTORIAL},
    "tutorial network, tuned": {"model": {"kind": "mlp"}, "train": LONGER},
    "the same with side features": {"model": {"kind": "mlp", "features": SIDE}, "train": LONGER},
    "default (mf)": {"model": {"kind": "mf"}, "train": {"xla": True}},
    "default (mf), all 80,000": {"model": {"kind": "mf"}, "train": {"xla": True, "patience": 0}},
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="Folder with ml-100k (default: located as `marquee run` does).")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="Random seeds of the training (0 1 2)."
    )
    parser.add_argument("--only", help="Part of a model's name; only models that have it are measured.")
    parser.add_argument("--json", type=Path, help="File that the results are also written to.")
    arguments = parser.parse_args()
    train, evaluation, test = seed_split(read(arguments.data))
    results = []
    for name, config in MODELS.items():
        if not arguments.only or arguments.only in name:
            whole = {column: train[column] + evaluation[column] for column in train}
            learned = whole if "all 80,000" in name else train
            results.append({"model": name, **measure(config, arguments.seeds, learned, evaluation, test)})
            _print(results[-1])
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


def measure(config: dict, seeds: list[int], train: dict, evaluation: dict, test: dict) -> dict:
    """Measures RMSE and AUC on test and the seconds of training, one value per seed, and counts parameters.

    AUC is that of the expected rating as a predictor of a rating of 4 stars or more.
    """
    import numpy as np

    from components.movielens_example_gen.shipped import shipped
    from trainer.data import catalogue as catalogues
    from trainer.data.rating_data import RatingData
    from trainer.data.ratings import Ratings
    from trainer.data.vocabularies import Vocabularies
    from trainer.evaluation.metrics.chances import area_under_curve
    from trainer.training.batches import eval_batches
    from trainer.training.ranking import RankingSettings, train_ranking

    vocabularies = Vocabularies.from_columns(train, shipped("movielens"))
    ratings, catalogue = catalogues.from_columns(train, vocabularies)
    data = RatingData(ratings, Ratings.from_columns(evaluation, vocabularies), catalogue)
    unseen = Ratings.from_columns(test, vocabularies)
    rmse, auc, seconds, epoch_seconds, epochs = [], [], [], [], []
    for seed in seeds:
        settings = RankingSettings.of({**config, "train": {**config["train"], "seed": seed}}, None)
        begin = time.perf_counter()
        result = train_ranking(settings, data)
        seconds.append(round(time.perf_counter() - begin, 1))
        epochs.append(result.epochs)
        expected = result.model.predict(eval_batches(unseen), verbose=0)
        rmse.append(round(float(np.sqrt(np.mean((expected - unseen.rating) ** 2))), 4))
        auc.append(round(area_under_curve(unseen.rating >= LIKED, expected), 4))
        epoch_seconds.append(round(len(ratings) / result.rows_per_second, 2))
    return {
        "rmse": rmse,
        "auc": auc,
        "epochs": epochs,
        "seconds": seconds,
        "epoch_seconds": epoch_seconds,
        "parameters": result.model.count_params(),
        "settings": settings.model_dump(mode="json"),
    }


def seed_split(columns: dict[str, list]) -> list[dict[str, list]]:
    """Returns train (72,000 rows), eval (8,000) and test (20,000)."""
    import numpy as np

    order = np.random.RandomState(42).permutation(len(columns["user_id"]))
    places = (order[:72_000], order[72_000:80_000], order[80_000:])
    return [{name: [column[row] for row in part] for name, column in columns.items()} for part in places]


def read(path: str | None) -> dict[str, list]:
    """Reads MovieLens 100K in its file's order, as raw columns named as in `trainer.data.features`."""
    from components.movielens_example_gen.config import DataConfig
    from components.movielens_example_gen.files.layouts import recognise
    from components.movielens_example_gen.files.pieces import cut
    from components.movielens_example_gen.files.sources import locate
    from components.movielens_example_gen.reading.catalog import read_catalog
    from components.movielens_example_gen.reading.ratings import read as read_piece

    config = DataConfig(dataset="ml-100k", path=path)
    found = locate(config, Path("workspace") / "cache", print)
    layout = recognise(str(found.path), config)
    catalog = read_catalog(layout)
    rows = {"user": [], "movie": [], "rating": [], "timestamp": []}
    for piece in cut(layout.ratings):
        table = read_piece(piece).table
        for name, column in rows.items():
            column += table[name].to_pylist()
    movies = [catalog.items[movie] for movie in rows["movie"]]
    users = [catalog.users[user] for user in rows["user"]]
    return {
        "user_id": rows["user"],
        "movie_id": rows["movie"],
        "user_rating": rows["rating"],
        "timestamp": rows["timestamp"],
        "movie_title": [movie.title for movie in movies],
        "movie_genres": [list(movie.features.get("genres", ())) for movie in movies],
        "raw_user_age": [user.get("age", -1.0) for user in users],
        "user_gender": [user.get("gender", "") for user in users],
        "user_occupation_text": [user.get("occupation", "") for user in users],
        "user_zip_code": [user.get("zip", "") for user in users],
    }


def _print(result: dict) -> None:
    rmse = result["rmse"]
    spread = f" ± {statistics.stdev(rmse):.4f}" if len(rmse) > 1 else ""
    took = statistics.mean(result["seconds"])
    print(f"{result['model']:<40}{statistics.mean(rmse):.4f}{spread}   {took:5.1f} s", flush=True)


if __name__ == "__main__":
    main()
