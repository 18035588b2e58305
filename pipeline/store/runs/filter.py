"""Filter of runs by tag, state, time, configuration, and number."""

import datetime
import re
from dataclasses import dataclass
from typing import Any

from marquee.errors import ConfigError

STATES = ("done", "failed", "interrupted", "cancelled", "running")
_AGO = re.compile(r"(\d{1,6})([mhdw])")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True)
class RunFilter:
    """Conditions on the runs to list; an empty field is no condition.

    Args:
        tags: tags that a run must all have.
        status: state of the run.
        since: earliest start, in Unix seconds.
        config: name of the run's pipeline.
        limit: maximum number of runs; the newest are kept.
    """

    tags: tuple[str, ...] = ()
    status: str = ""
    since: float = 0.0
    config: str = ""
    limit: int = 0

    @classmethod
    def of(
        cls, tags: list[str], status: str = "", since: str = "", config: str = "", limit: int = 0
    ) -> "RunFilter":
        """Builds a filter from command-line values.

        Raises:
            ConfigError: `status` is not a state, or `since` is not a time.
        """
        if status and status not in STATES:
            raise ConfigError(f"no run is ever {status!r}", f"states: {', '.join(STATES)}")
        return cls(tuple(tag for tag in tags if tag), status, moment(since) if since else 0.0, config, limit)

    def chosen(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Returns the matching rows; `rows` come from `pipeline.store.runs.rows.row`, newest first."""
        fitting = [row for row in rows if self._fits(row)]
        return fitting[: self.limit] if self.limit else fitting

    @property
    def words(self) -> str:
        """Returns the conditions in words."""
        since = datetime.datetime.fromtimestamp(self.since).strftime("%Y-%m-%d %H:%M") if self.since else ""
        said = [
            *(f"tagged {tag}" for tag in self.tags),
            self.status,
            f"begun since {since}" if since else "",
            f"of {self.config}" if self.config else "",
            f"among the newest {self.limit}" if self.limit else "",
        ]
        return ", ".join(each for each in said if each) or "there"

    def _fits(self, row: dict[str, Any]) -> bool:
        return (
            set(self.tags) <= set(row["tags"])
            and self.status in ("", row["state"])
            and row["started"] >= self.since
            and self.config in ("", row["pipeline"])
        )


def moment(text: str) -> float:
    """Parses a date or time (`2026-11-01`, `2026-11-01 08:30`), or an age (`30m`, `12h`, `7d`, `2w`).

    Returns:
        The moment in Unix seconds.

    Raises:
        ConfigError: `text` is neither.
    """
    if ago := _AGO.fullmatch(text.strip()):
        return max(0.0, datetime.datetime.now().timestamp() - int(ago[1]) * _SECONDS[ago[2]])
    try:
        found = max(0.0, datetime.datetime.fromisoformat(text.strip()).timestamp())
        datetime.datetime.fromtimestamp(found)  # must be printable; a time zone may lead beyond the last year
        return found
    except (ValueError, OverflowError, OSError):
        raise ConfigError(
            f"{text!r} is no time", "such as 2026-11-01, 2026-11-01T08:30, or so long ago: 30m, 12h, 7d, 2w"
        ) from None
