"""Has Beam read the shards of each split, and writes what TFX's StatisticsGen writes."""

import json
import os
from collections.abc import Iterator

import apache_beam as beam
import pyarrow as pa
import tensorflow as tf
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.components.statistics_gen.executor import DEFAULT_FILE_NAME
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils

from components.data_statistics.combining import Statistics
from components.inputs import split_files
from components.record_batches import record_batches
from components.whole_json import write_json

SAMPLE = "sample.json"
_INGESTED = "ingest.json"  # of MovieLensExampleGen


class Executor(base_beam_executor.BaseBeamExecutor):
    """Executes DataStatistics."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See DataStatistics."""
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        statistics = artifact_utils.get_single_instance(output_dict["statistics"])
        splits = artifact_utils.decode_split_names(examples.split_names)
        statistics.split_names = examples.split_names
        statistics.span = examples.span
        rows = _rows(examples.uri)
        every = {split: step(rows.get(split, 0), exec_properties.get("sample_rows")) for split in splits}
        shards = [
            (split, file, every[split])
            for split in splits
            for pattern in split_files([examples], split)
            for file in sorted(tf.io.gfile.glob(pattern))
        ]
        folder = statistics.uri
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "Shards" >> beam.Create(shards)
                | "Spread" >> beam.Reshuffle()
                | "Read" >> beam.FlatMapTuple(_read)
                | "Combine" >> beam.CombinePerKey(Statistics())
                | "Write" >> beam.MapTuple(lambda split, found: _write(folder, split, found))
            )
        sampled = {split: {"rows": rows.get(split), "every": every[split]} for split in splits}
        write_json(os.path.join(folder, SAMPLE), sampled)


def step(rows: int, at_most: int | None) -> int:
    """Returns the least step by which at most about `at_most` of the rows are left; 1 if all are."""
    return 1 if at_most is None or rows <= at_most else -(-rows // at_most)


def _rows(uri: str) -> dict[str, int]:
    """Returns the number of rows of each split; none where another ExampleGen did not write it down."""
    path = os.path.join(uri, _INGESTED)
    return json.loads(io_utils.read_string_file(path))["rows"] if fileio.exists(path) else {}


def _read(split: str, file: str, every: int) -> Iterator[tuple[str, pa.RecordBatch]]:
    for batch in record_batches(file, every=every):
        yield split, batch


def _write(folder: str, split: str, found: statistics_pb2.DatasetFeatureStatisticsList) -> None:
    folder = os.path.join(folder, f"Split-{split}")
    fileio.makedirs(folder)
    io_utils.write_bytes_file(os.path.join(folder, DEFAULT_FILE_NAME), found.SerializeToString())
