from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from marquee.errors import ConfigError
from pipeline.schedule.cron import Cron

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 22, 12, tzinfo=BERLIN)  # a Sunday


def next_times(text, count=3, after=NOON):
    cron, found = Cron.parse(text, BERLIN), []
    for _ in range(count):
        after = cron.next_after(after)
        found.append(after.isoformat())
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 3 * * *", ["2026-11-23T03:00:00+01:00", "2026-11-24T03:00:00+01:00"]),
        ("*/20 * * * *", ["2026-11-22T12:20:00+01:00", "2026-11-22T12:40:00+01:00"]),
        ("0 9-17/8 * * mon-fri", ["2026-11-23T09:00:00+01:00", "2026-11-23T17:00:00+01:00"]),
        ("0 0 * * 7", ["2026-11-29T00:00:00+01:00", "2026-12-06T00:00:00+01:00"]),
        ("0 0 * * 0", ["2026-11-29T00:00:00+01:00", "2026-12-06T00:00:00+01:00"]),
        ("0 0 1 jan,Jul *", ["2027-01-01T00:00:00+01:00", "2027-07-01T00:00:00+02:00"]),
        ("0 0 29 2 *", ["2028-02-29T00:00:00+01:00", "2032-02-29T00:00:00+01:00"]),
        ("* * * * * */30", ["2026-11-22T12:00:30+01:00", "2026-11-22T12:01:00+01:00"]),
    ],
)
def test_an_expression_means_what_crontab_means(text, expected):
    assert next_times(text, len(expected)) == expected


def test_given_a_day_of_the_month_and_one_of_the_week_either_is_enough():
    assert next_times("0 0 24 * 5") == [
        "2026-11-24T00:00:00+01:00",
        "2026-11-27T00:00:00+01:00",
        "2026-12-04T00:00:00+01:00",
    ]
    # A step is a star: crontab(5) then wants both. Odd days that are Fridays.
    assert next_times("0 0 */2 * 5") == [
        "2026-11-27T00:00:00+01:00",
        "2026-12-11T00:00:00+01:00",
        "2026-12-25T00:00:00+01:00",
    ]


def test_an_hour_that_comes_twice_counts_once_unless_every_hour_counts():
    before = datetime(2026, 10, 24, 12, tzinfo=BERLIN)
    assert next_times("30 2 * * *", 2, before) == ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]

    night = datetime(2026, 10, 25, 1, 45, tzinfo=BERLIN)
    assert next_times("30 * * * *", 3, night) == [
        "2026-10-25T02:30:00+02:00",
        "2026-10-25T02:30:00+01:00",
        "2026-10-25T03:30:00+01:00",
    ]


def test_a_time_that_the_clocks_leave_out_comes_at_the_first_minute_after_it():
    before = datetime(2026, 3, 28, 12, tzinfo=BERLIN)
    moment = Cron.parse("30 2 * * *", BERLIN).next_after(before)
    assert moment.astimezone(BERLIN).isoformat() == "2026-03-29T03:00:00+02:00"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 25 * * *", "hour is '25': 25 is out of range\nhour takes 0 to 23"),
        ("60 * * * *", "minute is '60': 60 is out of range"),
        ("0 0 0 * *", "day of month is '0': 0 is out of range\nday of month takes 1 to 31"),
        ("0 0 * smarch *", "month is 'smarch': 'smarch' is not a number\nmonth takes 1 to 12 or jan, feb"),
        ("0 0 * * 8", "day of week is '8'"),
        ("*/0 * * * *", "minute is '*/0': a step of 0"),
        ("30-10 * * * *", "'30-10' ends before it begins"),
        ("1,,2 * * * *", "minute is '1,,2': '' cannot be read"),
        ("0 3 * *", "has 4 fields\nfive are needed: minute, hour"),
        ("", "has 0 fields"),
        ("0 0 31 feb,apr *", "never comes: month feb,apr has no day 31"),
    ],
)
def test_a_wrong_expression_is_told_by_field_with_what_is_allowed(text, message):
    with pytest.raises(ConfigError) as error:
        Cron.parse(text)
    assert message in str(error.value)
