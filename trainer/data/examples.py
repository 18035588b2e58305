"""Reading of tf.Examples from gzipped TFRecord files, in large batches."""

from collections.abc import Iterable, Sequence

import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.features import (
    MOVIE_GENRES,
    MOVIE_ID,
    MOVIE_TITLE,
    TIMESTAMP,
    USER_AGE,
    USER_GENDER,
    USER_ID,
    USER_OCCUPATION,
    USER_RATING,
    USER_ZIP_CODE,
)

NO_TIME = -1  # no timestamp: treated as the latest time in train
NO_AGE = -1.0

# The default of a feature that an example leaves out. An unknown string gets the OOV row.
_SPEC = {
    **{
        name: tf.io.FixedLenFeature([], tf.string, default_value="")
        for name in (USER_ID, MOVIE_ID, MOVIE_TITLE, USER_GENDER, USER_OCCUPATION, USER_ZIP_CODE)
    },
    MOVIE_GENRES: tf.io.RaggedFeature(tf.string),
    TIMESTAMP: tf.io.FixedLenFeature([], tf.int64, default_value=NO_TIME),
    USER_RATING: tf.io.FixedLenFeature([], tf.float32, default_value=0.0),
    USER_AGE: tf.io.FixedLenFeature([], tf.float32, default_value=NO_AGE),
}


def parse(serialized: tf.Tensor, names: Iterable[str]) -> dict[str, tf.Tensor]:
    """Parses serialized tf.Examples, string [B], to the named features, [B] each (genres ragged [B, n])."""
    return tf.io.parse_example(serialized, {name: _SPEC[name] for name in names})


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
    files: Sequence[str] | tf.Tensor, names: Iterable[str], batch_size: int = 1 << 16
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
        .map(lambda serialized: parse(serialized, names), num_parallel_calls=2)
        .prefetch(1)
    )


def with_serialized(patterns: Sequence[str], names: Iterable[str], batch_size: int) -> tf.data.Dataset:
    """Returns batches of (serialized tf.Examples, their features), for requests to `serving_examples`."""
    names = tuple(names)
    return (
        tf.data.TFRecordDataset(expand(patterns), compression_type="GZIP", num_parallel_reads=2)
        .batch(batch_size)
        .map(lambda batch: (batch, parse(batch, names)))
        .prefetch(2)
    )
