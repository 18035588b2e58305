"""Latency of a recommender's `recommend` in a session of this process, without a network."""

import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from trainer.export.saved_model import SavedModel

WARM_UP, CALLS = 20, 200
BATCHES, BATCH_CALLS = (1, 8, 64), 10
K = 10
BINS = 30


def latency(model: SavedModel, users: Sequence[str]) -> dict[str, Any]:
    """Measures the latency of requests for ten films, without seen ones.

    Args:
        model: loaded.
        users: whom to ask about, in turn.

    Returns:
        Of one user a request: `p50_ms`, `p95_ms`, `p99_ms`, `calls`, and a histogram (`edges` in ms, the
        slowest hundredth in its last bin, and `counts`); `batches`: by how many users a request has, `users`,
        its median `ms` and `users_per_second`; `cores` of the machine.
    """
    single = _times(model, users, 1, CALLS)
    p50, p95, p99 = np.percentile(single, (50, 95, 99))
    edges = np.linspace(single.min(), max(p99, single.min() * (1 + 1e-6)), BINS + 1)
    batches = []
    for size in BATCHES:
        median = p50 if size == 1 else float(np.median(_times(model, users, size, BATCH_CALLS)))
        batches.append({"users": size, "ms": float(median), "users_per_second": size / median * 1000})
    return {
        "p50_ms": float(p50),
        "p95_ms": float(p95),
        "p99_ms": float(p99),
        "calls": CALLS,
        "edges": edges.tolist(),
        "counts": np.histogram(np.minimum(single, edges[-1]), edges)[0].tolist(),
        "batches": batches,
        "cores": os.cpu_count(),
    }


def _times(model: SavedModel, users: Sequence[str], size: int, calls: int) -> np.ndarray:
    """Returns the milliseconds of each call, after warming up."""
    warm_up = min(WARM_UP, calls)
    found = []
    for call in range(warm_up + calls):
        names = [users[(call * size + place) % len(users)] for place in range(size)]
        begin = time.perf_counter()
        model.ask("recommend", user_id=names, k=K, exclude_seen=True)
        found.append(time.perf_counter() - begin)
    return np.array(found[warm_up:]) * 1000
