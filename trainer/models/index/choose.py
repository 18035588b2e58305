"""Choice of the index and of its number of probes, by measured recall."""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from trainer.models.index.exact import ExactIndex
from trainer.models.index.ivf import IvfIndex
from trainer.models.retrieval.config import IndexKind

EXACT_UP_TO = 100_000  # vectors: up to here exact search takes about a millisecond
WORTH_IT = 0.25  # the share of the vectors that a query may read before exact search is as fast
BLOCK = 64  # queries searched at once when recall is measured


@dataclass(frozen=True)
class IndexReport:
    """Facts about the index that was built, to be written beside the model.

    Attributes:
        kind: `exact` or `ivf`.
        recall: the mean share of exact search's top k that the index finds for the sample queries; 1 when
            exact.
        k: the length of the lists that the recall is measured on.
        cells, probes: the numbers of cells and probes of the inverted lists; 0 when exact.
        read: the mean share of the vectors that a query scores.
    """

    kind: str
    recall: float
    k: int
    cells: int
    probes: int
    read: float


def build_index(
    vectors: np.ndarray,
    kind: IndexKind,
    queries: np.ndarray,
    k: int = 100,
    recall: float = 0.95,
    seed: int = 0,
) -> tuple[keras.layers.Layer, IndexReport]:
    """Builds the index of the given kind.

    `ivf` gets the fewest probes that reach `recall` against exact search on `queries`. `auto` is exact for
    up to 100,000 vectors, and where inverted lists would have to read more than a quarter of the vectors.

    Args:
        vectors: float32 [M, d].
        kind: exact, ivf or auto.
        queries: float32 [Q, d], a sample of the expected queries; a few hundred are enough.
        k: the length of the lists that the recall is measured on.
        recall: the recall to reach, 0 to 1.
        seed: the seed of k-means.

    Returns:
        The index (`ExactIndex` or `IvfIndex`) and its report.
    """
    exact = ExactIndex(vectors, name="index")
    all_of_it = IndexReport("exact", 1.0, k, cells=0, probes=0, read=1.0)
    if kind == "exact" or (kind == "auto" and len(vectors) <= EXACT_UP_TO):
        return exact, all_of_it
    index = IvfIndex(vectors, seed=seed, name="index")
    nearest = _search(exact, queries, k)
    index.probes, read = _fewest_probes(index, nearest, queries, recall)
    if kind == "auto" and read > WORTH_IT:
        return exact, all_of_it
    measured = _share_found(_search(index, queries, k), nearest)
    return index, IndexReport("ivf", measured, k, index.cells, index.probes, read)


def recall_at(index: keras.layers.Layer, exact: keras.layers.Layer, queries: np.ndarray, k: int) -> float:
    """Returns the recall at k of `index`: the mean share of the rows of `exact` that it finds too.

    Args:
        index, exact: layers from (queries, k) to (scores, rows).
        queries: float32 [Q, d], at least one.
    """
    return _share_found(_search(index, queries, k), _search(exact, queries, k))


def _fewest_probes(
    index: IvfIndex, nearest: np.ndarray, queries: np.ndarray, recall: float
) -> tuple[int, float]:
    """Returns the fewest probes that reach `recall`, and the mean share of the vectors that they read.

    A vector is found exactly when its cell is searched. So the position of its cell in the query's order
    gives the number of probes it takes, and no search is needed. The cells that a query searches anyway, to
    have k vectors at all, take none.
    """
    order, sizes = index.cell_order(queries), np.diff(index.splits.numpy())
    cell_of = np.empty(sizes.sum(), np.int64)
    cell_of[index.rows.numpy()] = np.repeat(np.arange(index.cells), sizes)
    places = np.take_along_axis(np.argsort(order, axis=1), cell_of[nearest], axis=1)
    held = sizes[order].cumsum(axis=1)
    anyway = (held < nearest.shape[1]).sum(axis=1, keepdims=True) + 1
    probes = int(np.quantile(np.where(places < anyway, 0, places), recall, method="inverted_cdf")) + 1
    read = np.take_along_axis(held, np.maximum(probes, anyway) - 1, axis=1)
    return probes, float(read.mean() / sizes.sum())


def _search(index: keras.layers.Layer, queries: np.ndarray, k: int) -> np.ndarray:
    search = tf.function(lambda block: index(block, k=k)[1], reduce_retracing=True)
    blocks = [queries[start : start + BLOCK] for start in range(0, len(queries), BLOCK)]
    return np.concatenate([search(tf.constant(block)).numpy() for block in blocks])


def _share_found(found: np.ndarray, nearest: np.ndarray) -> float:
    return float(np.mean([np.isin(true, got).mean() for got, true in zip(found, nearest, strict=True)]))
