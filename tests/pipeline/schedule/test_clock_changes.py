"""A cron expression against a clock that shows every minute of two years, in zones whose clocks change.

The clock is a table of the local times that a zone shows, minute by minute; what is right is read off it,
without any arithmetic on time zones.
"""

import itertools
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from marquee.errors import ConfigError
from pipeline.schedule.cron import Cron

#: The first of two years each, chosen for their clock changes.
ZONES = {
    "America/Sao_Paulo": 2017,  # gap at midnight, then abolished
    "Asia/Beirut": 2022,  # gap at midnight
    "Africa/Cairo": 2023,  # reintroduced, gap at midnight on Fridays, repeated 23:00
    "America/Havana": 2026,  # gap at midnight, repeated midnight
    "America/Santiago": 2026,  # gap at midnight, repeated 23:00 the evening before
    "Asia/Gaza": 2026,  # around Ramadan
    "Australia/Lord_Howe": 2026,  # half an hour
    "Antarctica/Troll": 2026,  # two hours
    "Europe/Berlin": 2027,
    "America/New_York": 2027,
    "Asia/Kolkata": 2027,  # none
    "Atlantic/Azores": 2026,  # gap at midnight, repeated midnight
    "Africa/Casablanca": 2027,  # back for Ramadan
    "Pacific/Apia": 2011,  # 30 December 2011 left out
    "America/Nuuk": 2022,  # gap at 22:00 on Saturdays; a new standard time
}
EXPRESSIONS = (
    "0 0 * * *",
    "30 2 * * *",
    "0 0 1 * *",
    "*/15 * * * *",
    "30 * * * *",
    "5 0 * * mon-fri",
    "45 1 * * sun",
    "0 9-17/4 * * MON,wed",
    "*/20 1-3 * * *",
    "0 */6 * * *",
    "15 22-23 * oct-dec,3,4 *",
    "0 0 29 2 *",
    "0 0 13,30 * 5",
    "10 0 */3 * 1-5",
    "59 23 31 * *",
)


@lru_cache(maxsize=1)  # a zone's minutes fill a hundred megabytes
def clock(zone: str) -> tuple[np.ndarray, np.ndarray]:
    """(UTC, shown) minutes of two years; in these years offsets change at quarters of an hour only."""
    year = ZONES[zone]
    quarter = timedelta(minutes=15)
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 2, 1, 1, tzinfo=UTC)
    offsets = [
        int((start + place * quarter).astimezone(ZoneInfo(zone)).utcoffset().total_seconds()) // 60
        for place in range((end - start) // quarter)
    ]
    utc = np.arange(np.datetime64(f"{year}-01-01T00:00"), np.datetime64(f"{year + 2}-01-01T00:00"))
    return utc, utc + np.repeat(offsets, 15).astype("timedelta64[m]")


class Fields:
    """Minute, hour, day, month and weekday of local minutes, each as an array."""

    def __init__(self, local: np.ndarray):
        self.local, self.dates = local, local.astype("datetime64[D]")
        months = local.astype("datetime64[M]")
        minutes = (local - self.dates).astype(int)
        self.minute, self.hour = minutes % 60, minutes // 60
        self.day = (self.dates - months.astype("datetime64[D]")).astype(int) + 1
        self.month, self.weekday = months.astype(int) % 12 + 1, (self.dates.astype(int) + 4) % 7

    def matching(self, text: str) -> np.ndarray:
        """bool: which of them match an expression."""
        minute, hour, day, month, weekday = text.split()
        fits = chosen(minute, 0, 59)[self.minute] & chosen(hour, 0, 23)[self.hour]
        fits &= chosen(month, 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec")[self.month]
        of_month = chosen(day, 1, 31)[self.day]
        of_week = chosen(weekday, 0, 6, "sun mon tue wed thu fri sat")[self.weekday]
        either = not day.startswith("*") and not weekday.startswith("*")
        return fits & ((of_month | of_week) if either else (of_month & of_week))


def chosen(field: str, low: int, high: int, names: str = "") -> np.ndarray:
    """bool by value: what a field of an expression names."""
    found = np.zeros(high + 1, bool)
    for number, name in enumerate(names.split(), start=low):
        field = field.lower().replace(name, str(number))
    for piece in field.split(","):
        span, _, step = piece.partition("/")
        begin, _, end = span.partition("-")
        first, last = (low, high) if span == "*" else (int(begin), int(end or begin))
        found[first : last + 1 : int(step or 1)] = True
    return found


@lru_cache(maxsize=1)  # a zone's minutes fill a hundred megabytes
def calendar(zone: str) -> tuple[Fields, Fields, np.ndarray]:
    """Fields of what is shown, fields of the calendar, and where each minute of the calendar is shown first.

    Of a minute that is left out, where the first later one is shown; -1 where its whole date is left out.
    """
    _, shown = clock(zone)
    every = Fields(np.arange(shown.min(), shown.max() + 1))
    minutes, first = np.unique(shown, return_index=True)
    place = first[np.searchsorted(minutes, every.local)]
    dates = np.unique(shown.astype("datetime64[D]"))
    there = dates[np.searchsorted(dates, every.dates)] == every.dates
    return Fields(shown), every, np.where(there, place, -1)


@cache
def right(text: str, zone: str) -> np.ndarray:
    """The UTC minutes at which an expression comes, read off the clock."""
    utc, _ = clock(zone)
    shown, every, first = calendar(zone)
    if text.split()[1] == "*":
        return utc[shown.matching(text)]
    places = np.unique(first[every.matching(text)])
    return utc[places[places >= 0]]


def as_datetime(minute: np.datetime64) -> datetime:
    return minute.astype(datetime).replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ZONES)
def test_every_time_of_the_calendar_comes_once_whatever_the_clocks_do(zone):
    utc, shown = clock(zone)
    offsets = (shown - utc).astype(int)
    changes = utc[1:][np.diff(offsets) != 0]
    for text in EXPRESSIONS:
        cron, due = Cron.parse(text, ZoneInfo(zone)), right(text, zone)
        windows = [(utc[0], utc[-1])]
        if len(due) > 30 and text != "0 0 * * *":  # quicker: two days around each change, asked one by one
            margin = np.timedelta64(27, "h")
            windows = [(max(utc[0], c - margin), min(utc[-1], c + margin)) for c in changes]
        for begin, end in windows:
            expected = due[(begin < due) & (due < end)].tolist()
            moment, found = as_datetime(begin), []
            while (moment := cron.next_after(moment)) < as_datetime(end):
                found.append(moment.astimezone(UTC).replace(tzinfo=None))
            assert found == expected, (text, zone)


@pytest.mark.parametrize(
    "zone", ["Africa/Cairo", "America/Havana", "Australia/Lord_Howe", "Antarctica/Troll"]
)
def test_asked_at_any_minute_the_answer_is_later_and_the_next_one(zone):
    utc, shown = clock(zone)
    changes = utc[1:][np.diff((shown - utc).astype(int)) != 0]
    for text, change in itertools.product(("0 0 * * *", "*/20 1-3 * * *", "*/15 * * * *"), changes):
        cron, due = Cron.parse(text, ZoneInfo(zone)), right(text, zone)
        for minutes in range(-200, 200, 7):
            asked = change + np.timedelta64(minutes, "m")
            expected = due[np.searchsorted(due, asked, side="right")]
            assert cron.next_after(as_datetime(asked)) == as_datetime(expected), (text, zone, asked)


@pytest.mark.parametrize(
    ("text", "zone", "due", "note"),
    [
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2027-03-28T03:00+02:00",
            "02:30 is left out when the clocks go forward, so it comes at 03:00",
        ),
        (
            "0 0 * * *",
            "Africa/Cairo",
            "2027-04-30T01:00+03:00",
            "00:00 is left out when the clocks go forward, so it comes at 01:00",
        ),
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2027-10-31T02:30+02:00",
            "02:30 comes twice when the clocks go back, and the first one counts",
        ),
        ("0 3 * * *", "Europe/Berlin", "2027-03-28T03:00+02:00", ""),
        ("30 2 * * *", "Europe/Berlin", "2027-03-29T02:30+02:00", ""),
        ("*/15 * * * *", "Europe/Berlin", "2027-03-28T03:00+02:00", ""),
    ],
)
def test_a_time_that_a_change_of_the_clocks_moves_is_told(text, zone, due, note):
    cron = Cron.parse(text, ZoneInfo(zone))
    due = datetime.fromisoformat(due)

    assert cron.next_after(due - timedelta(minutes=1)) == due
    assert cron.note(due) == note


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (":Europe/Berlin", "Europe/Berlin"),
        ("/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        ("", "UTC"),
    ],
)
def test_tz_names_the_zone(monkeypatch, variable, name):
    monkeypatch.setenv("TZ", variable)
    assert Cron.parse("0 0 * * *").zone == ZoneInfo(name)


@pytest.mark.parametrize("variable", ["CET-1CEST", "Nowhere/Town", "/etc/no-such-file"])
def test_a_tz_that_names_no_zone_is_refused(monkeypatch, variable):
    monkeypatch.setenv("TZ", variable)
    with pytest.raises(ConfigError, match="such as TZ=Europe/Berlin"):
        Cron.parse("0 0 * * *").zone  # noqa: B018
