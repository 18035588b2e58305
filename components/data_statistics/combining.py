"""Beam's view of TFDV: record batches are combined into the statistics of a split."""

from collections.abc import Iterable
from typing import Any

import apache_beam as beam
import pyarrow as pa

# Stands in for a module that tensorflow_data_validation still imports.
import tfx.types  # noqa: F401  # isort: skip
import tensorflow_data_validation as tfdv  # isort: skip
from tensorflow_data_validation.statistics.generators import basic_stats_generator  # isort: skip
from tensorflow_metadata.proto.v0 import statistics_pb2  # isort: skip
from tfx_bsl.statistics import merge_util  # isort: skip

from components.data_statistics.top_values import TopValues


class Statistics(beam.CombineFn):
    """Combines the record batches of a split into TFDV's statistics, without any option set."""

    def __init__(self) -> None:
        options = tfdv.StatsOptions()
        basic = basic_stats_generator.BasicStatsGenerator(
            num_values_histogram_buckets=options.num_values_histogram_buckets,
            num_histogram_buckets=options.num_histogram_buckets,
            num_quantiles_histogram_buckets=options.num_quantiles_histogram_buckets,
            epsilon=options.epsilon,
        )
        self._generators = (basic, TopValues(options.num_top_values, options.num_rank_histogram_buckets))

    def create_accumulator(self) -> list[Any]:
        return [generator.create_accumulator() for generator in self._generators]

    def add_input(self, mutable_accumulator: list[Any], element: pa.RecordBatch) -> list[Any]:
        both = zip(self._generators, mutable_accumulator, strict=True)
        return [generator.add_input(found, element) for generator, found in both]

    def merge_accumulators(self, accumulators: Iterable[list[Any]]) -> list[Any]:
        by_generator = zip(*accumulators, strict=True)
        both = zip(self._generators, by_generator, strict=True)
        return [generator.merge_accumulators(list(found)) for generator, found in both]

    def compact(self, accumulator: list[Any]) -> list[Any]:
        both = zip(self._generators, accumulator, strict=True)
        return [generator.compact(found) for generator, found in both]

    def extract_output(self, accumulator: list[Any]) -> statistics_pb2.DatasetFeatureStatisticsList:
        both = zip(self._generators, accumulator, strict=True)
        return merge_util.merge_dataset_feature_statistics(
            [generator.extract_output(found) for generator, found in both]
        )
