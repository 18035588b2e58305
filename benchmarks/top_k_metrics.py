"""Benchmark of retrieval metrics over the full catalogue against TFRS's FactorizedTopK: time and exactness.

    python benchmarks/top_k_metrics.py --json top_k_metrics.json

Both rank all 1,682 films for the 20,000 test rows of MovieLens 100K's seed split (benchmarks/ranking.py).
Both use the same two tables of width 32: the singular vectors of train's ratings matrix. Films of train stay
in the lists, as in TFRS. TFRS runs as in its tutorial: `evaluate` of a `tfrs.Model` over batches of 4,096,
and FactorizedTopK over candidates in batches of 128, with k of 1, 5, 10, 50 and 100. TFRS refuses Keras 3, so
a separate environment with the same TensorFlow is made once under `workspace/cache`. The median of
`--repeats` runs counts, after one run to warm up. For each k, TFRS gives one metric and Marquee gives six.

`lose to themselves` counts the true films whose score as a positive (a sum of products) is below the score of
the same film among the candidates (a matrix product): FactorizedTopK ranks them one place too low.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

KS = (1, 5, 10, 50, 100)
WIDTH = 32

# Program for TFRS's environment. Its arguments: a folder with query.npy, candidate.npy, user.npy and
# item.npy, the number of timed runs, and the values of k as JSON.
TFRS = """
import json, statistics, sys, time
from pathlib import Path
import numpy as np, tensorflow as tf, tensorflow_recommenders as tfrs

folder, repeats, ks = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
query, candidate, user, item = (np.load(folder / f"{n}.npy") for n in ("query", "candidate", "user", "item"))

def table(values):
    layer = tf.keras.layers.Embedding(*values.shape, embeddings_initializer=tf.constant_initializer(values))
    layer.build(None)
    return layer

class Retrieval(tfrs.Model):
    def __init__(self):
        super().__init__()
        self.query, self.candidate = table(query), table(candidate)
        films = tf.data.Dataset.range(1, len(candidate)).batch(128).map(self.candidate)
        self.task = tfrs.tasks.Retrieval(metrics=tfrs.metrics.FactorizedTopK(films, ks=ks))

    def compute_loss(self, features, training=False):
        return self.task(self.query(features["user"]), self.candidate(features["item"]))

model = Retrieval()
model.compile()
test = tf.data.Dataset.from_tensor_slices({"user": user, "item": item}).batch(4096).cache()
seconds = []
for _ in range(repeats + 1):
    begin = time.perf_counter()
    found = model.evaluate(test, return_dict=True, verbose=0)
    seconds.append(time.perf_counter() - begin)
lost = 0
for start in range(0, len(user), 4096):
    of_rows = tf.gather(query, user[start : start + 4096])
    places = item[start : start + 4096]
    alone = tf.reduce_sum(of_rows * tf.gather(candidate, places), axis=1)
    among = tf.gather(tf.matmul(of_rows, candidate, transpose_b=True), places, batch_dims=1)
    lost += int(tf.reduce_sum(tf.cast(alone < among, tf.int32)))
print(json.dumps({
    "seconds": statistics.median(seconds[1:]),
    "accuracy": {k: found[f"factorized_top_k/top_{k}_categorical_accuracy"] for k in ks},
    "lost": lost,
}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="Folder with ml-100k (default: located as `marquee run` does).")
    parser.add_argument(
        "--repeats", type=int, default=5, help="Number of timed runs, whose median counts (5)."
    )
    parser.add_argument("--json", type=Path, help="File that the results are also written to.")
    arguments = parser.parse_args()
    tables = embeddings(arguments.data)
    ours, theirs = measure_ours(tables, arguments.repeats), measure_tfrs(tables, arguments.repeats)
    results = {
        "rows": len(tables["user"]),
        "ours, s": round(ours["seconds"], 4),
        "ours with train's films left out, s": round(ours["seconds without seen"], 4),
        "TFRS FactorizedTopK, s": round(theirs["seconds"], 3),
        "times as fast": round(theirs["seconds"] / ours["seconds"], 1),
        "TFRS: true films that lose to themselves": theirs["lost"],
        **{f"top-{k}: ours, TFRS": [ours["accuracy"][k], theirs["accuracy"][str(k)]] for k in KS},
    }
    for name, value in results.items():
        print(
            f"{name:<44}"
            + ("  ".join(f"{each:.4f}" for each in value) if isinstance(value, list) else f"{value:,}")
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


def embeddings(data: str | None) -> dict:
    """Returns test's rows and train's as ids, and a table each for users and films, whose row 0 is unused."""
    import numpy as np
    from ranking import read, seed_split

    train, evaluation, test = seed_split(read(data))
    columns = {name: train[name] + evaluation[name] + test[name] for name in ("user_id", "movie_id")}
    users, movies = (np.unique(columns[name], return_inverse=True)[1] + 1 for name in columns)
    learned = len(users) - len(test["user_id"])
    ratings = np.zeros((users.max() + 1, movies.max() + 1))
    ratings[users[:learned], movies[:learned]] = train["user_rating"] + evaluation["user_rating"]
    left, strength, right = np.linalg.svd(ratings, full_matrices=False)
    return {
        "query": (left[:, :WIDTH] * strength[:WIDTH]).astype(np.float32),
        "candidate": right[:WIDTH].T.astype(np.float32).copy(),
        "user": users[learned:].astype(np.int32),
        "item": movies[learned:].astype(np.int32),
        "seen": np.stack([users[:learned], movies[:learned]]),
    }


def measure_ours(tables: dict, repeats: int) -> dict:
    """Returns the seconds of all metrics, and for each k the share of rows whose film is in the first k."""
    import numpy as np

    from trainer.evaluation.metrics import full_catalogue_metrics

    query, candidate = tables["query"], tables["candidate"]
    positives = _by_user(tables["user"], tables["item"], len(query))
    seen = _by_user(*tables["seen"], len(query))
    asked = np.unique(tables["user"])

    def timed(seen) -> tuple[dict, float]:
        seconds = []
        for _ in range(repeats + 1):
            begin = time.perf_counter()
            metrics = full_catalogue_metrics(
                lambda rows: query[rows] @ candidate.T, asked, positives, seen, KS, block=512
            )
            seconds.append(time.perf_counter() - begin)
        return metrics, statistics.median(seconds[1:])

    metrics, seconds = timed(None)
    rows = positives.lengths[asked]
    return {
        "seconds": seconds,
        "seconds without seen": timed(seen)[1],
        "accuracy": {k: round(float(metrics[f"recall@{k}"] @ rows / rows.sum()), 6) for k in KS},
    }


def measure_tfrs(tables: dict, repeats: int) -> dict:
    """Returns TFRS's seconds, its shares by k, and how many true films lose to themselves there."""
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        for name in ("query", "candidate", "user", "item"):
            np.save(Path(folder) / f"{name}.npy", tables[name])
        answer = subprocess.run(
            [tfrs_python(), "-c", TFRS, folder, str(repeats), json.dumps(KS)],
            env={**os.environ, "TF_USE_LEGACY_KERAS": "1"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
    return json.loads(answer.splitlines()[-1])


def tfrs_python() -> str:
    """Returns Python with TFRS 0.7.7, Keras 2 and this environment's TensorFlow, installed the first time."""
    folder, uv = Path("workspace/cache/tfrs").resolve(), str(Path(sys.executable).with_name("uv"))
    ready = folder / "ready"
    if not ready.exists():
        print("installing TFRS 0.7.7 in an environment of its own", flush=True)
        tensorflow = version("tensorflow")
        keras = ".".join([*tensorflow.split(".")[:2], "*"])
        packages = [f"tensorflow=={tensorflow}", f"tf-keras=={keras}", "tensorflow-recommenders==0.7.7"]
        # --no-config: this project's version overrides must not apply to TFRS.
        run = [uv, "--quiet", "--no-config"]
        subprocess.run([*run, "venv", "--clear", "--python", sys.executable, str(folder)], check=True)
        subprocess.run(
            [*run, "pip", "install", "--python", str(folder / "bin/python"), *packages], check=True
        )
        ready.touch()
    return str(folder / "bin/python")


def _by_user(user, item, users: int):
    import numpy as np

    from trainer.data.catalogue import Ragged

    order = np.argsort(user, kind="stable")
    splits = np.concatenate([[0], np.cumsum(np.bincount(user, minlength=users))])
    return Ragged(item[order].astype(np.int32), splits)


if __name__ == "__main__":
    main()
