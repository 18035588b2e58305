"""Exact counts of values, added up by Arrow."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

_SCHEMA = pa.schema({"value": pa.large_binary(), "count": pa.int64()})
#: Rows of parts that are kept before they are added up: bounds the memory.
_PENDING = 1 << 21


class ValueCounts:
    """How often each value occurs. Instances are added up and may travel between Beam's workers."""

    def __init__(self) -> None:
        self._parts: list[pa.Table] = []
        self._rows = 0
        self._summed = 0

    def add(self, values: pa.Array) -> None:
        """Counts values: an array of strings or bytes, without nulls."""
        found = values.value_counts()
        self.add_counts(found.field("values"), found.field("counts"))

    def add_counts(self, values: pa.Array, counts: pa.Array) -> None:
        """Adds how often each value occurs; a value may stand there more than once."""
        self._append(pa.table([values.cast(pa.large_binary()), counts.cast(pa.int64())], _SCHEMA))

    def merge(self, others: Iterable["ValueCounts"]) -> None:
        """Adds the counts of others."""
        for other in others:
            self._append(other.table())

    def table(self) -> pa.Table:
        """Returns one row for each value, in no order: `value`, large_binary, and `count`, int64."""
        if not self._parts:
            return _SCHEMA.empty_table()
        if len(self._parts) > 1 or not self._summed:
            whole = pa.concat_tables(self._parts)
            summed = whole.group_by("value").aggregate([("count", "sum")])
            summed = summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names])
            self._parts = [summed.select(_SCHEMA.names).combine_chunks()]
            self._rows = self._summed = summed.num_rows
        return self._parts[0]

    def _append(self, part: pa.Table) -> None:
        self._parts.append(part)
        self._rows += part.num_rows
        if self._rows > 2 * self._summed + _PENDING:
            self.table()


def most_frequent(table: pa.Table, limit: int | None = None) -> pa.Table:
    """Returns the most frequent rows of `ValueCounts.table`; of ties the greatest bytes come first."""
    order = pc.sort_indices(table, sort_keys=[("count", "descending"), ("value", "descending")])
    return table.take(order[:limit])
