"""Rows of interactions as a run reads them: every name of tf.Examples with its values."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from components.movielens_example_gen.reading import times
from components.movielens_example_gen.reading.ids import plain_id
from components.movielens_example_gen.reading.json_cells import cell_of
from components.movielens_example_gen.reading.values import WrongCell, value_of
from pipeline.inspection.looking.profiles import as_text, to_number
from pipeline.inspection.looking.tables import Table
from pipeline.inspection.proposal import Part, Proposal
from trainer.data.description import Features

Row: TypeAlias = dict[str, list[Any]]
_UNITS = {
    "s": times.SECONDS,
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "iso": times.ISO,
}


def rows_as_read(proposal: Proposal) -> Iterator[Row]:
    """Yields the interactions that were looked at: by name, the values; none where a feature has none.

    Rows whose event is left out, and rows that a run would refuse, are left out.
    """
    described, table = proposal.described, proposal.interactions
    names = described.description.names
    items = _Described(proposal.items, "item")
    users = _Described(proposal.users, "user")
    strength, moment, events = _strength(proposal), _moment(proposal), described.description.events
    context = _Reader(described.interactions.features, table)
    cells = table.columns
    event = described.interactions.event
    kinds = cells[event.column] if event else ()
    user_cells, item_cells = cells[proposal.roles.user.column], cells[proposal.roles.item.column]
    for place, (user_cell, item_cell) in enumerate(zip(user_cells, item_cells, strict=True)):
        user, item, worth = plain_id(as_text(user_cell)), plain_id(as_text(item_cell)), strength(place)
        if not user or not item or worth is None:
            continue
        yield {
            names.user: [user],
            names.item: [item],
            names.title: [items.title(item)],
            names.rating: [worth],
            names.time: [moment(place)],
            **({events.name: [as_text(kinds[place])]} if events else {}),
            **items.features(item),
            **users.features(user),
            **context.features(place),
        }


def _strength(proposal: Proposal) -> Callable[[int], float | None]:
    interactions, table = proposal.described.interactions, proposal.interactions
    if interactions.event:
        weights, events = interactions.event.weights, table.columns[interactions.event.column]
        return lambda place: weights.get(as_text(events[place]))
    column = interactions.rating.column if interactions.rating else interactions.count
    if column is None:
        return lambda place: 1.0
    cells, decimal = table.columns[column], table.format.decimal
    return lambda place: to_number(as_text(cells[place]), decimal)


def _moment(proposal: Proposal) -> Callable[[int], int]:
    time, table = proposal.described.interactions.time, proposal.interactions
    if time is None:
        return lambda place: 0
    cells, unit = table.columns[time.column], _UNITS[time.unit]
    return lambda place: times.seconds(as_text(cells[place]).strip(), unit) or 0


class _Reader:
    """Values of features in the rows of a table."""

    def __init__(self, features: Features, table: Table):
        self._features = {key: each for key, each in features.items() if each.of is None}
        self._columns = {key: table.columns[each.column or key] for key, each in self._features.items()}
        self._decimal = table.format.decimal

    def features(self, place: int) -> Row:
        """Returns the values of a row by the names of its features."""
        return {
            each.name or key: values(each, self._columns[key][place], self._decimal)
            for key, each in self._features.items()
        }

    def nothing(self) -> Row:
        """Returns no values."""
        return {each.name or key: [] for key, each in self._features.items()}


class _Described:
    """The titles and features of items or users by id."""

    def __init__(self, part: Part | None, owner: str):
        guesses = part.features.items() if part else ()
        features = {key: guess.feature for key, guess in guesses if guess.feature}
        self._reader = _Reader(features, part.table) if part else None
        self._places: dict[str, int] = {}
        self._titles: list[Any] | None = None
        if part:
            self._places = {
                plain_id(as_text(id)): place for place, id in enumerate(part.table.columns[part.id])
            }
            self._titles = part.table.columns[part.title] if part.title else None

    def title(self, id: str) -> str:
        """Returns an item's title, which is its id where no file has another."""
        if self._titles is None or id not in self._places:
            return id
        return as_text(self._titles[self._places[id]]).strip() or id

    def features(self, id: str) -> Row:
        """Returns the values of an id's features; none of those that no file describes."""
        if self._reader is None:
            return {}
        place = self._places.get(id)
        return self._reader.nothing() if place is None else self._reader.features(place)


def values(feature: Any, cell: Any, decimal: str = ".") -> list[Any]:
    """Returns the values of a feature in a cell, as a run reads them; none in a cell that it would refuse."""
    text = as_text(cell) if isinstance(cell, bytes) else cell_of(cell)
    unit = _UNITS[feature.unit] if feature.type == "time" else times.SECONDS
    try:
        found = value_of("", feature, text, unit, decimal)
    except WrongCell:
        return []
    if found is None:
        return []
    return list(found) if isinstance(found, tuple) else [found]
