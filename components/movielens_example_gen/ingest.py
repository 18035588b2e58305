"""The work of a Beam worker: converts one piece of a ratings file to tf.Examples on disk."""

import contextlib
import json
import uuid
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import pyarrow as pa
from tfx.dsl.io import fileio

from components.movielens_example_gen import splits
from components.movielens_example_gen.examples import ExampleEncoder
from components.movielens_example_gen.files.data_files import Layout
from components.movielens_example_gen.files.pieces import Piece
from components.movielens_example_gen.reading import ratings, times
from components.movielens_example_gen.reading.catalog import read_catalog
from components.movielens_example_gen.reading.joins import Joins
from components.movielens_example_gen.tfrecord import TFRecordWriter
from trainer.data import columns
from trainer.data.features import SPLITS

BATCH_ROWS = 1 << 16  # bounds the memory: some 60 MB of examples at a time


@dataclass(frozen=True)
class Work:
    """A piece to ingest.

    Attributes:
        number: which of the pieces it is, from 0.
        piece: the lines.
        codes: int8[piece.rows] as bytes, each row's split; see `splits`.
    """

    number: int
    piece: Piece
    codes: bytes


class IngestPiece(beam.DoFn):
    """Reads a piece and writes `<n>-<split>.gz`, `<n>-<split>.arrow` (`trainer.data.columns`) and `<n>.json`.

    The report has `rows` by split, the `bad` rows, the least and most `stars` in train, null without any, and
    as `odd_times` what `times.of_another_unit` counts, and as `skipped` the rows left out by event type.

    What it writes appears under its name only when whole, so that a runner may try a piece again.

    Args:
        layouts: the files of the data set, or of its spans.
        joins: how ids of the ratings are spelled in the other files.
        folder: where to write.
    """

    def __init__(self, layouts: tuple[Layout, ...], joins: Joins, folder: str):
        self._layouts = layouts
        self._joins = joins
        self._folder = folder

    def setup(self):
        self._encoder = ExampleEncoder(self._joins.applied(read_catalog(*self._layouts)))

    def process(self, work: Work):
        read = ratings.read(work.piece)
        codes = np.frombuffer(work.codes, np.int8)[read.rows]
        attempt = f"{self._folder}/{work.number}-{uuid.uuid4().hex}"
        with contextlib.ExitStack() as stack:
            writers = [stack.enter_context(TFRecordWriter(f"{attempt}-{split}.gz")) for split in SPLITS]
            for start in range(0, len(codes), BATCH_ROWS):
                self._write(read.table.slice(start, BATCH_ROWS), codes[start : start + BATCH_ROWS], writers)
        for code, split in enumerate(SPLITS):
            with fileio.open(f"{attempt}-{split}.arrow", "wb") as file:
                file.write(columns.serialized(read.table.filter(pa.array(codes == code))).to_pybytes())
            for kind in ("gz", "arrow"):
                name = f"{self._folder}/{work.number}-{split}.{kind}"
                fileio.rename(f"{attempt}-{split}.{kind}", name, overwrite=True)
        sizes = np.bincount(codes[codes != splits.DROPPED], minlength=len(SPLITS))
        learned = read.table["rating"].to_numpy()[codes == splits.TRAIN_CODE]
        stars = [float(learned.min()), float(learned.max())] if len(learned) else None
        kept = read.table["timestamp"].to_numpy()[codes != splits.DROPPED]
        odd = times.of_another_unit(kept, work.piece.file.unit) if work.piece.file.time else (0, 0)
        report = {
            "rows": sizes.tolist(),
            "bad": read.bad.as_dict(),
            "stars": stars,
            "odd_times": odd,
            "skipped": read.skipped,
        }
        with fileio.open(f"{attempt}.json", "w") as file:
            file.write(json.dumps(report))
        fileio.rename(f"{attempt}.json", f"{self._folder}/{work.number}.json", overwrite=True)

    def _write(self, table, codes: np.ndarray, writers: list[TFRecordWriter]) -> None:
        for code, writer in enumerate(writers):
            chosen = np.flatnonzero(codes == code)
            if len(chosen):
                writer.write(self._encoder.encode(table.take(chosen)))
