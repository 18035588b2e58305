"""Described interactions as cells, to deliver them in spans as their own description reads them."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.description import Described
from components.movielens_example_gen.files.data_files import Layout
from components.movielens_example_gen.files.pieces import Piece
from components.movielens_example_gen.reading.cells import columns_of_piece, rows_of_piece
from components.movielens_example_gen.reading.values import DESCRIBED_UNITS, columns_of
from marquee.errors import DataError
from trainer.data.description import Number, Vector

FILE = "interactions.parquet"
_UNITS = {unit: given for given, unit in DESCRIBED_UNITS.items()}


@dataclass(frozen=True)
class DescribedCells:
    """The cells of interactions, in the order of time, and the files of items and users.

    Attributes:
        rows: text, a column for each that the description names.
        tables: files of items and users beside the interactions: their path within the data set, and where
            they are.
        unit: the unit of times, as `data.interactions.time.unit` names it.
    """

    rows: pa.Table
    tables: dict[str, str]
    unit: str

    @classmethod
    def of(
        cls, path: str, layout: Layout, described: Described, pieces: Sequence[tuple[Piece, np.ndarray]]
    ) -> "DescribedCells":
        """Reads the cells of pieces again.

        Args:
            path: the data set.
            layout: its files.
            described: its description.
            pieces: of each, the rows that could be read.

        Raises:
            DataError: the files have times in several units.
        """
        units = sorted({file.unit for file in layout.ratings})
        if len(units) > 1:
            raise DataError(
                f"{path}: times in {' and in '.join(units)}, in different files",
                "A simulation delivers them as one file: write all times in one unit.",
            )
        interactions = {file.path for file in layout.ratings}
        base = path if os.path.isdir(path) else os.path.dirname(path)
        files = {file.path for file in (*layout.items, *layout.users)} - interactions
        wanted = _columns(described)
        tables = [_cells(piece, rows, wanted) for piece, rows in pieces]
        commas = _numbers(described) if described.interactions.format.decimal == "," else ()
        return cls(
            _with_points(pa.concat_tables(tables), commas),
            {os.path.relpath(file, base): file for file in sorted(files)},
            _UNITS[units[0]],
        )

    def in_order(self, order: np.ndarray) -> "DescribedCells":
        """Returns the rows of the given places alone, in their order."""
        return DescribedCells(self.rows.take(pa.array(order)), self.tables, self.unit)

    def write_tables(self, folder: Path) -> None:
        """Copies the files of items and users."""
        for name, source in self.tables.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f"{target.name}.part")
            shutil.copyfile(source, part)
            os.replace(part, target)

    def write_span(self, first: int, end: int, folder: Path) -> None:
        """Writes the rows from `first` on, `end` excluded."""
        pq.write_table(self.rows.slice(first, end - first), folder / FILE)

    def settings(self, config: DataConfig) -> dict[str, Any]:
        """Returns the settings by which a configuration reads the spans, by path in it with `__`."""
        found: dict[str, Any] = {
            "data__interactions__path": FILE,
            "data__interactions__format": {"kind": "parquet"},
            "data__interactions__time__unit": self.unit,
        }
        for key, table in (("items", config.items), ("users", config.users)):
            if table is not None and _within_interactions(table, config):
                found |= {f"data__{key}__path": FILE, f"data__{key}__format": {"kind": "parquet"}}
        return found


def _within_interactions(table: Any, config: Any) -> bool:
    """Tells whether items or users are described in the files of the interactions."""
    return table.path in (None, config.interactions.path)


def _columns(described: Described) -> list[str]:
    given = described.interactions
    strength = given.rating.column if given.rating else given.count or (given.event and given.event.column)
    named = [given.user, given.item, strength, given.time and given.time.column]
    columns = [*(name for name in named if name), *columns_of(given.features).values()]
    for table in (described.items, described.users):
        if table is not None and _within_interactions(table, described):
            columns += [table.id, *columns_of(table.features).values()]
            columns += [title] if (title := getattr(table, "title", None)) else []
    return list(dict.fromkeys(columns))


def _numbers(described: Described) -> tuple[str, ...]:
    """Returns the columns that hold numbers."""
    given = described.interactions
    strength = given.rating.column if given.rating else given.count
    kept = {key: each for key, each in given.features.items() if isinstance(each, Number | Vector)}
    return tuple(name for name in (strength, *columns_of(kept).values()) if name)


def _cells(piece: Piece, rows: np.ndarray, wanted: Sequence[str]) -> pa.Table:
    data = b"" if piece.file.kind == "parquet" else piece.read()
    found = columns_of_piece(data, piece, wanted)
    if found is not None:
        arrays = [found[name].cast(pa.string()) for name in wanted]
        return pa.table(arrays, names=list(wanted)).take(pa.array(rows))
    kept = set(rows.tolist())
    cells = [cells for row, _, cells, wrong in rows_of_piece(data, piece) if not wrong and row in kept]
    return pa.table({name: pa.array([each.get(name, "") for each in cells], pa.string()) for name in wanted})


def _with_points(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Returns the table with points for decimal commas: a Parquet file has no decimal sign of its own."""
    for name in columns:
        place = table.schema.get_field_index(name)
        cells = [cell.replace(",", ".") for cell in table.column(place).to_pylist()]
        table = table.set_column(place, name, pa.array(cells, pa.string()))
    return table
