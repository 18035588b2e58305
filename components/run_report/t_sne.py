"""t-SNE of some hundred points, exact, in a second: scikit-learn's takes ten times as long for so few.

van der Maaten and Hinton, "Visualizing data using t-SNE" (2008), with its early exaggeration and momentum.
"""

import numpy as np

PERPLEXITY = 30  # neighbours that a point looks at
ROUNDS, EXAGGERATED = 400, 120
EXAGGERATION, RATE = 12.0, 50.0
SMALLEST_GAIN = 0.01


def t_sne(points: np.ndarray) -> np.ndarray:
    """Places on a plane where near points are near; the same points always give the same places.

    Args:
        points: [N, d], N at least 4; the cost grows with N², and 1,000 take some two seconds.

    Returns:
        float64 [N, 2], each from 0 to 1.
    """
    centred = np.asarray(points, np.float64) - np.mean(points, axis=0, dtype=np.float64)
    wanted = _neighbours(centred, min(PERPLEXITY, (len(points) - 1) / 3)).astype(np.float32)
    places = _begin(centred).astype(np.float32)
    step, gains = np.zeros_like(places), np.ones_like(places)
    for done in range(ROUNDS):
        early = done < EXAGGERATED
        gradient = _gradient(places, wanted, EXAGGERATION if early else 1.0)
        gains = np.where(np.sign(gradient) != np.sign(step), gains + 0.2, gains * 0.8)
        np.maximum(gains, SMALLEST_GAIN, out=gains)
        step = (0.5 if early else 0.8) * step - RATE * gains * gradient
        places += step
        places -= places.mean(axis=0)
    found = places.astype(np.float64) - places.min(axis=0)
    return found / np.maximum(found.max(axis=0), 1e-12)


def _begin(centred: np.ndarray) -> np.ndarray:
    """The two strongest components, small: where clusters lie to each other is then no matter of luck."""
    axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
    found = np.zeros((len(centred), 2))
    found[:, : len(axes)] = centred @ axes.T
    return found * 1e-2 / max(found.std(), 1e-12)


def _neighbours(points: np.ndarray, perplexity: float) -> np.ndarray:
    """How much each point looks at each other one, [N, N], summing to 1: bandwidths found by bisection."""
    squares = np.sum(points**2, axis=1)
    distances = np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0)
    np.fill_diagonal(distances, np.inf)
    distances -= distances.min(axis=1, keepdims=True)  # the same shares, and nothing underflows
    low, high = np.zeros(len(points)), np.full(len(points), np.inf)
    precision = np.ones(len(points))
    for _ in range(50):
        shares = np.exp(-distances * precision[:, None])
        shares /= shares.sum(axis=1, keepdims=True)
        entropy = -np.sum(shares * np.log(np.maximum(shares, 1e-300)), axis=1)
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, precision, low), np.where(wide, high, precision)
        precision = np.where(np.isinf(high), precision * 2, (low + high) / 2)
    return (shares + shares.T) / (2 * len(points))


def _gradient(places: np.ndarray, wanted: np.ndarray, exaggeration: float) -> np.ndarray:
    near = places @ places.T
    near *= -2
    squares = np.einsum("ij,ij->i", places, places)
    near += squares[:, None]
    near += squares + 1
    np.reciprocal(near, out=near)
    np.fill_diagonal(near, 0)
    pull = near * (-1 / near.sum())
    pull += wanted * exaggeration if exaggeration != 1 else wanted
    pull *= near
    return 4 * (pull.sum(axis=1, keepdims=True) * places - pull @ places)
