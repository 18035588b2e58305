"""Benchmark of the recommender: quality of its lists by the weight of the rating, and latency.

    python benchmarks/recommend.py --json recommend.json

The part `weight` uses MovieLens 100K in the row order of TFRS's tutorials
(`RandomState(42).permutation(100000)`). Models learn from the first 64,000 rows, except 640 that the training
loop only monitors. The next 16,000 rows are held out; the other 20,000 are not used. A user's 200 best films
by the retrieval model, without those of train, are ordered by retrieval score + weight × the ranking model's
rating. nDCG@10 counts every held-out film that the user rated, and `liked` counts those rated 4 stars or
more. `stars` is the mean held-out rating of the films among the ten that the user rated.

The part `latency` measures requests of one user for ten films, without seen films, with an exact index: in a
session as the server makes it, and over REST and gRPC from a second process. A history of three films is
measured first, in process. The models are two towers and the default ranking model, untrained, on generated
ratings of 3,000 users who have seen a hundred films each.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

import numpy as np

from benchmarks.ranking import read
from benchmarks.serve import from_another_process, in_process, requests, summary

WEIGHTS = (0, 0.1, 0.2, 0.5, 1, 2, 5, "rating alone")
CANDIDATES = 200
LIKED = 4.0  # stars


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="Folder with ml-100k (default: located as `marquee run` does).")
    parser.add_argument("--only", choices=["weight", "latency"], help="Part to run (both).")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="Random seeds of the training (0 1 2)."
    )
    parser.add_argument(
        "--films",
        type=int,
        nargs="+",
        default=[1_682, 60_000],
        help="Numbers of films for which latency is measured (1682 60000).",
    )
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="Seconds that each run of requests lasts (5)."
    )
    parser.add_argument("--json", type=Path, help="File that the results are also written to.")
    arguments = parser.parse_args()
    report = {"cores": len(os.sched_getaffinity(0)), "python": platform.python_version()}
    if arguments.only != "latency":
        report["weight"] = by_weight(read(arguments.data), arguments.seeds)
    if arguments.only != "weight":
        report["latency"] = [latency(films, arguments.seconds) for films in arguments.films]
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


def latency(films: int, seconds: float) -> dict:
    """Measures latency in ms, in process and over the embedded server."""
    from serving.server.model import LoadedModel
    from serving.server.server import EmbeddedServer, ServerConfig

    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder)
        path = models / "served" / "recommender" / "1"
        assembled(models, path, generated(films))
        model = LoadedModel(path)
        titles = [f"Film {film} ({1930 + film % 90})" for film in (0, 1, 2)]
        runs = []
        for what, signature, asked in (
            ("a history", "recommend_from_history", {"movie_title": [titles], "k": 10}),
            ("in process", "recommend", {"user_id": ["7"], "k": 10, "exclude_seen": True}),
        ):
            specs = model.signature(signature).inputs
            inputs = {name: spec.array(asked[name]) for name, spec in specs.items()}
            runs.append(summary(what, 1, *in_process(model, signature, inputs, seconds)))
        model.close()
        megabytes = round(sum(each.stat().st_size for each in path.rglob("*") if each.is_file()) / 1e6, 1)
        rest, grpc = requests("recommender", "recommend", inputs)
        with EmbeddedServer(models / "served", ServerConfig(rest_port=0, grpc_port=0)) as server:
            for api, address, payload in (
                ("REST", server.rest_url, rest),
                ("gRPC", server.grpc_address, grpc),
            ):
                runs.append(summary(api, 1, *from_another_process(api, address, payload, 1, seconds)))
    for run in runs:
        over = run["p50_ms"] - runs[1]["p50_ms"] if run["what"] in ("REST", "gRPC") else 0
        print(
            f"{films:>8,} films  {run['what']:<12} p50 {run['p50_ms']:.3f} ms  p99 {run['p99_ms']:.3f} ms"
            + (f"  {over:+.3f} ms" if over else ""),
            flush=True,
        )
    print(f"{films:>8,} films  {megabytes} MB on disk", flush=True)
    return {"films": films, "megabytes": megabytes, "runs": runs}


def assembled(folder: Path, path: Path, columns: dict[str, list]) -> None:
    """Exports a recommender of untrained models to `path`, and its parts to `folder`."""
    from components.movielens_example_gen.shipped import shipped
    from trainer.data import catalogue as catalogues
    from trainer.data.vocabularies import Vocabularies
    from trainer.export.ranking import export_ranking
    from trainer.export.recommender import assemble
    from trainer.export.retrieval import export_retrieval
    from trainer.models.ranking.config import MfConfig
    from trainer.models.ranking.registry import build as build_ranking
    from trainer.models.retrieval.config import TwoTowerConfig
    from trainer.models.retrieval.registry import build as build_retrieval

    _, catalogue = catalogues.from_columns(columns, Vocabularies.from_columns(columns, shipped("movielens")))
    export_ranking(build_ranking(MfConfig(), catalogue), str(folder / "ranking"))
    export_retrieval(build_retrieval(TwoTowerConfig(), catalogue), str(folder / "retrieval"), "exact")
    assemble(folder / "ranking", folder / "retrieval", path)


def generated(films: int, users: int = 3_000, each: int = 100) -> dict[str, list]:
    """Generates ratings: every film is rated, some far more than others; users rate about `each` films."""
    random = np.random.default_rng(0)
    popular = (films * random.random(users * each - films) ** 3).astype(int)
    movie = random.permutation(np.concatenate([np.arange(films), popular]))
    return {
        "user_id": [str(row % users) for row in range(len(movie))],
        "movie_id": [str(film) for film in movie],
        "user_rating": random.integers(1, 6, len(movie)).astype(float).tolist(),
        "timestamp": list(range(len(movie))),
        "movie_title": [f"Film {film} ({1930 + film % 90})" for film in movie],
        "movie_genres": [["Drama", "Comedy"][: 1 + film % 2] for film in movie],
    }


def by_weight(columns: dict[str, list], seeds: list[int]) -> list[dict]:
    """Returns one row per weight, with each metric by seed."""
    order = np.random.RandomState(42).permutation(len(columns["user_id"]))
    learned, asked = (
        {name: [column[row] for row in rows] for name, column in columns.items()}
        for rows in (order[:64_000], order[64_000:80_000])
    )
    found = {weight: {} for weight in WEIGHTS}
    for seed in seeds:
        for weight, measures in of_seed(learned, asked, seed).items():
            for name, value in measures.items():
                found[weight].setdefault(name, []).append(round(value, 4))
    results = [{"weight": weight, **measures} for weight, measures in found.items()]
    print(f"{'weight':<14}{'nDCG@10':>18}{'liked nDCG@10':>18}{'stars':>18}")
    for row in results:
        cells = (f"{statistics.mean(row[m]):.4f} ± {_spread(row[m]):.4f}" for m in ("ndcg", "liked", "stars"))
        print(f"{row['weight']:<14}" + "".join(f"{cell:>18}" for cell in cells), flush=True)
    return results


def of_seed(learned: dict[str, list], asked: dict[str, list], seed: int) -> dict:
    """Trains both models with one seed; returns the measures by weight."""
    from trainer.data.features import MOVIE_ID, USER_ID
    from trainer.data.ratings import Ratings
    from trainer.evaluation.held_out import positives_by_user
    from trainer.evaluation.metrics import list_metrics, ranked_lists

    ranking, retrieval, catalogue = trained(learned, seed)
    rows = Ratings.from_columns(asked, catalogue.vocabularies)
    users = np.unique(rows.user[rows.user > 0]).astype(np.int32)
    lists = ranked_lists(retrieval.scores, users, CANDIDATES, catalogue.watched)
    score = np.take_along_axis(retrieval.scores(users), lists, axis=1)
    pairs = {USER_ID: np.repeat(users, CANDIDATES), MOVIE_ID: lists.ravel()}
    rating = ranking.predict(pairs, batch_size=65_536, verbose=0).reshape(lists.shape)
    rated, liked = (positives_by_user(rows, catalogue.users, least) for least in (None, LIKED))
    stars = dict(zip(zip(rows.user, rows.movie, strict=True), rows.rating, strict=True))
    measures = {}
    for weight in WEIGHTS:
        by = rating if weight == "rating alone" else score + weight * rating
        ordered = np.take_along_axis(lists, np.argsort(-by, axis=1, kind="stable"), axis=1)[:, :10]
        known = [
            stars[user, movie]
            for user, row in zip(users, ordered, strict=True)
            for movie in row
            if (user, movie) in stars
        ]
        measures[weight] = {
            "ndcg": np.nanmean(list_metrics(ordered, users, rated, catalogue.watched, [10])["ndcg@10"]),
            "liked": np.nanmean(list_metrics(ordered, users, liked, catalogue.watched, [10])["ndcg@10"]),
            "stars": float(np.mean(known)),
        }
    return measures


def trained(columns: dict[str, list], seed: int):
    """Trains both models, with defaults and a fixed number of epochs; returns them and the catalogue."""
    from components.movielens_example_gen.shipped import shipped
    from trainer.data import catalogue as catalogues
    from trainer.data.rating_data import RatingData
    from trainer.data.ratings import Ratings
    from trainer.data.vocabularies import Vocabularies
    from trainer.training.ranking import RankingSettings, train_ranking
    from trainer.training.retrieval import RetrievalSettings, train_retrieval

    # Early stopping is off, so the rows that the loop monitors decide nothing: they are one in a hundred.
    watched, learned = (
        {name: column[rows] for name, column in columns.items()} for rows in (slice(640), slice(640, None))
    )
    vocabularies = Vocabularies.from_columns(learned, shipped("movielens"))
    ratings, catalogue = catalogues.from_columns(learned, vocabularies)
    data = RatingData(ratings, Ratings.from_columns(watched, vocabularies), catalogue)
    train = {"patience": 0, "seed": seed}
    ranking = RankingSettings.of({"model": {"kind": "mf"}, "train": train}, None)
    retrieval = RetrievalSettings.of({"model": {"kind": "two_tower"}, "train": train}, None)
    return train_ranking(ranking, data).model, train_retrieval(retrieval, data).model, catalogue


def _spread(values: list[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


if __name__ == "__main__":
    main()
