"""Values of features from the cells of a file, by the type that the description gives them.

A cell is text, or the text of a list (`list_cell`), which formats with lists of their own are read as.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.movielens_example_gen.reading import times
from components.movielens_example_gen.reading.times import NUMBER
from trainer.data.description import Categories, Feature, Number, Time, Vector

#: str for a category or a text, float for a number, int for a time in seconds, tuple[str, ...] for
#: categories, tuple[float, ...] for a vector.
Value: TypeAlias = Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_ITEM = "\x1e"  # in front of every member of a list
_BRACKETS = str.maketrans("", "", "[]()")
_LARGEST = float(np.finfo(np.float32).max)


class WrongCell(Exception):
    """A cell that cannot be read: the field, its value, the reason."""


def list_cell(members: Sequence[str]) -> str:
    """Returns a list as one cell; members may hold any separator."""
    return "".join(_ITEM + member.replace(_ITEM, " ") for member in members)


def plain_cell(cell: str) -> str:
    """Returns a cell without blanks around it, and with a blank for control characters."""
    return _CONTROL.sub(" ", cell).strip()


def columns_of(features: Mapping[str, Feature]) -> dict[str, str]:
    """Returns the column of each feature that has one."""
    return {key: feature.column or key for key, feature in features.items() if feature.of is None}


def value_of(key: str, feature: Feature, cell: str, unit: str, decimal: str = ".") -> Value | None:
    """Returns the value in a cell; None if it has none.

    Args:
        key: the feature's key, for the message.
        feature: its description.
        cell: the text.
        unit: unit of times: a key of `times.UNITS`, or `times.ISO`.
        decimal: decimal sign of numbers.

    Raises:
        WrongCell: the cell is none of the feature's type.
    """
    members = [plain_cell(member) for member in cell.split(_ITEM)[1:]] if cell.startswith(_ITEM) else None
    text = plain_cell(cell)
    if feature.pattern is not None:
        members, found = None, re.search(feature.pattern, text)
        text = (found[1] or "").strip() if found else ""
    if isinstance(feature, Categories):
        members = text.split(feature.separator) if members is None else members
        words = (word.strip() for word in members)
        return tuple(word for word in words if word and word not in feature.none)
    if not text or text in feature.none:
        return None
    if isinstance(feature, Number):
        return _number(key, text, decimal)
    if isinstance(feature, Vector):
        return _vector(key, feature, text, members, decimal)
    if isinstance(feature, Time):
        moment = times.seconds(text, unit)
        if moment is None:
            kind = "a time as ISO 8601 has it" if unit == times.ISO else f"a time in {unit}"
            raise WrongCell(key, text, f"is not {kind}")
        return moment
    return text


def column_of_values(key: str, feature: Feature, cells: pa.Array, unit: str, decimal: str) -> pa.Array:
    """Returns the values of a column of cells, as `TYPES` types them, null where there is none.

    Each distinct cell is read once; plain numbers are read by Arrow.

    Raises:
        ValueError: a cell is none of the feature's type.
    """
    if isinstance(feature, Number) and feature.pattern is None:
        return _numbers(feature, cells, decimal)
    coded = cells.dictionary_encode()
    try:
        values = [value_of(key, feature, cell, unit, decimal) for cell in coded.dictionary.to_pylist()]
    except WrongCell as error:
        raise ValueError from error
    return pa.array(values, type_of(feature)).take(coded.indices)


def type_of(feature: Feature) -> pa.DataType:
    """Returns the Arrow type of a feature's values."""
    if isinstance(feature, Categories):
        return pa.list_(pa.string())
    if isinstance(feature, Vector):
        return pa.list_(pa.float32())
    if isinstance(feature, Number):
        return pa.float32()
    return pa.int64() if isinstance(feature, Time) else pa.string()


def unit_of_cells(path: str, column: str, given: str, cells: Sequence[str]) -> str:
    """Returns the unit of a column of times, from the description or the first cells.

    Args:
        path: the file, for the message.
        column: its name.
        given: `auto`, or the described unit.
        cells: the first of them.

    Raises:
        DataError: the cells are of another unit than the described one, or of none that is known.
    """
    from marquee.errors import DataError

    found = times.unit_of(list(cells))
    example = next((cell for cell in cells if cell.strip()), "")
    if given == "auto":
        if found is None:
            raise DataError(
                f"{path}, {column}: {example[:40]!r} is no time: neither a number nor ISO 8601",
                "Name the column of times, or leave time out of the description.",
            )
        return found
    unit = DESCRIBED_UNITS[given]
    small = found == times.SECONDS and all(abs(float(cell)) < 1e8 for cell in cells if NUMBER.fullmatch(cell))
    if found not in (None, unit) and not small and any(cell.strip() for cell in cells):
        raise DataError(
            f"{path}, {column}: {example[:40]!r} looks like {found}, and its unit is described as {given}",
            f"Set unit to {_DESCRIBED[found]}, or to auto.",
        )
    return unit


DESCRIBED_UNITS = {
    "s": times.SECONDS, "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds", "iso": times.ISO,
}  # fmt: skip
_DESCRIBED = {unit: given for given, unit in DESCRIBED_UNITS.items()}


def _number(key: str, text: str, decimal: str) -> float:
    plain = with_point(text, decimal)
    if not NUMBER.fullmatch(plain) or not abs(float(plain)) <= _LARGEST:
        raise WrongCell(key, text, "is not a number")
    return float(plain)


def _numbers(feature: Number, cells: pa.Array, decimal: str) -> pa.Array:
    """The same of a whole column; raises ValueError or ArrowInvalid."""
    cells = plain_numbers(cells, decimal)
    missing = pc.is_in(cells, value_set=pa.array(["", *feature.none], cells.type))
    numbers = pc.if_else(missing, pa.scalar(None, cells.type), cells).cast(pa.float32())
    if not pc.all(pc.is_finite(numbers), min_count=0).as_py():
        raise ValueError("a number that is none")
    return numbers


def with_point(text: str, decimal: str) -> str:
    """Returns a number with a point as decimal sign.

    Where the sign is another, a point makes it no number: nobody can know what it stands for.
    """
    return text if decimal == "." else text.replace(".", "?").replace(decimal, ".")


def plain_numbers(cells: pa.Array, decimal: str) -> pa.Array:
    """Returns a column of numbers without blanks around them, and as `with_point` does."""
    cells = pc.utf8_trim_whitespace(cells)
    if decimal != ".":
        cells = pc.replace_substring(pc.replace_substring(cells, ".", "?"), decimal, ".")
    return cells


def _vector(key: str, feature: Vector, text: str, members: list[str] | None, decimal: str) -> Value:
    if members is None:
        text = text.translate(_BRACKETS).strip()
        members = text.split() if feature.separator == " " else text.split(feature.separator)
        if feature.separator == " " and len(members) == 1 and "," in text:
            members = text.split(",")
    if len(members) != feature.length:
        raise WrongCell(key, text, f"has {len(members)} numbers and not {feature.length}")
    return tuple(_number(key, member.strip(" ,"), decimal) for member in members)
