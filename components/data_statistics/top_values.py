"""A generator of TFDV that counts the values of texts exactly, as TFDV's own does in Beam, but by Arrow."""

from collections.abc import Iterable

import pyarrow as pa

# Stands in for a module that tensorflow_data_validation still imports.
import tfx.types  # noqa: F401  # isort: skip
from tensorflow_data_validation import types  # isort: skip
from tensorflow_data_validation.arrow import arrow_util  # isort: skip
from tensorflow_data_validation.statistics.generators import stats_generator  # isort: skip
from tensorflow_data_validation.utils import stats_util, top_k_uniques_stats_util  # isort: skip
from tensorflow_metadata.proto.v0 import statistics_pb2  # isort: skip
from tfx_bsl.arrow import array_util  # isort: skip

from components.value_counts import ValueCounts, most_frequent

Counted = dict[types.FeaturePath, ValueCounts]


class TopValues(stats_generator.CombinerStatsGenerator):
    """Counts distinct values and finds the most frequent ones.

    TFDV's TopKUniquesStatsGenerator gives the same numbers by a Beam transform over single values.
    TopKUniquesSketchStatsGenerator is a combiner like this one, but its numbers are estimates.

    Args:
        top_values: number of most frequent values to name.
        buckets: number of values in the histogram by rank.
    """

    def __init__(self, top_values: int, buckets: int):
        super().__init__("TopValues")
        self._top_values, self._buckets = top_values, buckets

    def create_accumulator(self) -> Counted:
        return {}

    def add_input(self, accumulator: Counted, input_record_batch: pa.RecordBatch) -> Counted:
        for path, column, _ in arrow_util.enumerate_arrays(
            input_record_batch, example_weight_map=None, enumerate_leaves_only=True
        ):
            kind = stats_util.get_feature_type_from_arrow_type(path, column.type)
            if kind == statistics_pb2.FeatureNameStatistics.STRING:
                values, _ = array_util.flatten_nested(column)
                accumulator.setdefault(path, ValueCounts()).add(values)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Counted]) -> Counted:
        merged: Counted = {}
        for accumulator in accumulators:
            for path, counts in accumulator.items():
                merged.setdefault(path, ValueCounts()).merge([counts])
        return merged

    def compact(self, accumulator: Counted) -> Counted:
        for counts in accumulator.values():
            counts.table()
        return accumulator

    def extract_output(self, accumulator: Counted) -> statistics_pb2.DatasetFeatureStatistics:
        result = statistics_pb2.DatasetFeatureStatistics()
        for path, counts in accumulator.items():
            table = counts.table()
            if not table.num_rows:
                continue
            top = most_frequent(table, max(self._top_values, self._buckets)).to_pylist()
            result.features.add().CopyFrom(
                top_k_uniques_stats_util.make_feature_stats_proto_topk_uniques(
                    feature_path=path,
                    num_top_values=self._top_values,
                    num_rank_histogram_buckets=self._buckets,
                    num_unique=table.num_rows,
                    value_count_list=[
                        top_k_uniques_stats_util.FeatureValueCount(row["value"], row["count"]) for row in top
                    ],
                )
            )
        return result
