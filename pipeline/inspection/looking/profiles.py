"""What the cells of one column are like: how many differ, numbers, times, lists, words."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from components.movielens_example_gen.reading import times
from components.movielens_example_gen.reading.ids import plain_id

#: Cells that say that there is no value, beside empty ones.
NO_VALUE = frozenset(("na", "n/a", "nan", "null", "none", "\\n", "-", "?", "unknown", "(no genres listed)"))
_UNITS = {"seconds": "s", "milliseconds": "ms", "microseconds": "us", "nanoseconds": "ns", times.ISO: "iso"}
_FIRST_CELLS = 1_000
_FEW = 0.01
_EARLIEST, _LATEST = 3e8, 4.2e9  # 1979 to 2103, in seconds
_DAY_FIRST = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2})(\D.*)?", re.ASCII)


@dataclass(frozen=True)
class Profile:
    """What the cells of a column are like.

    Attributes:
        name: the column's name.
        cells: its cells, as read.
        decimal: the decimal sign of its numbers.
    """

    name: str
    cells: tuple[Any, ...]
    decimal: str = "."

    @cached_property
    def present(self) -> list[Any]:
        """Returns the cells that are not empty."""
        return [cell for cell in self.cells if not _is_empty(cell)]

    @cached_property
    def none_words(self) -> tuple[str, ...]:
        """Returns the words in it that say that there is no value."""
        if self.lists:
            return ()
        return tuple(sorted({word for word in self.counts if word.casefold() in NO_VALUE}))

    @cached_property
    def missing(self) -> float:
        """Returns the share of cells without a value."""
        absent = len(self.cells) - len(self.present) + sum(self.counts[word] for word in self.none_words)
        return absent / len(self.cells) if self.cells else 0.0

    @cached_property
    def lists(self) -> bool:
        """Tells whether the cells are lists."""
        return bool(self.present) and all(isinstance(cell, list | tuple) for cell in self.present)

    @cached_property
    def nested(self) -> bool:
        """Tells whether cells are objects, which no feature is."""
        return any(isinstance(cell, dict) for cell in self.present)

    @cached_property
    def counts(self) -> Counter[str]:
        """Returns how often each value occurs, as text; of lists, each of their members."""
        if self.lists:
            return Counter(as_text(each) for cell in self.present for each in cell)
        return Counter(as_text(cell) for cell in self.present)

    @cached_property
    def values(self) -> Counter[str]:
        """Returns the same without the words that say that there is no value."""
        return Counter({value: count for value, count in self.counts.items() if value not in self.none_words})

    @property
    def distinct(self) -> int:
        """Returns the number of different values."""
        return len(self.values)

    @cached_property
    def ids(self) -> frozenset[str]:
        """Returns the different values as ids."""
        return frozenset(plain_id(value) for value in self.counts) if not self.lists else frozenset()

    @cached_property
    def unique(self) -> float:
        """Returns the number of different values per row that has one, at most 1."""
        return self.distinct / max(1, self.values.total())

    @cached_property
    def _parsed(self) -> dict[str, float | None]:
        return {value: to_number(value, self.decimal) for value in self.values}

    @cached_property
    def numbers(self) -> np.ndarray | None:
        """Returns the different values as float64, ascending; None if more than a few are no numbers."""
        if self.lists or self.nested or not self.values:
            return None
        others = sum(self.values[value] for value, number in self._parsed.items() if number is None)
        plain = [number for number in self._parsed.values() if number is not None]
        return np.unique(np.array(plain, np.float64)) if others <= _FEW * self.values.total() else None

    @cached_property
    def no_numbers(self) -> tuple[str, ...]:
        """Returns the few values among numbers that are none."""
        if self.numbers is None:
            return ()
        return tuple(value for value, number in self._parsed.items() if number is None)

    @cached_property
    def median(self) -> float:
        """Returns the median of the numbers, each as often as it occurs."""
        found = [(number, self.values[value]) for value, number in self._parsed.items() if number is not None]
        numbers, counts = zip(*found, strict=True)
        return float(np.median(np.repeat(numbers, counts)))

    @property
    def integers(self) -> bool:
        """Tells whether all are whole numbers."""
        return self.numbers is not None and bool((self.numbers == np.round(self.numbers)).all())

    @cached_property
    def step(self) -> float | None:
        """Returns the distance that all differences of numbers are multiples of; None if there is none."""
        if self.numbers is None or len(self.numbers) < 2:
            return None
        step = float(np.diff(self.numbers).min())
        places = (self.numbers - self.numbers[0]) / step
        return step if np.abs(places - np.round(places)).max() < 1e-6 else None

    @property
    def levels(self) -> int | None:
        """Returns how many numbers there are from the least to the greatest in steps."""
        if self.numbers is None or self.step is None:
            return None
        return round((self.numbers[-1] - self.numbers[0]) / self.step) + 1

    @cached_property
    def time_unit(self) -> str | None:
        """Returns the unit if the cells are times, as the configuration writes it."""
        if self.lists or self.nested:
            return None
        cells = [as_text(cell).strip() for cell in self.present[:_FIRST_CELLS]]
        unit = times.unit_of(cells) if cells else None
        if unit is None:
            return None
        if unit == times.ISO:
            told = sum(times.iso_seconds(cell) is not None for cell in cells)
            return "iso" if told >= 0.95 * len(cells) else None
        moments = [times.seconds(cell, unit) for cell in cells]
        good = [moment for moment in moments if moment is not None and _EARLIEST < moment < _LATEST]
        return _UNITS[unit] if len(good) >= 0.95 * len(cells) else None

    @cached_property
    def days_first(self) -> bool:
        """Tells whether the cells are dates such as 31.12.2020 and 12/31/2020, which are not read."""
        cells = [as_text(cell).strip() for cell in self.present[:_FIRST_CELLS]]
        return bool(cells) and sum(bool(_DAY_FIRST.fullmatch(cell)) for cell in cells) >= 0.95 * len(cells)

    @cached_property
    def words(self) -> float:
        """Returns the mean number of words in a cell."""
        total = self.values.total()
        return sum(len(value.split()) * count for value, count in self.values.items()) / max(1, total)

    @cached_property
    def lengths(self) -> tuple[int, int]:
        """Returns the length of the shortest and the longest list."""
        lengths = [len(cell) for cell in self.present] if self.lists else [0]
        return min(lengths, default=0), max(lengths, default=0)

    @cached_property
    def in_runs(self) -> bool:
        """Tells whether equal cells stand together, as in a file that is sorted by the column."""
        changes = sum(one != other for one, other in zip(self.cells, self.cells[1:], strict=False)) + 1
        return self.distinct > 1 and changes <= 1.05 * self.distinct and self.distinct < 0.9 * len(self.cells)


def as_text(cell: Any) -> str:
    """Returns a cell as text, as an id or a word is written."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


def to_number(text: str, decimal: str = ".") -> float | None:
    """Returns a cell as a number; None if it is none."""
    text = text.strip()
    if decimal == ",":
        text = text.replace(",", ".")
    return float(text) if times.NUMBER.fullmatch(text) else None


def _is_empty(cell: Any) -> bool:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return True
    return isinstance(cell, str | list | tuple) and not (cell.strip() if isinstance(cell, str) else cell)
