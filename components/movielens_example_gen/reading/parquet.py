"""Parquet as columns of cells."""

import os
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tfx.dsl.io import fileio

from components.movielens_example_gen.reading.values import list_cell
from marquee.errors import DataError


def schema_of(path: str) -> pa.Schema:
    """Returns the schema of a file.

    Raises:
        DataError: it is no whole Parquet file.
    """
    with _opened(path) as file:
        return file.schema_arrow


def rows_of_groups(path: str) -> list[int]:
    """Returns the number of rows of each row group."""
    with _opened(path) as file:
        found = file.metadata
        return [found.row_group(number).num_rows for number in range(found.num_row_groups)]


def row_groups(path: str, first: int, end: int, wanted: Sequence[str]) -> dict[str, pa.Array]:
    """Returns the cells of the wanted columns in the row groups from `first` on, `end` excluded.

    Columns that the file does not have are left out. Null and NaN are empty cells, times ISO 8601.
    """
    with _opened(path) as file:
        names = [name for name in wanted if name in file.schema_arrow.names]
        table = file.read_row_groups(list(range(first, end)), names, use_threads=False)
    return {name: _cells(table[name]) for name in names}


def rows(path: str) -> Iterator[dict[str, str]]:
    """Yields the cells of each row of a whole file, by column."""
    for group in range(len(rows_of_groups(path))):
        columns = row_groups(path, group, group + 1, schema_of(path).names)
        for cells in zip(*(column.to_pylist() for column in columns.values()), strict=True):
            yield dict(zip(columns, cells, strict=True))


def _opened(path: str) -> pq.ParquetFile:
    try:
        if os.path.exists(path):
            return pq.ParquetFile(path)
        with fileio.open(path, "rb") as file:  # on another file system, whose files Arrow does not know
            return pq.ParquetFile(pa.BufferReader(file.read()))
    except (pa.ArrowInvalid, OSError) as error:
        said = str(error).splitlines()[0]
        raise DataError(f"{path}: not a whole Parquet file ({said})", "Write it again.") from None


def _cells(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    array = pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.array(map(_list, array.to_pylist()), pa.string())
    if pa.types.is_date(kind):
        array = array.cast(pa.timestamp("s"))
    if pa.types.is_timestamp(array.type):  # the moment in UTC, whatever the zone
        seconds = pc.floor_temporal(array, unit="second").cast(pa.timestamp("s", array.type.tz))
        array = seconds.cast(pa.int64()).cast(pa.timestamp("s"))
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
    try:
        return pc.fill_null(array.cast(pa.string()), "")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array(["" if value is None else str(value) for value in array.to_pylist()], pa.string())


def _list(values) -> str:
    return list_cell(["" if value is None else str(value) for value in values or ()])
