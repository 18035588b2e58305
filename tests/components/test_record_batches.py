"""Record batches of files of tf.Examples: all rows once, in order, or evenly sampled."""

import gzip

import pyarrow as pa
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components import record_batches as module
from components.movielens_example_gen.tfrecord import TFRecordWriter
from components.record_batches import record_batches
from marquee.errors import DataError

SCHEMA = text_format.Parse('feature { name: "user_id" type: BYTES }', schema_pb2.Schema())


def example(number):
    feature = {
        "user_id": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"u%d" % number])),
        "timestamp": tf.train.Feature(int64_list=tf.train.Int64List(value=[number])),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


@pytest.fixture
def file(tmp_path):
    path = str(tmp_path / "data-00000-of-00001.gz")
    with TFRecordWriter(path) as writer:
        writer.write(pa.array([example(number) for number in range(1000)], pa.binary()))
    return path


def times(batches):
    return [time for batch in batches for [time] in batch.column("timestamp").to_pylist()]


def test_all_rows_come_once_and_in_order_whatever_the_size_of_a_batch(file, monkeypatch):
    monkeypatch.setattr(module, "ROWS", 7)
    monkeypatch.setattr(module, "_BLOCK", 100)  # records begin in one block and end in another
    batches = list(record_batches(file))

    assert times(batches) == list(range(1000))
    assert {batch.num_rows for batch in batches} == {7, 1000 % 7}


def test_a_batch_of_large_examples_is_bounded_by_its_bytes(file, monkeypatch):
    monkeypatch.setattr(module, "BYTES", 3 * len(example(500)))

    assert max(batch.num_rows for batch in record_batches(file)) <= 4


def test_every_tenth_row_is_the_same_one_each_time(file):
    assert times(record_batches(file, every=10)) == list(range(0, 1000, 10))


def test_a_schema_says_which_features_are_decoded(file):
    [batch] = record_batches(file, SCHEMA)

    assert batch.schema.names == ["user_id"]
    assert batch.column("user_id").to_pylist()[:2] == [[b"u0"], [b"u1"]]


def test_a_file_of_several_gzip_members_is_read_to_its_end(file, tmp_path):
    twice = tmp_path / "twice.gz"
    with open(file, "rb") as one:
        twice.write_bytes(2 * one.read())

    assert times(record_batches(str(twice))) == 2 * list(range(1000))


@pytest.mark.parametrize("damage", ["cut off", "not gzip", "a record cut off"])
def test_a_damaged_file_is_named(file, damage):
    with open(file, "rb") as whole:
        content = whole.read()
    unpacked = gzip.decompress(content)
    damaged = {
        "cut off": content[:-9],
        "not gzip": b"user,item\n1,2\n",
        "a record cut off": gzip.compress(unpacked[:-3]),
    }
    with open(file, "wb") as other:
        other.write(damaged[damage])

    with pytest.raises(DataError, match=r"data-00000-of-00001\.gz: the file of examples is damaged"):
        list(record_batches(file))
