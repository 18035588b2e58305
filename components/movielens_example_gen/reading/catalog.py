"""The items and the users of a data set, by id.

What data sets leave open is settled here:
- an item that no file describes has its id for a title and no features;
- several items may share a title (in 100K 18 do): they stay apart by their ids;
- a user whom no file describes has no features, and neither has anybody in a data set without a users file.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice

from components.movielens_example_gen.description import Items
from components.movielens_example_gen.files.data_files import Layout, TableFile
from components.movielens_example_gen.reading import times
from components.movielens_example_gen.reading.bad_rows import BadRow, BadRows
from components.movielens_example_gen.reading.columns import MOVIE_COLUMNS, USER_COLUMNS
from components.movielens_example_gen.reading.ids import plain_id, wrong_with
from components.movielens_example_gen.reading.special import mended_items, mended_users
from components.movielens_example_gen.reading.tables import (
    Row,
    lines_of_text,
    rows_of_described,
    rows_of_table,
)
from components.movielens_example_gen.reading.values import (
    Value,
    WrongCell,
    columns_of,
    plain_cell,
    unit_of_cells,
    value_of,
)
from trainer.data.description import Description, Features, Time

_SAMPLE = 1000

#: Values of features by key; features without a value are left out.
Values = Mapping[str, Value]


@dataclass(frozen=True)
class Item:
    """An item's title, for MovieLens "Title (year)", and the values of its features."""

    title: str
    features: Values = field(default_factory=dict)


@dataclass
class Catalog:
    """Items and users by id, and the description of their features.

    `users` is None where the data set has no file of users. `bad` are the lines that could not be read,
    `notes` what the user should know of how the files were read, in sentences.
    """

    items: dict[str, Item] = field(default_factory=dict)
    users: dict[str, Values] | None = None
    description: Description = field(default_factory=Description)
    bad: BadRows = field(default_factory=BadRows)
    notes: list[str] = field(default_factory=list)


def read_catalog(*layouts: Layout) -> Catalog:
    """Reads the items and users of a data set, or of its spans; the last description of an id counts.

    Raises:
        DataError: a file is no text, or its header lacks a column that is needed.
    """
    users: dict[str, Values] = {}
    catalog = Catalog(
        users=users if any(layout.users for layout in layouts) else None, description=layouts[-1].description
    )
    for layout in layouts:
        for file in layout.items:
            _read_items(file, catalog)
        for file in layout.users:
            _read_users(file, catalog)
    return catalog


def _read_items(file: TableFile, catalog: Catalog) -> None:
    described = file.described
    id, title = ("movie", "title") if described is None else (described.id, None)
    if isinstance(described, Items):
        title = described.title
    label = id if described and not file.special else "movie id"
    features = catalog.description.item_features
    rows = _rows(file, "items", MOVIE_COLUMNS, mended_items(file), catalog)

    def keep(plain: str, cells: dict[str, str], values: Values) -> None:
        catalog.items[plain] = Item((title and plain_cell(cells.get(title, ""))) or plain, values)

    _keep(rows, file, id, label, features, keep, catalog.bad)


def _read_users(file: TableFile, catalog: Catalog) -> None:
    users = catalog.users
    assert users is not None  # it is there as soon as one layout has users
    id = "user" if file.described is None else file.described.id
    label = id if file.described and not file.special else "user id"
    features = catalog.description.user_features
    rows = _rows(file, "users", USER_COLUMNS, mended_users(file), catalog)

    def keep(plain: str, cells: dict[str, str], values: Values) -> None:
        users[plain] = values

    _keep(rows, file, id, label, features, keep, catalog.bad)


def _rows(file: TableFile, key: str, wanted: Mapping, mended: Callable, catalog: Catalog) -> Iterator:
    """Yields the number and the named cells of each row, or what is wrong with it."""
    rows: Iterable[Row]
    if file.described is None:
        rows = rows_of_table(file.path, wanted, catalog.bad, catalog.notes)
    elif file.special:  # 100K and 1M were written before UTF-8 was usual
        given = file.described.format
        assert given.separator is not None  # as Marquee ships them
        assert given.columns is not None
        rows = lines_of_text(file.path, given.separator, given.columns, catalog.bad, file.shown)
    else:
        rows = rows_of_described(file.path, file.shown, file.described, key, catalog.bad)
    for line, cells in rows:
        try:
            yield line, mended({name: _stripped(cell) for name, cell in cells.items()})
        except WrongCell as error:
            catalog.bad.add(BadRow(file.shown, line, *error.args))


def _stripped(cell: str) -> str:
    return cell if cell.startswith("\x1e") else plain_cell(cell)


def _keep(
    rows: Iterator[Row],
    file: TableFile,
    id: str,
    label: str,
    features: Features,
    keep: Callable,
    bad: BadRows,
) -> None:
    columns = columns_of(features)
    decimal = file.described.format.decimal if file.described else "."
    moments = {key: feature for key, feature in features.items() if isinstance(feature, Time)}
    first = list(islice(rows, _SAMPLE)) if moments else []
    units = {
        key: unit_of_cells(file.shown, columns[key], feature.unit, _sample(first, columns[key], feature))
        for key, feature in moments.items()
    }
    for line, cells in chain(first, rows):
        plain = plain_id(cells[id])
        if wrong := wrong_with(plain):
            bad.add(BadRow(file.shown, line, label, cells[id], wrong))
            continue
        values: dict[str, Value] = {}
        try:
            for key, column in columns.items():
                unit = units.get(key, times.SECONDS)
                value = value_of(key, features[key], cells.get(column, ""), unit, decimal)
                if value not in (None, ()):
                    values[key] = value
        except WrongCell as error:
            bad.add(BadRow(file.shown, line, *error.args))
            continue
        keep(plain, cells, values)


def _sample(rows: list[Row], column: str, feature: Time) -> list[str]:
    cells = (cells.get(column, "").strip() for _, cells in rows)
    return [cell for cell in cells if cell and cell not in feature.none]
