"""Examples of described data, with what counts of words may stumble over: ties, breaks, bytes, nothing."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from trainer.data.description import Description

DESCRIPTION = Description.model_validate(
    {
        "item_features": {
            "genres": {"type": "categories", "name": "movie_genres"},
            "plot": {"type": "text", "name": "movie_plot", "limit": 7},
            "studio": {"type": "category", "name": "movie_studio", "prefix": 2},
            "empty": {"type": "category", "name": "movie_empty"},
            "size": {"type": "category", "name": "movie_size", "values": ["s", "l"]},
            "unknown": {"type": "category", "name": "not_in_the_schema"},
        }
    }
)
ONE, SOME = "shape {}", "value_count { min: 0 }"
SCHEMA = "\n".join(
    f'feature {{ name: "{name}" type: {kind} presence {{ min_count: {int(shape == ONE)} '
    f"min_fraction: {int(shape == ONE)} }} {shape} }}"
    for name, kind, shape in [
        ("user_id", "BYTES", ONE), ("movie_id", "BYTES", ONE), ("movie_title", "BYTES", ONE),
        ("user_rating", "FLOAT", ONE), ("timestamp", "INT", ONE), ("movie_genres", "BYTES", SOME),
        ("movie_plot", "BYTES", SOME), ("movie_studio", "BYTES", SOME), ("movie_empty", "BYTES", SOME),
        ("movie_size", "BYTES", SOME),
    ]
)  # fmt: skip
#: Titles with what TFT leaves out, and bytes that are no UTF-8; each as often as others.
TITLES = [b"Heat", "Amélie".encode(), b"two\nlines", b"carriage\rreturn", b"", b"\xff\xfe", b" Heat", b"heat"]
PLOTS = [
    ["A boy. A girl; a BOY!"],
    ["Ein Mädchen – ÉTÉ"],
    [],
    [""],
    ["a_b c"],
    ["girl meets boy\nmeets girl"],
]
STUDIOS = [["Éclair"], ["Écran"], ["MGM"], [], ["A"], [""]]


def rows(split):
    random = np.random.default_rng(len(split))
    for number in range(300 if split == "train" else 20):
        item = int(random.integers(0, 24))
        yield {
            "user_id": [b"u%d" % random.integers(0, 40)],
            "movie_id": [b"%d" % item],
            "movie_title": [TITLES[item % len(TITLES)] if split == "train" else b"only held out"],
            "user_rating": [float(number % 5 + 1)],
            "timestamp": [number],
            "movie_genres": [[b"Drama", b"Comedy"], [b"Drama"], [], [b"a\nb", b""]][item % 4],
            "movie_plot": [text.encode() for text in PLOTS[item % len(PLOTS)]],
            "movie_studio": [text.encode() for text in STUDIOS[item % len(STUDIOS)]],
            "movie_empty": [],
            "movie_size": [b"s"],
        }


def serialized(row):
    lists = {bytes: (tf.train.BytesList, "bytes_list"), float: (tf.train.FloatList, "float_list")}
    feature = {}
    for name, values in row.items():
        make, kind = lists.get(type(values[0]) if values else bytes, (tf.train.Int64List, "int64_list"))
        feature[name] = tf.train.Feature(**{kind: make(value=values)})
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def write_examples(folder: Path) -> Path:
    """Writes `Split-train` in three shards, and `Split-eval` and `Split-test`."""
    for split in ("train", "eval", "test"):
        (folder / f"Split-{split}").mkdir(parents=True)
        records = [serialized(row) for row in rows(split)]
        for shard, start in enumerate(range(0, len(records), 130)):
            path = folder / f"Split-{split}" / f"data_tfrecord-{shard:05d}-of-00003.gz"
            with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions(compression_type="GZIP")) as writer:
                for record in records[start : start + 130]:
                    writer.write(record)
    return folder
