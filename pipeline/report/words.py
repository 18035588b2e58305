"""Formats numbers, times and lists for readers."""

import datetime
import math
from collections.abc import Iterable

from pipeline.store.duration import duration as plain_duration

NOTHING = "–"


def number(value: float | None, digits: int = 4) -> str:
    """Formats a number: `0.9198`, `12,345`; `–` for None and NaN."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if isinstance(value, int) or (abs(value) >= 1000 and float(value).is_integer()):
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}f}"


def short(value: object) -> str:
    """Formats the value of a setting, with four significant digits."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(short(each) for each in value) or "none"
    return NOTHING if value is None else str(value)


def share(value: float | None) -> str:
    """Formats a share: `12.3 %`."""
    return NOTHING if value is None or not math.isfinite(value) else f"{100 * value:.1f} %"


def signed(value: float | None, digits: int = 4) -> str:
    """Formats a number with its sign: `+0.0012`, `−0.0012`, `±0`."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if round(value, digits) == 0:
        return "±0"
    return f"{'+' if value > 0 else '−'}{abs(value):.{digits}f}"


def duration(seconds: float | None) -> str:
    """Formats a duration: `0.3 s`, `12 s`, `2 min 5 s`, `1 h 2 min`."""
    return NOTHING if seconds is None or not math.isfinite(seconds) else plain_duration(seconds)


def day(seconds: float | None) -> str:
    """Formats Unix seconds as a date in UTC, so that the text is the same for every reader."""
    return _utc(seconds, "%Y-%m-%d")


def moment(seconds: float | None) -> str:
    """Formats Unix seconds as date and time in UTC, to the minute."""
    return _utc(seconds, "%Y-%m-%d %H:%M UTC")


def interval(low: float | None, high: float | None, digits: int = 4) -> str:
    """Formats an interval: `0.2133 to 0.2626`."""
    if low is None or high is None or not math.isfinite(low) or not math.isfinite(high):
        return NOTHING
    return f"{low:.{digits}f} to {high:.{digits}f}"


def listing(names: Iterable[str]) -> str:
    """Joins names: `a, b and c`."""
    *first, last = list(names) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def plural(count: int, thing: str, things: str = "") -> str:
    """Formats a count with its noun: `1 node`, `3 nodes`; `things` is the plural, without it with an s."""
    return f"{count:,} {thing if count == 1 else things or f'{thing}s'}"


def _utc(seconds: float | None, form: str) -> str:
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime(form)
    except (ValueError, OverflowError, OSError):
        return "before year 1" if seconds < 0 else "after year 9999"
