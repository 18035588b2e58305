"""How active a user is, beside the others."""

import numpy as np

from trainer.data.catalogue import Catalogue

ACTIVITIES = ("new", "light", "medium", "heavy")


def activity(catalogue: Catalogue) -> np.ndarray:
    """The third of train's users, by number of ratings, that each one is in: 1 to 3; 0 for the unknown.

    Returns:
        int64 [users + 1], places in ACTIVITIES.
    """
    counts = catalogue.watched.lengths
    return np.concatenate([[0], thirds(counts[1:])])


def thirds(counts: np.ndarray) -> np.ndarray:
    """Which third of all users each is in by ratings, 1 to 3. `counts`: int [users], of each."""
    return 1 + np.searchsorted(np.quantile(counts, (1 / 3, 2 / 3)), counts)
