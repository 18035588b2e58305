"""Vocabularies of example files, counted in one pass in this process, without Beam."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from trainer.data.columns import Columns
from trainer.data.description import Description
from trainer.data.examples import example_batches, expand
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.tables.words import words
from trainer.data.vocabularies import Vocabularies

Counts: TypeAlias = Mapping[str, Mapping[Any, int]]


def count_vocabularies(patterns: Sequence[str], description: Description) -> Vocabularies:
    """Counts the values in all files that match the glob patterns; the most frequent values come first.

    The result is that of Transform on the same files, except for the order of equally frequent values.

    Raises:
        TrainingError: a pattern matches no file, or the files hold no user or no film.
    """
    columns = Columns.of(patterns, description)
    counts = _of_examples(patterns, description) if columns is None else _of_columns(columns, description)
    return Vocabularies.from_counts(counts, description)


def _of_columns(columns: Columns, description: Description) -> Counts:
    """Counts ids, and the words of each user and item as often as they have ratings."""
    counts = {USER_ID: Counter(columns.user.counts()), MOVIE_ID: Counter(columns.movie.counts())}
    words_of = description.with_vocabulary()
    for owner, id, files in columns.owners():
        keys = [key for key in description.select(owner) if key in words_of]
        names = {key: description.name_of(key) for key in keys}
        counts |= {name: Counter() for name in names.values()}
        if not keys or not files:
            continue
        met: set[bytes] = set()  # with several spans, an id may be in several files
        for raw in example_batches(files, (id, *names.values()), description=description):
            ids = raw[id].numpy().tolist()
            times = np.array([0 if each in met else counts[id][each.decode()] for each in ids])
            met.update(ids)
            for key, name in names.items():
                found = words(words_of[key], raw[name])
                of_each = times
                if isinstance(found, tf.RaggedTensor):
                    of_each, found = np.repeat(times, found.row_lengths().numpy()), found.values
                values, place = tf.unique(found)
                summed = np.bincount(place.numpy(), of_each, minlength=len(values))
                for value, count in zip(values.numpy().tolist(), summed.astype(int).tolist(), strict=True):
                    counts[name][value] += count
    return {name: {value: each for value, each in found.items() if each} for name, found in counts.items()}


def _of_examples(patterns: Sequence[str], description: Description) -> Counts:
    """Counts the words of all rows, in one pass."""
    described = {feature.name or key: feature for key, feature in description.with_vocabulary().items()}
    names = (USER_ID, MOVIE_ID, *described)

    def counted(batch: dict) -> dict:
        """Returns each feature's distinct words and their counts."""
        batch = {name: words(described.get(name), column) for name, column in batch.items()}
        flat = {
            name: column.values if isinstance(column, tf.RaggedTensor) else column
            for name, column in batch.items()
        }
        found = {name: tf.unique_with_counts(column, tf.int64) for name, column in flat.items()}
        return {name: (each.y, each.count) for name, each in found.items()}

    counts: dict[str, Counter] = {name: Counter() for name in names}
    batches = example_batches(expand(patterns), names, description=description)
    for batch in batches.map(counted, num_parallel_calls=2):
        for name, (values, times) in batch.items():
            counts[name].update(dict(zip(values.numpy(), times.numpy(), strict=True)))
    return counts
