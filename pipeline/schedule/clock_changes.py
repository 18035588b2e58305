"""Local times that clock changes (daylight saving time) skip or repeat."""

from datetime import UTC, datetime, timedelta, tzinfo

_STEP = timedelta(hours=6)  # no zone has changed its clocks twice within this time
_DAY = timedelta(days=1)


def shown_first(local: datetime, zone: tzinfo) -> datetime | None:
    """Returns the first moment, in UTC, at which the clocks of a zone show a local time.

    Args:
        local: local time without a time zone.
        zone: time zone of the clocks.

    Returns:
        The moment. For a skipped time it is that at which the clocks go forward over it; for a time of a date
        that is skipped as a whole it is None.
    """
    moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local:
        return moment
    change = next_change(moment - _DAY, moment + _DAY, zone)
    if change is None or gap_at(change, zone) >= _DAY:
        return None
    return change


def is_repeated(local: datetime, zone: tzinfo) -> bool:
    """Returns whether the clocks of a zone show a local time twice."""
    first, second = (from_utc(local.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    return first > second


def gap_at(moment: datetime, zone: tzinfo) -> timedelta:
    """Returns how far the clocks go forward at a moment; zero if they do not."""
    before = _offset(moment - timedelta(seconds=1), zone)
    return max(timedelta(), _offset(moment, zone) - before)


def next_change(after: datetime, until: datetime, zone: tzinfo) -> datetime | None:
    """Returns the first clock change of a zone later than `after` and not later than `until`, if any."""
    low = after
    while low < until:
        high = min(low + _STEP, until)
        if _offset(high, zone) != _offset(low, zone):
            return _change_between(low, high, zone)
        low = high
    return None


def _change_between(low: datetime, high: datetime, zone: tzinfo) -> datetime:
    before = _offset(low, zone)
    low, high = low.replace(microsecond=0), high
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return high


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return from_utc(moment.astimezone(zone))


def from_utc(moment: datetime) -> timedelta:
    """Returns the offset from UTC of a moment in its own time zone."""
    offset = moment.utcoffset()
    assert offset is not None  # the moment has a time zone
    return offset
