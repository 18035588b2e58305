"""Users' activity relative to other users."""

import numpy as np

from trainer.data.catalogue import Catalogue

ACTIVITIES = ("new", "light", "medium", "heavy")


def activity(catalogue: Catalogue) -> np.ndarray:
    """Returns each user's third by number of ratings in train: 1 to 3; 0 for the unknown user.

    Returns:
        int64 [users + 1], indices into ACTIVITIES.
    """
    counts = catalogue.watched.lengths
    return np.concatenate([[0], thirds(counts[1:])])


def thirds(counts: np.ndarray) -> np.ndarray:
    """Returns each user's third by number of ratings, 1 to 3; `counts`: int [users], the numbers."""
    return 1 + np.searchsorted(np.quantile(counts, (1 / 3, 2 / 3)), counts)
