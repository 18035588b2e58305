"""Times of a cron expression in a time zone: five fields as in crontab(5), and optionally seconds.

cronsim enumerates the times of a calendar without time zones. `Cron.next_after` decides what they mean at
clock changes, because libraries err there: APScheduler skipped whole days and months, and cronsim with a zone
skips `0 */6` at a midnight that does not exist, repeats `*/20 1-3`, and errs at changes by half an hour.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import timezone as FixedOffset

from cronsim import CronSim

from marquee.errors import ConfigError
from pipeline.schedule.clock_changes import from_utc, gap_at, is_repeated, next_change, shown_first
from pipeline.schedule.zone import local_zone

_PIECE = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True)
class Field:
    """Field of an expression: its text, and its numbers in ascending order; Sunday is day 0 of the week."""

    text: str
    values: tuple[int, ...]

    @property
    def restricted(self) -> bool:
        """Whether the field does not begin with a star; cron looks at the first character only."""
        return not self.text.startswith("*")


@dataclass(frozen=True)
class Cron:
    """Cron expression in a time zone.

    Args:
        text: expression as given.
        minute, hour, day, month, weekday, second: fields of the expression.
        timezone: time zone of the times; None means that of the environment's TZ, or of this machine.
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
        """Parses `minute hour day month weekday [second]`.

        Raises:
            ConfigError: the number of fields is wrong, a field has an invalid value, or the date never comes.
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
        """Whether a day has to match only the day of the month or the day of the week, not both."""
        return self.day.restricted and self.weekday.restricted

    @property
    def every_hour(self) -> bool:
        """Whether every hour of a day matches, as with a star."""
        return len(self.hour.values) == 24

    @property
    def zone(self) -> tzinfo:
        """Time zone of the times."""
        return self.timezone or local_zone()

    @property
    def zone_name(self) -> str:
        """Name of the zone in the time zone database."""
        return str(self.zone)

    def next_after(self, moment: datetime) -> datetime:
        """Returns the first time later than `moment`, with a fixed offset from UTC.

        An expression that names hours fires once for every matching time of the calendar. A time that the
        clocks skip fires at the first minute after the gap; of a repeated time the first occurrence counts.
        An expression for every hour fires whenever the clocks show a matching time. A date that a zone never
        had (Pacific/Apia, 30 December 2011) has no times.
        """
        found = (self._next_shown if self.every_hour else self._next_once)(moment.astimezone(UTC))
        return found.astimezone(FixedOffset(from_utc(found.astimezone(self.zone))))

    def note(self, due: datetime) -> str:
        """Says what a clock change does to a time that `next_after` returned; "" if nothing."""
        if self.every_hour:
            return ""
        shown = due.astimezone(self.zone).replace(tzinfo=None)
        gap = gap_at(due, self.zone)
        if gap and (wanted := self._next_local(shown - gap, inclusive=True)) < shown:
            return f"{wanted:%H:%M} is left out when the clocks go forward, so it comes at {shown:%H:%M}"
        if is_repeated(shown, self.zone):
            return f"{shown:%H:%M} comes twice when the clocks go back, and the first one counts"
        return ""

    def left_out(self, after: datetime, days: int = 730) -> datetime | None:
        """Returns the first time that replaces one skipped by the clocks, which other schedulers leave out.

        Args:
            after, days: start and length, in days, of the period to search.
        """
        end = after + timedelta(days=days)
        while change := next_change(after, end, self.zone):
            due = self.next_after(change - timedelta(seconds=1)) == change
            if due and gap_at(change, self.zone) and self.note(change):
                return change.astimezone(self.zone)
            after = change
        return None

    def _next_once(self, after: datetime) -> datetime:
        """Returns the next time of an expression that names hours."""
        local = after.astimezone(self.zone).replace(tzinfo=None)
        while True:
            local = self._next_local(local)
            found = shown_first(local, self.zone)
            # In a repeated hour the calendar's next times were shown, and fired, an hour ago.
            if found is not None and found > after:
                return found

    def _next_shown(self, after: datetime) -> datetime:
        """Returns the next time at which the clocks match an expression for every hour."""
        inclusive = False
        while True:
            shown = after.astimezone(self.zone)
            found = after + (
                self._next_local(shown.replace(tzinfo=None), inclusive) - shown.replace(tzinfo=None)
            )
            change = next_change(after, found, self.zone)
            if change is None:
                return found
            after, inclusive = change, True  # the calendar is right up to the change, and shifted afterwards

    def _next_local(self, after: datetime, inclusive: bool = False) -> datetime:
        """Returns the calendar's first time later than (or at) `after`, both without a time zone."""
        fields = (self.second, self.minute, self.hour, self.day, self.month, self.weekday)
        # Stars are kept: for cronsim as for cron they decide whether either day is enough.
        text = " ".join(_listed(field) if field.restricted else field.text for field in fields)
        whole = after.replace(microsecond=0)
        if inclusive and whole == after:
            whole -= timedelta(seconds=1)
        return next(CronSim(text, whole))


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
