"""Several retrieval models as one, whose score is the weighted sum of theirs: `blend`.

The scores of the parts are of different scales. So each is divided by the standard deviation of that part's
scores (over films, of users of train), multiplied by the part's weight, and the sum by one scale:

    score(u, i) = scale · Σ weight_p · score_p(u, i) / deviation_p

A score of a part is a product of vectors, so the blend's is one as well: of the parts' vectors side by side,
each times a number. Search, signatures and cold items need no more than that. The parts are trained one by
one, and weights and scale are found, in `trainer.training.blend`.
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.models.base import Weight
from trainer.models.index.exact import frozen
from trainer.models.retrieval.config import BlendConfig
from trainer.models.retrieval.model import RetrievalModel

MOST_SCORES = 20_000_000  # scores, 80 MB, from which deviations are measured
BLOCK = 256  # users that are scored at once
BIAS = 0.1  # length of the films' biases, relative to their vectors: they hardly count in a cosine


class Blend(RetrievalModel):
    """The weighted sum of retrieval models.

    Args:
        config: the config, with the parts' kinds.
        catalogue: the catalogue of train.
        parts: the trained parts, by name; None: untrained ones.

    Attributes:
        parts: the parts, by name.
    """

    def __init__(
        self,
        config: BlendConfig,
        catalogue: Catalogue,
        parts: Mapping[str, RetrievalModel] | None = None,
        **kwargs,
    ):
        from trainer.models.retrieval.registry import build  # which knows this kind too

        super().__init__(catalogue, dtype="float32", **kwargs)
        self.names = tuple(config.parts)
        self.models = [
            parts[name] if parts else build(part.model, catalogue) for name, part in config.parts.items()
        ]
        self.sides = Sides(len(self.models))
        self.built = True

    @property
    def parts(self) -> dict[str, RetrievalModel]:
        return dict(zip(self.names, self.models, strict=True))

    def weigh(self, weights: Mapping[str, float], scale: float = 1.0) -> None:
        """Takes the weights of the parts, as they are trained now.

        Args:
            weights: what each part counts; only their ratios matter.
            scale: the standard deviation of the blend's scores, were the parts' equal.
        """
        total = sum(weights.values())
        strengths, lengths = [], []
        for name, model in self.parts.items():
            share, deviation = weights[name] / total, self.deviation(model)
            strengths.append(scale * share / deviation if deviation else 0.0)
            items = model.item_vectors(tf.range(1, self.catalogue.movies))[:, :-1]
            length = float(tf.sqrt(tf.reduce_mean(tf.reduce_sum(items**2, axis=1))))
            # A film's vector is made of its parts' in proportion to their weights, so a cosine is as well.
            lengths.append(np.sqrt(max(share, 1e-6)) / length if length else 1.0)
        self.sides.take(strengths, lengths)

    def call(self, features):
        """Returns each row's score, float32 [B]."""
        return tf.reduce_sum(
            self.user_vectors(features[USER_ID]) * self.item_vectors(features[MOVIE_ID]), axis=1
        )

    @property
    def compilable(self) -> bool:
        """Tells whether XLA can compile a training step: a blend has none of its own."""
        return False

    def compile(self, *args, **kwargs):
        super().compile(*args, **kwargs)
        if self.jit_compile:
            raise TrainingError(
                "train.xla is on, but a blend is trained by parts.", "Set train.xla to false."
            )

    def user_vectors(self, ids):
        return self.sides.of_users([model.user_vectors(ids) for model in self.models])

    def item_vectors(self, ids):
        return self.sides.of_items([model.item_vectors(ids) for model in self.models])

    def vectors_of_history(self, movies, weights=None):
        return self.sides.of_users([model.vectors_of_history(movies, weights) for model in self.models])

    def candidates_drawn_from(self, positives):
        for model in self.models:
            model.candidates_drawn_from(positives)

    def weights_by_name(self) -> dict[str, Weight]:
        return {
            f"{name}/{own}": weight
            for name, model in self.parts.items()
            for own, weight in model.weights_by_name().items()
        }

    def visitors(
        self, catalogue: Catalogue | None = None, vectors: np.ndarray | None = None
    ) -> keras.layers.Layer | None:
        if vectors is None:
            vectors = self.item_vectors(tf.range(self.catalogue.movies)).numpy()
        widths = [model.item_vectors(tf.constant([0])).shape[1] for model in self.models]
        own = self.sides.apart(vectors, widths)
        layers = [model.visitors(catalogue, each) for model, each in zip(self.models, own, strict=True)]
        if all(layer is None for layer in layers):
            return None
        served = [model.for_serving() for model in self.models]
        return BlendedVisitors(layers, served, own, self.sides.strengths.numpy(), self.catalogue.movies)

    def for_serving(self) -> keras.layers.Layer:
        return Served([model.for_serving() for model in self.models], self.sides)

    def deviation(self, model: RetrievalModel) -> float:
        """Returns the standard deviation of a part's scores over films, of users spread over train's."""
        owners = np.flatnonzero(self.catalogue.watched.lengths).astype(np.int32)
        most = max(1, MOST_SCORES // self.catalogue.movies)
        some = owners[np.unique(np.linspace(0, len(owners) - 1, min(len(owners), most)).astype(int))]
        variances = [
            model.scores(some[start : start + BLOCK])[:, 1:].var(axis=1, dtype=np.float64)
            for start in range(0, len(some), BLOCK)
        ]
        return float(np.sqrt(np.concatenate(variances).mean()))


class Sides(keras.layers.Layer):
    """The numbers by which the parts' vectors are multiplied, on the side of users and on that of films.

    The last number of a part's vectors, the film's bias, is multiplied by others than the rest: all biases
    are at the end, and small on the side of films. So what compares films by their vectors without the last
    number, as everywhere, hardly sees them.

    Args:
        parts: the number of parts.
    """

    def __init__(self, parts: int, **kwargs):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self.strengths = frozen(self, "strengths", np.full(parts, 1 / parts, np.float32))
        self._lengths = frozen(self, "lengths", np.ones(parts, np.float32))
        self.built = True

    def take(self, strengths: Sequence[float], lengths: Sequence[float]) -> None:
        """Takes what each part's scores, and its films' vectors, are multiplied by."""
        self.strengths.assign(strengths)
        self._lengths.assign(lengths)

    def of_users(self, vectors):
        """Joins the parts' vectors of users, float32 [B, d] each."""
        times = tf.unstack(tf.convert_to_tensor(self.strengths) / tf.convert_to_tensor(self._lengths))
        return _joined(vectors, times, [each / BIAS for each in times])

    def of_items(self, vectors):
        """Joins the parts' vectors of films, float32 [B, d] each."""
        times = tf.unstack(tf.convert_to_tensor(self._lengths))
        return _joined(vectors, times, [each * BIAS for each in times])

    def apart(self, vectors: np.ndarray, widths: Sequence[int]) -> list[np.ndarray]:
        """Returns the parts' vectors, of the given widths, of films' joined vectors: float32 [B, d] each."""
        found, start, biases = [], 0, vectors[:, vectors.shape[1] - len(widths) :]
        for place, (width, length) in enumerate(zip(widths, self._lengths.numpy(), strict=True)):
            own = vectors[:, start : start + width - 1] / length
            found.append(np.concatenate([own, biases[:, place : place + 1] / (length * BIAS)], axis=1))
            start += width - 1
        return found


class Served(keras.layers.Layer):
    """The parts for serving: their users' vectors, and those of histories in requests, side by side."""

    def __init__(self, parts: Sequence[keras.layers.Layer], sides: Sides, **kwargs):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self._parts, self._sides = list(parts), sides
        self.built = True

    def user_vectors(self, ids):
        return self._sides.of_users([part.user_vectors(ids) for part in self._parts])

    def vectors_of_history(self, movies, weights=None):
        return self._sides.of_users([part.vectors_of_history(movies, weights) for part in self._parts])


class BlendedVisitors(keras.layers.Layer):
    """Scores of all films for the histories in requests, where a part scores them by a layer of its own.

    Args:
        layers: each part's layer (`RetrievalModel.visitors`), or None.
        parts: the parts for serving.
        vectors: float32 [movies, d] each, the vectors of the films to score, by part.
        strengths: float32 [parts], what each part's scores are multiplied by.
        learned: the number of films that the parts know, the OOV one included.
    """

    def __init__(
        self,
        layers: Sequence[keras.layers.Layer | None],
        parts: Sequence[keras.layers.Layer],
        vectors: Sequence[np.ndarray],
        strengths: np.ndarray,
        learned: int,
        **kwargs,
    ):
        super().__init__(autocast=False, dtype="float32", trainable=False, **kwargs)
        self._layers_or_parts = [layer or part for layer, part in zip(layers, parts, strict=True)]
        self._tables = [
            None if layer is not None else frozen(self, f"films_{place}", each[1:].astype(np.float32))
            for place, (layer, each) in enumerate(zip(layers, vectors, strict=True))
        ]
        self._strengths, self._learned = [float(each) for each in strengths], learned
        self.built = True

    def scores(self, histories, weights=None, lead=None):
        """Scores all films, as `Visitors.scores` does; a blend has no `user_features`, so no `lead`."""
        known = histories.with_values(histories.values < self._learned)
        of_train = tf.ragged.boolean_mask(histories, known)
        counted = None if weights is None else tf.ragged.boolean_mask(weights, known)
        total = 0.0
        for part, table, strength in zip(self._layers_or_parts, self._tables, self._strengths, strict=True):
            if table is None:
                found = part.scores(histories, weights)
            else:
                found = tf.matmul(part.vectors_of_history(of_train, counted), table, transpose_b=True)
            total += strength * found
        return total


def _joined(vectors, times, bias_times):
    parts = [each[:, :-1] * factor for each, factor in zip(vectors, times, strict=True)]
    biases = [each[:, -1:] * factor for each, factor in zip(vectors, bias_times, strict=True)]
    return tf.concat([*parts, *biases], axis=1)
