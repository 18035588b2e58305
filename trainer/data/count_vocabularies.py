"""Vocabularies of example files, counted in this process: a pass over the files, without Beam."""

from collections import Counter
from collections.abc import Sequence

import tensorflow as tf

from trainer.data.examples import example_batches, expand
from trainer.data.features import MOVIE_GENRES
from trainer.data.vocabularies import Vocabularies


def count_vocabularies(patterns: Sequence[str]) -> Vocabularies:
    """The values in all files that the glob patterns name, the most frequent first.

    What Transform would write of the same files, but for the order of equally frequent values.

    Raises:
        TrainingError: a pattern names no file, or the files hold no user or no film.
    """
    names = tuple(Vocabularies.__dataclass_fields__)
    counts: dict[str, Counter] = {name: Counter() for name in names}
    for batch in example_batches(expand(patterns), names).map(_counted, num_parallel_calls=2):
        for name, (values, times) in batch.items():
            counts[name].update(dict(zip(values.numpy(), times.numpy(), strict=True)))
    return Vocabularies.from_counts(counts)


def _counted(batch: dict) -> dict:
    """Each feature's values and how often each occurs."""
    flat = {name: column.values if name == MOVIE_GENRES else column for name, column in batch.items()}
    found = {name: tf.unique_with_counts(column, tf.int64) for name, column in flat.items()}
    return {name: (each.y, each.count) for name, each in found.items()}
