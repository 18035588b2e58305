"""Recall and latency of an exported model's search, by calls of `retrieve` as TF Serving makes them."""

import time

import numpy as np

from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_ID
from trainer.export.answers import ids
from trainer.export.saved_model import SavedModel
from trainer.judging.vectors import Vectors

K = 100
SAMPLE = 256  # users whose lists are compared with those of exact search
BLOCK = 32  # users per request: inverted lists gather the vectors that they read, about 32 MB per user
WARM_UP, CALLS = 20, 200
ROUNDING = 1e-4  # scores closer than this count as equal: sums in another order differ by less


def search_quality(
    model: SavedModel, vectors: Vectors, catalogue: Catalogue, users: np.ndarray
) -> dict[str, float]:
    """Measures the recall against exact search over the same vectors, and the latency of one user's request.

    Args:
        model: the loaded model.
        vectors: the model's vectors.
        catalogue: the catalogue whose vocabularies the vectors follow.
        users: int32 [U], user rows; an evenly spread sample of them is used.

    Returns:
        `index_recall@100`: the mean share of a list of 100 that exact search could have returned; films with
        the score of the 100th count as equal to it. `search_p50_ms`, `search_p99_ms`: the latency of a
        request for one user's 100 films, in a v1 session in this process, after warming up. `items`: the
        number of items.
    """
    sample = users[np.unique(np.linspace(0, len(users) - 1, SAMPLE).astype(int))]
    names = [catalogue.vocabularies.user_id[row - 1] for row in sample]
    found = []
    for block in (slice(start, start + BLOCK) for start in range(0, len(sample), BLOCK)):
        films = model.ask("retrieve", user_id=names[block], k=K)[MOVIE_ID]
        found.append(shares_found(films, vectors.scores(sample[block])[:, 1:], catalogue))
    seconds = []
    for call in range(WARM_UP + CALLS):
        begin = time.perf_counter()
        model.ask("retrieve", user_id=[names[call % len(names)]], k=K)
        seconds.append(time.perf_counter() - begin)
    p50, p99 = np.percentile(seconds[WARM_UP:], (50, 99)) * 1000
    return {
        f"index_recall@{K}": float(np.concatenate(found).mean()),
        "search_p50_ms": float(p50),
        "search_p99_ms": float(p99),
        "items": int(vectors.known.sum()),
    }


def shares_found(films: np.ndarray, scores: np.ndarray, catalogue: Catalogue) -> np.ndarray:
    """Returns the share of each user's exact top films that was found.

    Args:
        films: bytes [U, k], film ids. Films that the vocabulary lacks (cold ones) take places away, but they
            are no mistakes of the index.
        scores: float32 [U, M], the exact scores of the films in the vocabulary's order.

    Returns:
        float64 [U], 0 to 1.
    """
    flat = [each.decode() for each in films.ravel()]
    rows = ids(catalogue.vocabularies.movie_id, flat).reshape(films.shape) - 1
    got = np.where(rows >= 0, np.take_along_axis(scores, np.maximum(rows, 0), axis=1), -np.inf)
    cold = ((rows < 0) & (films != b"")).sum(axis=1)
    k = np.clip(K - cold, 1, scores.shape[1])
    kth = -np.sort(-scores, axis=1)[np.arange(len(scores)), k - 1]
    slack = ROUNDING * np.maximum(1, np.abs(kth))
    shares = np.minimum((got >= (kth - slack)[:, None]).sum(axis=1) / k, 1)
    return np.where(cold < K, shares, 1.0)
