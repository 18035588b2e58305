"""Small described data sets, and what ingestion makes of them without a pipeline."""

import gzip
import json
from pathlib import Path

import tensorflow as tf

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.examples import ExampleEncoder
from components.movielens_example_gen.files import sources
from components.movielens_example_gen.files.pieces import cut
from components.movielens_example_gen.reading import ratings
from components.movielens_example_gen.reading.catalog import read_catalog
from components.movielens_example_gen.spans import recognise_all


def shop(path, **data) -> DataConfig:
    """A shop's own data; interactions are of `who` and `what` unless said otherwise."""
    interactions = {"user": "who", "item": "what", **data.pop("interactions", {})}
    return DataConfig.checked(
        {
            "dataset": "custom",
            "path": str(path),
            "split": {"kind": "random"},
            "interactions": interactions,
            **data,
        }
    )


def read(config: DataConfig, cache: Path | None = None):
    """Rows as read, and the bad ones as text; files that need it are unpacked into `cache`."""
    path = sources.locate(config, cache).path if cache else config.path
    rows, bad, skipped = [], [], {}
    for piece in cut(recognise_all(str(path), config)[-1].ratings, config.shards):
        found = ratings.read(piece)
        rows += found.table.to_pylist()
        bad += map(str, found.bad.samples)
        skipped.update(found.skipped)
    return rows, bad, skipped


def plain(rows) -> list[tuple]:
    """Rows as (user, item, strength, time)."""
    return [(row["user"], row["movie"], row["rating"], row["timestamp"]) for row in rows]


def catalog(config: DataConfig, cache: Path | None = None):
    path = sources.locate(config, cache).path if cache else config.path
    return read_catalog(*recognise_all(str(path), config))


def examples(config: DataConfig) -> list[dict]:
    """The tf.Examples of all rows, as features by name."""
    encoder = ExampleEncoder(catalog(config))
    found = []
    for piece in cut(recognise_all(config.path, config)[-1].ratings, config.shards):
        found += map(values, encoder.encode(ratings.read(piece).table).to_pylist())
    return found


def values(record: bytes) -> dict:
    features = tf.train.Example.FromString(record).features.feature
    return {
        name: list(getattr(feature, feature.WhichOneof("kind")).value) if feature.WhichOneof("kind") else []
        for name, feature in features.items()
    }


def records(file: Path) -> list[dict]:
    return [values(record) for record in tf.data.TFRecordDataset(str(file), "GZIP").as_numpy_iterator()]


def lines(*objects) -> str:
    return "".join(json.dumps(each) + "\n" for each in objects)


def zipped(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)
