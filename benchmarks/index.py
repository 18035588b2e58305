"""Benchmark of approximate search (inverted lists) against exact search, on generated vectors in clusters.

    python benchmarks/index.py --json index.json

The data are 1,000,000 vectors of size 64 in 4,000 clusters. Each vector is the centre of its cluster plus
noise, which is as large as `--noise` times the centre. Queries are drawn in the same way. Each index is
exported and called through a v1 session's callable, as in TF Serving, with one query at a time for its 100
best vectors; the two indexes take turns. The recall is that of the inverted lists against exact search, on
other queries than those that the number of probes was chosen by. Exact search is also measured alone on the
first 60,000 vectors.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

WIDTH, CLUSTERS, K = 64, 4_000, 100
FEW = 60_000
SAMPLE = 256  # queries that choose the number of probes, and as many others that measure recall


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vectors", type=int, default=1_000_000, help="Number of indexed vectors (1000000).")
    parser.add_argument(
        "--noise",
        type=float,
        default=0.5,
        help="Size of a vector's noise, as a multiple of its cluster centre's length (0.5).",
    )
    parser.add_argument(
        "--recall",
        type=float,
        default=0.96,
        help="Recall@100 that the number of probes is chosen for (0.96).",
    )
    parser.add_argument(
        "--repeats", type=int, default=300, help="Number of single queries that are timed (300)."
    )
    parser.add_argument("--json", type=Path, help="File that the results are also written to.")
    arguments = parser.parse_args()
    results = measure(arguments.vectors, arguments.noise, arguments.recall, arguments.repeats)
    for name, value in results.items():
        print(f"{name:<32}{value:>12,.4g}" if isinstance(value, float) else f"{name:<32}{value:>12,}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


def measure(size: int, noise: float, recall: float, repeats: int) -> dict[str, float]:
    """Measures recall, and the time in ms of a single query and of a query in a batch, of both indexes."""
    from trainer.models.index import ExactIndex, build_index, recall_at

    vectors, queries = generated(size, noise)
    exact = ExactIndex(vectors)
    begin = time.perf_counter()
    index, report = build_index(vectors, "ivf", queries[:SAMPLE], k=K, recall=recall)
    seconds = time.perf_counter() - begin
    found = recall_at(index, exact, queries[SAMPLE:], K)
    with tempfile.TemporaryDirectory() as folder:
        ask = {"exact": session(exact, f"{folder}/exact"), "ivf": session(index, f"{folder}/ivf")}
        few = {"few": session(ExactIndex(vectors[:FEW]), f"{folder}/few")}
    single = turns(ask, queries, repeats) | turns(few, queries, repeats)
    batch = {name: p50 / 64 for name, p50 in turns(ask, queries, 5, size=64).items()}
    return {
        "vectors": size,
        "noise": noise,
        "cells": report.cells,
        "probes": report.probes,
        "share of vectors read": round(report.read, 4),
        "build and choose, s": round(seconds, 1),
        "recall@100": round(found, 4),
        "exact p50, ms": single["exact"],
        "ivf p50, ms": single["ivf"],
        "exact / ivf": single["exact"] / single["ivf"],
        "in batches of 64: exact, ms": batch["exact"],
        "in batches of 64: ivf, ms": batch["ivf"],
        f"exact of {FEW:,} p50, ms": single["few"],
    }


def generated(size: int, noise: float):
    """Generates (vectors [size, 64], queries [2 × SAMPLE, 64]), float32."""
    import numpy as np

    random = np.random.default_rng(0)
    centres = random.normal(size=(CLUSTERS, WIDTH)).astype(np.float32)

    def drawn(rows: int) -> np.ndarray:
        vectors = random.standard_normal((rows, WIDTH), np.float32) * np.float32(noise)
        return vectors + centres[random.integers(CLUSTERS, size=rows)]

    return drawn(size), drawn(2 * SAMPLE)


def session(index, path: str) -> Callable:
    """Exports an index and loads it in a v1 session of its own; returns a function of (queries, k)."""
    import keras
    import tensorflow as tf

    archive = keras.export.ExportArchive()
    archive.track(index)
    specs = [tf.TensorSpec([None, WIDTH], tf.float32, name="queries"), tf.TensorSpec([], tf.int32, name="k")]
    archive.add_endpoint("search", lambda queries, k: {"rows": index(queries, k=k)[1]}, specs)
    archive.write_out(path, verbose=False)
    graph = tf.Graph()
    with graph.as_default():
        loaded = tf.compat.v1.Session(graph=graph)
        signatures = tf.compat.v1.saved_model.loader.load(loaded, ["serve"], path).signature_def
        inputs, outputs = signatures["search"].inputs, signatures["search"].outputs
        feed = [graph.get_tensor_by_name(inputs[name].name) for name in ("queries", "k")]
        return loaded.make_callable(graph.get_tensor_by_name(outputs["rows"].name), feed_list=feed)


def turns(ask: dict[str, Callable], queries, repeats: int, size: int = 1) -> dict[str, float]:
    """Returns the median time in ms of each callable on blocks of `size` queries; callables take turns."""
    import numpy as np

    k = np.int32(K)
    took: dict[str, list[float]] = {name: [] for name in ask}
    for repeat in range(-5, repeats):  # the first few warm up
        start = repeat * size % (len(queries) - size + 1)
        for name, call in ask.items():
            begin = time.perf_counter()
            call(queries[start : start + size], k)
            if repeat >= 0:
                took[name].append((time.perf_counter() - begin) * 1000)
    return {name: statistics.median(times) for name, times in took.items()}


if __name__ == "__main__":
    main()
