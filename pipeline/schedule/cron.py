"""A crontab's five fields, and optionally seconds, as times; with errors that name the field.

What cron means is kept where APScheduler means something else: Sunday is 0 or 7, and where both the day of
the month and the day of the week are given, either of them is enough (crontab(5)).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import timezone as FixedOffset

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from trainer.errors import ConfigError

_PIECE = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True)
class Field:
    """One field as written, and the numbers that it stands for, rising; days of the week from Sunday, 0."""

    text: str
    values: tuple[int, ...]

    @property
    def restricted(self) -> bool:
        """Whether it is more than a star; cron looks at the first letter only."""
        return not self.text.startswith("*")


@dataclass(frozen=True)
class Cron:
    """When to run.

    Args:
        text: as given.
        minute, hour, day, month, weekday, second: its fields.
        timezone: whose clock it is; None is this machine's, or that of the environment's TZ.
    """

    text: str
    minute: Field
    hour: Field
    day: Field
    month: Field
    weekday: Field
    second: Field
    timezone: tzinfo | None = None

    @classmethod
    def parse(cls, text: str, timezone: tzinfo | None = None) -> "Cron":
        """Reads `minute hour day month weekday [second]`.

        Raises:
            ConfigError: too many fields or too few, a value that a field does not take, a date that never
                comes.
        """
        parts = text.split()
        if len(parts) not in (5, 6):
            raise ConfigError(
                f"--cron {text!r} has {len(parts)} field{'' if len(parts) == 1 else 's'}",
                'five are needed: minute, hour, day of month, month, day of week, as in "0 3 * * *"; '
                "a sixth one is seconds",
            )
        second = parts[5] if len(parts) == 6 else "0"
        cron = cls(
            text,
            _field(text, "minute", parts[0], 0, 59),
            _field(text, "hour", parts[1], 0, 23),
            _field(text, "day of month", parts[2], 1, 31),
            _field(text, "month", parts[3], 1, 12, {name: n for n, name in enumerate(_MONTHS, start=1)}),
            _field(text, "day of week", parts[4], 0, 7, {name: n for n, name in enumerate(WEEKDAYS)}),
            _field(text, "second", second, 0, 59),
            timezone,
        )
        if not cron.either_day and min(cron.day.values) > max(map(_longest, cron.month.values)):
            raise ConfigError(
                f"--cron {text!r} never comes: month {parts[3]} has no day {parts[2]}",
                "name a day that the month has",
            )
        return cron

    @property
    def either_day(self) -> bool:
        """Whether a day of the month or a day of the week will do, rather than both at once."""
        return self.day.restricted and self.weekday.restricted

    def next_after(self, moment: datetime) -> datetime:
        """The first time later than `moment`, at a fixed offset from UTC.

        When the clocks go back, an hour that was named does not come twice; with a star for the hour it does.
        """
        while True:
            # In UTC: arithmetic on a zone's own times forgets which of the two repeated hours it is in.
            later = moment.astimezone(UTC) + timedelta(microseconds=1)
            found = self._trigger().get_next_fire_time(None, later)
            moment = found.astimezone(FixedOffset(found.utcoffset()))
            if not (found.fold and self.hour.restricted):
                return moment

    def _trigger(self) -> BaseTrigger:
        time = {name: _listed(getattr(self, name)) for name in ("month", "hour", "minute", "second")}
        time["timezone"] = self.timezone
        day = {"day": _listed(self.day)}
        weekday = {"day_of_week": ",".join(WEEKDAYS[number] for number in self.weekday.values)}
        if self.either_day:
            return OrTrigger([CronTrigger(**day, **time), CronTrigger(**weekday, **time)])
        return CronTrigger(**day, **weekday, **time)


def _listed(field: Field) -> str:
    return ",".join(map(str, field.values))


def _longest(month: int) -> int:
    return 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31


def _field(
    cron: str, name: str, text: str, low: int, high: int, names: dict[str, int] | None = None
) -> Field:
    try:
        values = {value for piece in text.split(",") for value in _piece(piece, low, high, names or {})}
    except ValueError as error:
        called = f" or {', '.join(names)}" if names else ""
        raise ConfigError(
            f"--cron {cron!r}: {name} is {text!r}: {error}",
            f"{name} takes {low} to {high}{called}: as {low}, {low}-{high}, {low},{high}, * or */2",
        ) from None
    if name == "day of week":
        values = {value % 7 for value in values}
    return Field(text, tuple(sorted(values)))


def _piece(piece: str, low: int, high: int, names: dict[str, int]) -> range:
    match = _PIECE.fullmatch(piece)
    if not match:
        raise ValueError(f"{piece!r} cannot be read")
    step = int(match["step"] or 1)
    if step == 0:
        raise ValueError("a step of 0 goes nowhere")
    first = _number(match["first"], names) if match["first"] else low
    last = _number(match["last"], names) if match["last"] else high
    if match["first"] and not match["last"] and not match["step"]:
        last = first
    for value in (first, last):
        if not low <= value <= high:
            raise ValueError(f"{value} is out of range")
    if first > last:
        raise ValueError(f"{piece!r} ends before it begins")
    return range(first, last + 1, step)


def _number(text: str, names: dict[str, int]) -> int:
    named = names.get(text.lower())
    if named is not None:
        return named
    if not text.isdecimal():
        raise ValueError(f"{text!r} is not a number")
    return int(text)
