"""The points that a ranking model's answer adds to a retrieval score."""

import numpy as np

#: The share of `rating_weight` that counts where a history is all that is known of somebody: ratings guessed
#: from it tell less. Chosen on users of train; benchmarks/held_out_users.py measures what comes of it.
BY_HISTORY = 0.5

#: Chances closer to 0 or 1 than this count as this: the log odds stay finite.
LEAST = 1e-4


def log_odds(chance: np.ndarray) -> np.ndarray:
    """Returns the log odds of chances, float32 of the same shape.

    Retrieval scores of a softmax are logarithms too, and a difference of chances says the less, the nearer
    they are to 0: between 0.001 and 0.01 there is as much as between 0.1 and 0.5.
    """
    chance = np.clip(np.asarray(chance, np.float32), np.float32(LEAST), np.float32(1 - LEAST))
    return np.log(chance / (1 - chance)).astype(np.float32)
