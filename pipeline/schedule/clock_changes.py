"""What clocks show when they are put forward or back: the times they leave out, and those they show twice."""

from datetime import UTC, datetime, timedelta, tzinfo

_STEP = timedelta(hours=6)  # no zone has changed its clocks twice in so short a time
_DAY = timedelta(days=1)


def shown_first(local: datetime, zone: tzinfo) -> datetime | None:
    """When the clocks of a zone first show a local time, in UTC.

    Args:
        local: without a zone.
        zone: whose clocks.

    Returns:
        For a time that is left out, the moment at which the clocks go forward over it; None for a time of a
        date that is left out as a whole.
    """
    moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local:
        return moment
    change = next_change(moment - _DAY, moment + _DAY, zone)
    if change is None or gap_at(change, zone) >= _DAY:
        return None
    return change


def is_repeated(local: datetime, zone: tzinfo) -> bool:
    """Whether the clocks of a zone show a local time twice."""
    first, second = (from_utc(local.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    return first > second


def gap_at(moment: datetime, zone: tzinfo) -> timedelta:
    """How far the clocks go forward at a moment; zero at any other."""
    before = _offset(moment - timedelta(seconds=1), zone)
    return max(timedelta(), _offset(moment, zone) - before)


def next_change(after: datetime, until: datetime, zone: tzinfo) -> datetime | None:
    """The first moment later than `after`, and not later than `until`, at which a zone's clocks change."""
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
    """How far from UTC a moment's own zone is then."""
    offset = moment.utcoffset()
    assert offset is not None  # it has a zone
    return offset
