"""Vocabularies of example files, counted in one pass in this process, without Beam."""

from collections import Counter
from collections.abc import Sequence

import tensorflow as tf

from trainer.data.examples import example_batches, expand
from trainer.data.features import MOVIE_GENRES
from trainer.data.vocabularies import Vocabularies


def count_vocabularies(patterns: Sequence[str]) -> Vocabularies:
    """Counts the values in all files that match the glob patterns; the most frequent values come first.

    The result is that of Transform on the same files, except for the order of equally frequent values.

    Raises:
        TrainingError: a pattern matches no file, or the files hold no user or no film.
    """
    names = tuple(Vocabularies.__dataclass_fields__)
    counts: dict[str, Counter] = {name: Counter() for name in names}
    for batch in example_batches(expand(patterns), names).map(_counted, num_parallel_calls=2):
        for name, (values, times) in batch.items():
            counts[name].update(dict(zip(values.numpy(), times.numpy(), strict=True)))
    return Vocabularies.from_counts(counts)


def _counted(batch: dict) -> dict:
    """Returns each feature's distinct values and their counts."""
    flat = {name: column.values if name == MOVIE_GENRES else column for name, column in batch.items()}
    found = {name: tf.unique_with_counts(column, tf.int64) for name, column in flat.items()}
    return {name: (each.y, each.count) for name, each in found.items()}
