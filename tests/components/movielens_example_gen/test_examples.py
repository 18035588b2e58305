import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from movielens_files import film, person

from components.movielens_example_gen.examples import ExampleEncoder
from components.movielens_example_gen.reading.catalog import Catalog
from components.movielens_example_gen.reading.ratings import SCHEMA
from components.movielens_example_gen.shipped import shipped
from components.movielens_example_gen.tfrecord import TFRecordWriter

CATALOG = Catalog(
    items={"1": film("Toy Story (1995)", "Animation", "Comedy"), "2": film("Black Mirror")},
    users={"7": person(24.0, "M", "technician", "85711")},
    description=shipped("movielens"),
)


def encode(catalog, *rows):
    table = pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], SCHEMA)
    return ExampleEncoder(catalog).encode(table)


def values(record):
    features = tf.train.Example.FromString(record).features.feature
    return {
        name: list(getattr(feature, feature.WhichOneof("kind")).value)
        for name, feature in features.items()
        if feature.WhichOneof("kind")
    }


def test_an_example_holds_the_rating_its_user_and_its_movie():
    (record,) = encode(CATALOG, ("7", "1", 3.5, 881250949)).to_pylist()
    assert values(record) == {
        "user_id": [b"7"],
        "raw_user_age": [24.0],
        "user_gender": [b"M"],
        "user_occupation_text": [b"technician"],
        "user_zip_code": [b"85711"],
        "movie_id": [b"1"],
        "movie_title": [b"Toy Story (1995)"],
        "movie_genres": [b"Animation", b"Comedy"],
        "user_rating": [3.5],
        "timestamp": [881250949],
    }


def test_strangers_have_their_ids_and_a_movie_without_genres_has_none():
    records = encode(CATALOG, ("99", "x", 1, 0), ("7", "2", 1, 0)).to_pylist()
    stranger, quiet = map(values, records)
    assert stranger == {
        "user_id": [b"99"],
        "movie_id": [b"x"],
        "movie_title": [b"x"],
        "movie_genres": [],
        "user_rating": [1.0],
        "timestamp": [0],
    }
    assert (quiet["movie_title"], quiet["movie_genres"]) == ([b"Black Mirror"], [])


def test_a_data_set_without_users_has_no_demographics_at_all():
    (record,) = encode(Catalog(), ("7", "1", 3, 1)).to_pylist()
    assert "raw_user_age" not in tf.train.Example.FromString(record).features.feature


@pytest.mark.parametrize(
    "times",
    [[1 << 28, (1 << 35) - 1, 881250949, 1_700_000_000], [(1 << 28) - 1, 881250949], [1 << 35], [0, -1]],
)
def test_times_are_written_exactly_on_either_side_of_five_bytes(times):
    records = encode(CATALOG, *(("7", "1", 3, time) for time in times)).to_pylist()
    assert [values(record)["timestamp"] for record in records] == [[time] for time in times]
    assert all(tf.train.Example.FromString(record).ByteSize() == len(record) for record in records)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(min_size=1, max_size=200),
            st.text(min_size=1, max_size=9),
            st.floats(width=32, allow_nan=False, allow_infinity=False),
            st.integers(-(2**62), 2**62),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_tensorflow_reads_back_every_row_that_was_encoded_framed_and_packed(tmp_path_factory, rows):
    path = str(tmp_path_factory.mktemp("records") / "x.gz")
    with TFRecordWriter(path) as writer:
        writer.write(encode(CATALOG, *rows))
        writer.write(encode(CATALOG, *rows))
    found = [values(record.numpy()) for record in tf.data.TFRecordDataset(path, "GZIP")]
    assert [
        (row["user_id"][0].decode(), row["movie_id"][0].decode(), row["user_rating"][0], row["timestamp"][0])
        for row in found
    ] == rows * 2
