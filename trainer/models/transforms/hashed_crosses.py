"""Crosses of categorical features as hashed ids."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import keras


class HashedCrosses(keras.layers.Layer):
    """Hashes named crosses of features to ids below `bins`: Wide & Deep's wide part (Cheng et al., 2016).

    Keras's `HashedCrossing` makes one cross; this layer makes the chosen ones, or all of up to `level`
    features.

    Args:
        bins: the number of bins of each cross.
        crosses: the names of the features of each cross, two or more; None: every combination.
        level: the largest number of features in a cross, if `crosses` is None.

    Call arguments:
        - features: int or string [B] or [B, 1] each, by name.

    Examples:
        >>> crosses = HashedCrosses(100, [("age", "gender")])
        >>> crossed = crosses({"age": tf.constant([3, 3]), "gender": tf.constant(["F", "F"])})
        >>> {name: len(set(ids.numpy())) for name, ids in crossed.items()}  # the same pair has the same id
        {'age_x_gender': 1}

    Raises:
        ValueError: a cross has fewer than two features.
    """

    def __init__(self, bins: int, crosses: Iterable[Sequence[str]] | None = None, level: int = 2, **kwargs):
        super().__init__(**kwargs)
        self.bins, self.level = bins, level
        self.crosses = None if crosses is None else [tuple(cross) for cross in crosses]
        for cross in self.crosses or ():
            if len(cross) < 2:
                raise ValueError(f"A cross has at least two features, not {cross}.")
        # HashedCrossing has no state, so one layer hashes all crosses.
        self._hashed = keras.layers.HashedCrossing(bins)
        self.built = True

    def call(self, features):
        """Returns the hashed ids, int64 of the features' shape, by the crossed names joined with `_x_`."""
        return {
            "_x_".join(cross): self._hashed(tuple(features[name] for name in cross))
            for cross in self.crosses or self._every(sorted(features))
        }

    def _every(self, names):
        return [cross for size in range(2, self.level + 1) for cross in combinations(names, size)]

    def get_config(self):
        return {**super().get_config(), "bins": self.bins, "crosses": self.crosses, "level": self.level}
