"""Vocabularies of string features: id 0 is out of vocabulary, and the values of `train` start at 1."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marquee.errors import TrainingError
from trainer.data.features import MOVIE_GENRES, MOVIE_ID, USER_GENDER, USER_ID, USER_OCCUPATION

ASSETS = "transform_fn/assets"  # the folder in which Transform writes vocabularies
OOV = 0  # out of vocabulary: an id that `train` does not hold


@dataclass(frozen=True)
class Vocabularies:
    """The values of `train`, each list in descending order of frequency; an id is the index here plus one.

    `user_gender` and `user_occupation_text` are empty if the data set has no demographics.
    """

    user_id: tuple[str, ...]
    movie_id: tuple[str, ...]
    movie_genres: tuple[str, ...] = ()
    user_gender: tuple[str, ...] = ()
    user_occupation_text: tuple[str, ...] = ()

    def __post_init__(self):
        for name in (USER_ID, MOVIE_ID):
            if not getattr(self, name):
                raise TrainingError(
                    f"The vocabulary of {name} is empty: nothing can be learned.",
                    "Check that the train split holds ratings.",
                )

    @classmethod
    def from_transform(cls, path: str) -> "Vocabularies":
        """Reads the vocabulary files that TFX Transform wrote under `path` (a transform_graph artifact).

        Raises:
            TrainingError: the user or movie vocabulary is missing.
        """
        return cls(**{name: tuple(_read(path, name)) for name in cls.__dataclass_fields__})

    @classmethod
    def from_columns(cls, columns: Mapping[str, Sequence]) -> "Vocabularies":
        """Counts raw columns, named as in `trainer.data.features`; genres are a sequence of names per row."""
        genres = [name for row in columns.get(MOVIE_GENRES, ()) for name in row]
        flat = {name: columns.get(name, ()) for name in (USER_ID, MOVIE_ID, USER_GENDER, USER_OCCUPATION)}
        return cls.from_counts({name: Counter(each) for name, each in {**flat, MOVIE_GENRES: genres}.items()})

    @classmethod
    def from_counts(cls, counts: Mapping[str, Mapping[Any, int]]) -> "Vocabularies":
        """Builds vocabularies from the counts of each value (text, or UTF-8 bytes), by feature."""
        return cls(**{name: _by_frequency(counts.get(name, {})) for name in cls.__dataclass_fields__})


def _by_frequency(found: Mapping[Any, int]) -> tuple[str, ...]:
    counts: Counter = Counter()
    for value, times in found.items():
        counts[_text(value)] += int(times)
    counts.pop("", None)
    return tuple(sorted(counts, key=lambda value: (-counts[value], value)))


def _read(path: str, name: str) -> list[str]:
    import tensorflow as tf  # only to read from any file system

    file = f"{path}/{ASSETS}/{name}"
    if not tf.io.gfile.exists(file):
        if name in (USER_ID, MOVIE_ID):
            raise TrainingError(f"There is no vocabulary at {file}.", "Run the Transform node again.")
        return []
    with tf.io.gfile.GFile(file, "rb") as lines:
        return [text for line in lines if (text := _text(line.rstrip(b"\n")))]


def _text(value) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
