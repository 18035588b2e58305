"""Beam transforms that count the words of train and write each vocabulary to a file."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.dsl.io import fileio

from components.record_batches import record_batches
from components.value_counts import ValueCounts, most_frequent
from trainer.data import features
from trainer.data.description import Description, Text
from trainer.data.tables.words import words

#: Vocabularies that every data set has; a file's name is the key, whatever the data set calls it.
ALWAYS = (features.USER_ID, features.MOVIE_ID, features.MOVIE_TITLE)
#: What TFT writes for a vocabulary without a word, so that a table of it can be made.
NO_WORD = b"49d0cd50-04bb-48c0-bc6f-5b575dce351a"


@dataclass(frozen=True)
class Learned:
    """What a vocabulary is counted from: a name in tf.Examples, and the feature; None for ids and titles."""

    column: str
    feature: Any = None


def learned_by_words(description: Description, schema: schema_pb2.Schema) -> dict[str, Learned]:
    """Returns what the schema has that has a vocabulary, by the name of the vocabulary's file."""
    found = {key: Learned(description.names.outside(key)) for key in ALWAYS}
    for key, feature in description.with_vocabulary().items():
        name = feature.name or key
        found[name] = Learned(name, feature)
    there = {feature.name for feature in schema.feature}
    return {name: each for name, each in found.items() if each.column in there}


def write_vocabularies(
    pipeline: beam.Pipeline,
    files: Sequence[str],
    schema: schema_pb2.Schema,
    learned: Mapping[str, Learned],
    folder: str,
) -> None:
    """Adds what writes `<folder>/<name>` for each feature: a word a line, the most frequent first.

    Words that are empty or hold a line break are left out, as TFT does. Of equally frequent words the one
    with the greatest bytes is first.

    Args:
        pipeline: runs when its context is left.
        files: shards of train.
        schema: the schema of the examples.
        learned: as `learned_by_words` returns it.
        folder: where to write; it exists.
    """
    columns = {each.column for each in learned.values()}
    needed = schema_pb2.Schema(feature=[feature for feature in schema.feature if feature.name in columns])
    _ = (
        pipeline
        | "Shards" >> beam.Create(list(files))
        | "Spread" >> beam.Reshuffle()
        | "Count" >> beam.FlatMap(_counted, needed, learned)
        | "AddUp" >> beam.CombinePerKey(_sum)
        | "Write" >> beam.MapTuple(lambda name, counts: _write(folder, name, learned[name].feature, counts))
    )


def _counted(
    file: str, schema: schema_pb2.Schema, learned: Mapping[str, Learned]
) -> Iterator[tuple[str, ValueCounts]]:
    """Yields the words of a shard by name; of repeated values, words are taken once."""
    raw = {name: ValueCounts() for name in learned}
    for batch in record_batches(file, schema):
        for name, counts in raw.items():
            counts.add(batch.column(learned[name].column).flatten())
    for name, each in learned.items():
        yield name, raw[name] if each.feature is None else _words(each.feature, raw[name].table())


def _words(feature: Any, raw: pa.Table) -> ValueCounts:
    found, result = words(feature, tf.constant(raw["value"].to_pylist(), tf.string)), ValueCounts()
    counts = raw["count"].to_numpy()
    if isinstance(feature, Text):
        counts = np.repeat(counts, found.row_lengths().numpy())
        found = found.values
    result.add_counts(pa.array(found.numpy().tolist(), pa.large_binary()), pa.array(counts, pa.int64()))
    return result


def _sum(counts: Iterable[ValueCounts]) -> ValueCounts:
    result = ValueCounts()
    result.merge(counts)
    return result


def _write(folder: str, name: str, feature: Any, counts: ValueCounts) -> None:
    table = counts.table()
    unfit = pc.equal(pc.binary_length(table["value"]), 0)
    for line_break in ("\n", "\r"):
        unfit = pc.or_(unfit, pc.match_substring(table["value"], line_break))
    words_left = most_frequent(table.filter(pc.invert(unfit)), feature and feature.limit)
    with fileio.open(os.path.join(folder, name), "wb") as file:
        file.write(b"".join(word + b"\n" for word in words_left["value"].to_pylist() or [NO_WORD]))
