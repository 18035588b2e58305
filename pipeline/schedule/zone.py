"""Time zone of this machine, or of the environment's TZ, by its name in the time zone database."""

import os
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal import get_localzone_name

from marquee.errors import ConfigError

_DATABASE = "/zoneinfo/"


def local_zone() -> ZoneInfo:
    """Returns the time zone of times without an explicit zone.

    Raises:
        ConfigError: the zone has no name in the time zone database.
    """
    given = os.environ.get("TZ")
    try:
        return ZoneInfo(get_localzone_name() if given is None else _name(given))
    except (ZoneInfoNotFoundError, LookupError, ValueError, OSError, TypeError):
        found = "the time zone of this machine" if given is None else f"TZ = {given!r}"
        raise ConfigError(
            f"{found} is no name of the time zone database",
            "give one that is, such as TZ=Europe/Berlin",
        ) from None


def _name(variable: str) -> str:
    """Returns TZ as a name: empty means UTC, and a file of the database stands for its name (tzset(3))."""
    name = variable.removeprefix(":")
    if not os.path.isabs(name):
        return name or "UTC"
    return os.path.realpath(name).partition(_DATABASE)[2] or name
