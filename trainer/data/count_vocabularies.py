"""Vocabularies of example files, counted in one pass in this process, without Beam."""

from collections import Counter
from collections.abc import Sequence

import tensorflow as tf

from trainer.data.description import Description
from trainer.data.examples import example_batches, expand
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.tables.words import words
from trainer.data.vocabularies import Vocabularies


def count_vocabularies(patterns: Sequence[str], description: Description) -> Vocabularies:
    """Counts the values in all files that match the glob patterns; the most frequent values come first.

    The result is that of Transform on the same files, except for the order of equally frequent values.

    Raises:
        TrainingError: a pattern matches no file, or the files hold no user or no film.
    """
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
    return Vocabularies.from_counts(counts, description)
