"""Benchmark of the training loop: the Trainer's rows/s against a bare `tf.function` on the same network.

    python benchmarks/train_step.py --json train_step.json

The network is that of the TFRS tutorial (two embeddings of 32, layers of 256, 64 and 1; Adagrad), in batches
of 8,192. Both loops hold 1,000,000 generated ratings in memory as integer ids and shuffle them anew each
epoch. The bare loop is a Python loop over batches that does nothing beside the step: no metrics, no
callbacks, no eval. The two loops take turns. The median of each counts, without its first turn, in which it
compiles.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

USERS, MOVIES = 6_040, 3_706  # as in MovieLens 1M
EPOCHS = 2  # per turn


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="Number of generated ratings (1000000).")
    parser.add_argument("--batch-size", type=int, default=8192, help="Ratings per batch (8192).")
    parser.add_argument("--repeats", type=int, default=5, help="Number of timed turns of each loop (5).")
    parser.add_argument("--xla", action="store_true", help="Compile both loops with XLA.")
    parser.add_argument("--json", type=Path, help="File that the results are also written to.")
    arguments = parser.parse_args()
    results = measure(arguments.rows, arguments.batch_size, arguments.repeats, arguments.xla)
    _print(results)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


def measure(rows: int, batch_size: int, repeats: int, xla: bool) -> dict:
    """Measures the rows/s of both loops, and the ratio of their medians."""
    from trainer.training.config import TrainConfig

    config = TrainConfig(
        batch_size=batch_size, optimizer="adagrad", learning_rate=0.1, schedule="none", xla=xla, patience=0
    )
    ratings, catalogue = generated(rows)
    turns = {
        "trainer": _trainer(ratings, catalogue, config),
        "bare tf.function": _bare(ratings, catalogue, config),
    }
    rates: dict[str, list[float]] = {name: [] for name in turns}
    for turn in turns.values():
        turn()
    for repeat in range(repeats):
        for name in sorted(turns, reverse=bool(repeat % 2)):
            begin = time.perf_counter()
            turns[name]()
            rates[name].append(EPOCHS * rows / (time.perf_counter() - begin))
    medians = {name: round(statistics.median(found)) for name, found in rates.items()}
    return {
        "rows": rows,
        "batch_size": batch_size,
        "xla": xla,
        "rows_per_second": medians,
        "lowest_and_highest": {name: [round(min(found)), round(max(found))] for name, found in rates.items()},
        "ratio": round(medians["trainer"] / medians["bare tf.function"], 3),
    }


def generated(rows: int):
    """Generates random ratings, in which every id occurs, and their catalogue."""
    import numpy as np

    from trainer.data.attributes import Attributes
    from trainer.data.catalogue import Catalogue
    from trainer.data.ratings import Ratings
    from trainer.data.vocabularies import Vocabularies

    random = np.random.default_rng(0)
    ratings = Ratings(
        random.integers(1, USERS + 1, rows, dtype=np.int32),
        random.integers(1, MOVIES + 1, rows, dtype=np.int32),
        random.integers(1, 6, rows).astype(np.float32),
        np.arange(rows, dtype=np.int64),
    )
    vocabularies = Vocabularies(tuple(map(str, range(USERS))), tuple(map(str, range(MOVIES))))
    return ratings, Catalogue.of(ratings, Attributes(vocabularies), vocabularies)


def _trainer(ratings, catalogue, config) -> Callable[[], None]:
    """Returns a turn of `trainer.training.loop`'s model and batches, by `fit`, with metrics."""
    from trainer.models.ranking.config import MlpConfig
    from trainer.models.ranking.registry import build
    from trainer.training.batches import in_memory
    from trainer.training.compiled import compiled

    batches = in_memory(ratings, config)
    model = compiled(lambda: build(MlpConfig(), catalogue), batches, config)
    dataset = batches.starting_at(0)

    def turn() -> None:
        model.fit(dataset, steps_per_epoch=batches.steps, epochs=EPOCHS, shuffle=False, verbose=0)

    return turn


def _bare(ratings, catalogue, config) -> Callable[[], None]:
    """Returns a turn of the shortest loop that trains the same network."""
    import keras
    import numpy as np
    import tensorflow as tf

    from trainer.models.ranking.config import MlpConfig
    from trainer.models.ranking.registry import build

    network = build(MlpConfig(), catalogue)
    optimizer = keras.optimizers.Adagrad(config.learning_rate)
    random = np.random.default_rng(0)
    columns = (ratings.user, ratings.movie, ratings.rating)

    @tf.function(jit_compile=config.xla, reduce_retracing=True)
    def step(user, movie, rating):
        with tf.GradientTape() as tape:
            error = network({"user_id": user, "movie_id": movie}) - rating
            loss = tf.reduce_mean(tf.square(error))
        weights = network.trainable_weights
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    network({"user_id": tf.constant([1]), "movie_id": tf.constant([1])})
    optimizer.build(network.trainable_weights)

    def epoch() -> None:
        order = random.permutation(len(ratings))
        shuffled = [column[order] for column in columns]
        for start in range(0, len(ratings), config.batch_size):
            step(*(tf.constant(column[start : start + config.batch_size]) for column in shuffled))

    def turn() -> None:
        for _ in range(EPOCHS):
            epoch()

    return turn


def _print(results: dict) -> None:
    xla = "on" if results["xla"] else "off"
    print(f"{results['rows']:,} rows, batches of {results['batch_size']:,}, XLA {xla}")
    for name, rate in results["rows_per_second"].items():
        low, high = results["lowest_and_highest"][name]
        print(f"  {name:<18}{rate:>12,} rows/s   ({low:,} to {high:,})")
    print(f"  trainer / bare    {results['ratio']:>12.2f}")


if __name__ == "__main__":
    main()
