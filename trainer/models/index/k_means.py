"""Lloyd's k-means with a seed, for vectors that fit into memory."""

import numpy as np
import tensorflow as tf

TRAINED_ON = 64  # vectors per cell: more do not improve the centroids
BLOCK = 65_536  # vectors assigned at once


def k_means(vectors: np.ndarray, cells: int, seed: int = 0, rounds: int = 10) -> np.ndarray:
    """Returns k-means centroids, learned from a sample of 64 vectors per cell.

    Lloyd, "Least squares quantization in PCM" (1982). A cell that loses all its vectors restarts from a
    vector drawn at random.

    Args:
        vectors: float32 [M, d].
        cells: the number of centroids, at most M.

    Returns:
        float32 [cells, d].
    """
    random = np.random.default_rng(seed)
    sample = vectors[random.permutation(len(vectors))[: cells * TRAINED_ON]]
    centroids = sample[:cells].copy()
    for _ in range(rounds):
        cell = nearest(sample, centroids)
        sums = tf.math.unsorted_segment_sum(sample, cell, cells).numpy()
        sizes = np.bincount(cell, minlength=cells)[:, None]
        fresh = sample[random.integers(len(sample), size=cells)]
        centroids = np.where(sizes > 0, sums / np.maximum(sizes, 1), fresh).astype(np.float32)
    return centroids


def nearest(vectors: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """Returns the row of the centroid nearest to each vector: int32 [M]."""
    half_norms = tf.reduce_sum(tf.square(centroids), axis=1) / 2
    return np.concatenate(
        [
            _nearest(tf.constant(vectors[start : start + BLOCK]), tf.constant(centroids), half_norms)
            for start in range(0, len(vectors), BLOCK)
        ]
    )


@tf.function(reduce_retracing=True)
def _nearest(vectors, centroids, half_norms):
    # |v - c|² = |v|² - 2 (v·c - |c|²/2), and |v|² is the same for every centroid.
    return tf.argmax(tf.matmul(vectors, centroids, transpose_b=True) - half_norms, 1, tf.int32)
