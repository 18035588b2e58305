"""Vocabularies of ids and words: id 0 is out of vocabulary, and the values of `train` start at 1."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from marquee.errors import TrainingError
from trainer.data.description import Description
from trainer.data.features import MOVIE_ID, USER_ID

ASSETS = "transform_fn/assets"  # the folder in which Transform writes vocabularies
OOV = 0  # out of vocabulary: an id that `train` does not hold


@dataclass(frozen=True)
class Vocabularies:
    """The values of `train`, each list in descending order of frequency; an id is the index here plus one.

    Attributes:
        user_id, movie_id: the ids.
        words: the words of each category, categories and text feature of tf.Examples, by key; at most the
            feature's `limit`, and () where the data has none.
        description: the features.
    """

    user_id: tuple[str, ...]
    movie_id: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    description: Description = field(default_factory=Description)

    def __post_init__(self):
        for name in (USER_ID, MOVIE_ID):
            if not getattr(self, name):
                raise TrainingError(
                    f"The vocabulary of {name} is empty: nothing can be learned.",
                    "Check that the train split holds ratings.",
                )

    @classmethod
    def from_transform(cls, path: str, description: Description) -> "Vocabularies":
        """Reads the vocabulary files that TFX Transform wrote under `path` (a transform_graph artifact).

        Raises:
            TrainingError: the user or movie vocabulary is missing.
        """
        return cls(
            tuple(_read(path, USER_ID, needed=True)),
            tuple(_read(path, MOVIE_ID, needed=True)),
            {
                key: tuple(_read(path, feature.name or key)[: feature.limit])
                for key, feature in description.with_vocabulary().items()
            },
            description,
        )

    @classmethod
    def from_columns(cls, columns: Mapping[str, Sequence], description: Description) -> "Vocabularies":
        """Counts raw columns, named as in tf.Examples; of Categories a row is a sequence of words."""
        from trainer.data.tables.words import words_of_column  # TensorFlow

        counts: dict[str, Mapping[Any, int]] = {name: Counter(columns[name]) for name in (USER_ID, MOVIE_ID)}
        for key, feature in description.with_vocabulary().items():
            values = columns.get(feature.name or key, ())
            counts[feature.name or key] = Counter(words_of_column(feature, values))
        return cls.from_counts(counts, description)

    @classmethod
    def from_counts(cls, counts: Mapping[str, Mapping[Any, int]], description: Description) -> "Vocabularies":
        """Builds vocabularies from each value's count (text, or UTF-8 bytes), by name in tf.Examples."""
        return cls(
            _by_frequency(counts.get(USER_ID, {})),
            _by_frequency(counts.get(MOVIE_ID, {})),
            {
                key: _by_frequency(counts.get(feature.name or key, {}))[: feature.limit]
                for key, feature in description.with_vocabulary().items()
            },
            description,
        )

    def by_name(self) -> dict[str, tuple[str, ...]]:
        """Returns the vocabularies by name in tf.Examples, as Transform names their files."""
        words = {self.description.name_of(key): each for key, each in self.words.items()}
        return {USER_ID: self.user_id, MOVIE_ID: self.movie_id, **words}

    def of(self, key: str) -> tuple[str, ...]:
        """Returns the words by which a feature of tf.Examples is learned; () for numbers and vectors."""
        feature = self.description.features()[key][1]
        return getattr(feature, "values", None) or self.words.get(key, ())


def _by_frequency(found: Mapping[Any, int]) -> tuple[str, ...]:
    counts: Counter = Counter()
    for value, times in found.items():
        counts[_text(value)] += int(times)
    counts.pop("", None)
    return tuple(sorted(counts, key=lambda value: (-counts[value], value)))


def _read(path: str, name: str, needed: bool = False) -> list[str]:
    import tensorflow as tf  # only to read from any file system

    file = f"{path}/{ASSETS}/{name}"
    if not tf.io.gfile.exists(file):
        if needed:
            raise TrainingError(f"There is no vocabulary at {file}.", "Run the Transform node again.")
        return []
    with tf.io.gfile.GFile(file, "rb") as lines:
        return [text for line in lines if (text := _text(line.rstrip(b"\n")))]


def _text(value) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
