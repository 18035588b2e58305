"""Crosses of categorical features, each as a hashed id."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import keras


class HashedCrosses(keras.layers.Layer):
    """Named crosses of features as ids below `bins`: Wide&Deep's wide half (Cheng et al., 2016).

    Keras's `HashedCrossing` makes one; this makes the chosen ones, or all of up to `level` features.

    Args:
        bins: of each cross.
        crosses: names of the features to cross, two or more each; None: every combination.
        level: None given for `crosses`, the most features that are crossed together.

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
        # It has no state: one layer hashes them all.
        self._hashed = keras.layers.HashedCrossing(bins)
        self.built = True

    def call(self, features):
        """int64, of the features' shape, by the crossed names joined by `_x_`."""
        return {
            "_x_".join(cross): self._hashed(tuple(features[name] for name in cross))
            for cross in self.crosses or self._every(sorted(features))
        }

    def _every(self, names):
        return [cross for size in range(2, self.level + 1) for cross in combinations(names, size)]

    def get_config(self):
        return {**super().get_config(), "bins": self.bins, "crosses": self.crosses, "level": self.level}
