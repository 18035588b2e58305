"""Reading of tf.Examples from gzipped TFRecord files, in large batches."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.description import Categories, Description, Number, Time, Vector
from trainer.data.features import EVENT, MOVIE_ID, MOVIE_TITLE, TIMESTAMP, USER_ID, USER_RATING

NO_TIME = -1  # no timestamp: treated as the latest time in train
NO_MOMENT = np.iinfo(np.int64).min  # a Time feature without a value

# The default of a feature that an example leaves out. An unknown string gets the OOV row.
_ROLES = {
    **{
        name: tf.io.FixedLenFeature([], tf.string, default_value="")
        for name in (USER_ID, MOVIE_ID, MOVIE_TITLE)
    },
    TIMESTAMP: tf.io.FixedLenFeature([], tf.int64, default_value=NO_TIME),
    USER_RATING: tf.io.FixedLenFeature([], tf.float32, default_value=0.0),
    EVENT: tf.io.FixedLenFeature([], tf.string, default_value=""),
}


def parse(
    serialized: tf.Tensor, names: Iterable[str], description: Description | None = None
) -> dict[str, tf.Tensor]:
    """Parses serialized tf.Examples, string [B], to the named features, [B] each.

    Categories are ragged string [B, n], vectors ragged float32 [B, n]; a missing string is "", a missing
    number NaN, a missing moment NO_MOMENT.

    Args:
        serialized: the examples.
        names: names of features in tf.Examples, and keys of what every data set has
            (`trainer.data.features`), whatever it is called there.
        description: the features, and what every data set has is called here; None: as in MovieLens.
    """
    description = description or Description()
    described = {feature.name or key: feature for key, (_, feature) in description.in_examples().items()}
    names = tuple(names)
    spec = {name: tf.io.RaggedFeature(_type(described[name])) for name in names if name in described}
    roles = {name: _ROLES[name] for name in names if name not in described}
    parsed = tf.io.parse_example(
        serialized, spec | {description.outside(key): role for key, role in roles.items()}
    )
    columns = {name: _first(described[name], parsed[name]) for name in spec}
    return columns | {key: parsed[description.outside(key)] for key in roles}


def _type(feature: Any) -> tf.DType:
    if isinstance(feature, Number | Vector):
        return tf.float32
    return tf.int64 if isinstance(feature, Time) else tf.string


def _first(feature: Any, column: tf.RaggedTensor):
    """Returns the first value of each example, [B], or the default where it has none; lists as they are."""
    if isinstance(feature, Categories | Vector):
        return column
    missing = float("nan") if isinstance(feature, Number) else NO_MOMENT if isinstance(feature, Time) else ""
    return column.to_tensor(missing, shape=[None, 1])[:, 0]


def expand(patterns: Sequence[str]) -> list[str]:
    """Returns the files that match the glob patterns, sorted.

    Raises:
        TrainingError: a pattern matches no file.
    """
    files = []
    for pattern in patterns:
        found = tf.io.gfile.glob(pattern)
        if not found:
            raise TrainingError(f"No example files at {pattern}.", "Check the path, or run ingest again.")
        files += found
    return sorted(files)


def example_batches(
    files: Sequence[str] | tf.Tensor,
    names: Iterable[str],
    batch_size: int = 1 << 16,
    description: Description | None = None,
) -> tf.data.Dataset:
    """Returns batches of parsed features, in an order determined by that of the files; reads in parallel."""
    names = tuple(names)
    return (
        tf.data.Dataset.from_tensor_slices(files)
        .interleave(
            lambda file: tf.data.TFRecordDataset(file, compression_type="GZIP", buffer_size=1 << 20),
            cycle_length=16,
            block_length=1024,
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )
        .batch(batch_size)
        .map(lambda serialized: parse(serialized, names, description), num_parallel_calls=2)
        .prefetch(1)
    )


def with_serialized(
    patterns: Sequence[str], names: Iterable[str], batch_size: int, description: Description | None = None
) -> tf.data.Dataset:
    """Returns batches of (serialized tf.Examples, their features), for requests to `serving_examples`."""
    names = tuple(names)
    return (
        tf.data.TFRecordDataset(expand(patterns), compression_type="GZIP", num_parallel_reads=2)
        .batch(batch_size)
        .map(lambda batch: (batch, parse(batch, names, description)))
        .prefetch(2)
    )
