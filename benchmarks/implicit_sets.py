"""Benchmark of implicit sets: sums by a dense matrix, a sparse one, and segments, with their gradients.

    python benchmarks/implicit_sets.py
    python benchmarks/implicit_sets.py --users 6040 --items 3706 --ratings 900000

The ways take turns, and each one's time is also given as a ratio to the dense matrix's in the same command.
`trainer.models.layers.implicit_sets` chooses by CELLS_AN_ENTRY, which these times show.
"""

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

import numpy as np
import tensorflow as tf

from trainer.data.tables.ragged import Ragged
from trainer.models.layers.implicit_sets import ImplicitSets

#: Options of the layer, whether XLA compiles the step, by way.
WAYS = {
    "dense": ({"cells_an_entry": np.inf}, False),
    "dense, XLA": ({"cells_an_entry": np.inf}, True),
    "sparse": ({"cells_an_entry": 0}, False),
    "segments, XLA": ({"cells_an_entry": 0}, True),
}


def main() -> None:
    """Times a step of each way on generated ratings and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=943, help="Number of users (943, as in MovieLens 100K).")
    parser.add_argument("--items", type=int, default=1_682, help="Number of items (1,682).")
    parser.add_argument("--ratings", type=int, default=80_000, help="Number of ratings (80,000).")
    parser.add_argument("--width", type=int, default=120, help="Number of columns of the table (120).")
    parser.add_argument("--rounds", type=int, default=5, help="Rounds in which each way is timed (5).")
    chosen = parser.parse_args()
    sets = _sets(chosen.users, chosen.items, chosen.ratings)
    entries = len(sets.values)
    print(f"{entries:,} entries, one of {chosen.users * chosen.items / entries:.0f} cells")
    table = tf.Variable(tf.random.normal([chosen.items, chosen.width]))
    steps = {
        way: _step(ImplicitSets(sets, 10**9, 10**9, **options), table, xla)
        for way, (options, xla) in WAYS.items()
    }
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(chosen.rounds):
        for way, step in steps.items():
            begin = time.perf_counter()
            for _ in range(4):
                step()
            seconds[way].append((time.perf_counter() - begin) / 4)
    least = min(seconds["dense"])
    for way, taken in seconds.items():
        print(f"{way:15s} {1000 * min(taken):8.1f} ms, {min(taken) / least:5.2f} x dense")


def _sets(users: int, items: int, ratings: int) -> Ragged:
    random = np.random.default_rng(0)
    share = np.arange(1, items + 1) ** -0.8
    drawn = random.choice(items, ratings, p=share / share.sum())
    pairs = np.unique(random.integers(users, size=ratings) * items + drawn)
    splits = np.searchsorted(pairs, np.arange(users + 1) * items)
    return Ragged((pairs % items).astype(np.int32), splits)


def _step(sets: ImplicitSets, table: tf.Variable, xla: bool):
    @tf.function(jit_compile=xla)
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(sets.all(tf.convert_to_tensor(table), xla)))
        return tf.reduce_sum(tf.convert_to_tensor(tape.gradient(loss, table)))

    step()  # compiles it, and makes its constants
    return step


if __name__ == "__main__":
    main()
