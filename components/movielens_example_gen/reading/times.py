"""Recognition of the unit of a file's times from the first values, and conversion to seconds.

Unix time in seconds, milliseconds, microseconds and nanoseconds is told apart by its size: between 1973 and
5138 none of them can be another. What is neither may be ISO 8601, also without hyphens: 20120131, or
that and the time of day in fourteen digits.
"""

import datetime
import re
import statistics

import numpy as np
import pyarrow as pa

NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
SECONDS, ISO = "seconds", "ISO 8601"
# By unit, how many make a second. From 10^11 on it is not seconds, from 10^14 on not milliseconds, and so on.
UNITS = {SECONDS: 1, "milliseconds": 1_000, "microseconds": 1_000_000, "nanoseconds": 1_000_000_000}
_FIRST = 1e11
_DAY = r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
DAY = re.compile(_DAY, re.ASCII)
DAY_AND_TIME = re.compile(rf"(?P<day>{_DAY})(?P<time>([01]\d|2[0-3])[0-5]\d[0-5]\d)", re.ASCII)
_EARLY = 1e8  # March 1973: a number that comes out before it is of a smaller unit than it was taken for
LATEST = 2.0**53  # a time is read as a double: beyond this it would no longer be the number in the file


def unit_of(values: list[str]) -> str | None:
    """Recognises the unit of a column of times, one for the whole file.

    Args:
        values: the first cells of the column.

    Returns:
        A key of UNITS, ISO, or None where the cells are neither numbers nor dates.
    """
    cells = [cell for cell in (value.strip() for value in values) if cell]
    if cells and (all(map(DAY.fullmatch, cells)) or all(map(DAY_AND_TIME.fullmatch, cells))):
        return ISO
    numbers = [abs(float(cell)) for cell in cells if NUMBER.fullmatch(cell)]
    if 2 * len(numbers) < len(cells):
        return ISO if 2 * sum(iso_seconds(cell) is not None for cell in cells) >= len(cells) else None
    middle = statistics.median(number for number in numbers if number) if any(numbers) else 0
    for place, unit in enumerate(UNITS):
        if middle < _FIRST * 1_000**place:
            return unit
    return "nanoseconds"


def in_other_units(values: list[str], unit: str) -> int:
    """How many of the cells are of the size of another unit than that of the file; zero is of every size."""
    cells = [cell for cell in (value.strip() for value in values) if NUMBER.fullmatch(cell) and float(cell)]
    return 0 if unit == ISO else sum(unit_of([cell]) != unit for cell in cells)


def iso_seconds(text: str) -> int | None:
    """Returns the seconds since 1970 of an ISO 8601 time, UTC without a zone; None if it is not a time."""
    if digits := DAY_AND_TIME.fullmatch(text):
        text = f"{digits['day']}T{digits['time']}"
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(seconds=1)


def seconds(text: str, unit: str) -> int | None:
    """Converts a cell to seconds since 1970; None if it is not a time."""
    if unit == ISO:
        return iso_seconds(text)
    if not NUMBER.fullmatch(text) or not abs(float(text)) <= LATEST * UNITS[unit]:
        return None
    return int(float(text) // UNITS[unit]) if unit != SECONDS else int(float(text))


def of_another_unit(seconds: np.ndarray, unit: str) -> tuple[int, int]:
    """How many times of a file came out beyond the year 5138, and how many, zeros apart, before March 1973.

    Args:
        seconds: int64[n], as read.
        unit: that of the file. Of dates none is counted; and one in seconds may well be early.
    """
    if unit == ISO:
        return 0, 0
    size = np.abs(seconds)
    early = 0 if unit == SECONDS else int(((size < _EARLY) & (size > 0)).sum())
    return int((size >= _FIRST).sum()), early


def column_seconds(column: pa.Array, unit: str) -> pa.Array:
    """The same of a column of text.

    Raises:
        ArrowInvalid, ValueError: a cell is no time.
    """
    import pyarrow.compute as pc

    if unit == ISO:
        column = _hyphenated(column)
        try:
            moments = column.cast(pa.timestamp("us"))
        except pa.ArrowInvalid:
            moments = column.cast(pa.timestamp("us", "UTC"))
        return pc.cast(pc.floor_temporal(moments, unit="second"), pa.timestamp("s", moments.type.tz)).cast(
            pa.int64()
        )
    number = column.cast(pa.float64())
    if not pc.all(pc.less_equal(pc.abs(number), LATEST * UNITS[unit])).as_py():
        raise ValueError
    if not pc.all(pc.is_finite(number)).as_py():
        raise ValueError
    if unit != SECONDS:
        number = pc.floor(pc.divide(number, float(UNITS[unit])))
    return number.cast(pa.int64(), safe=False)


def _hyphenated(column: pa.Array) -> pa.Array:
    """Dates that are digits alone in the form that Arrow reads; others as they are."""
    import pyarrow.compute as pc

    if not len(column) or "-" in column[0].as_py():
        return column
    column = pc.replace_substring_regex(column, r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3")
    whole = r"^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$"
    return pc.replace_substring_regex(column, whole, r"\1-\2-\3T\4:\5:\6")
