"""Which runs of many are asked for: by tag, state, time, configuration, or how many."""

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
    """What a run must be to be listed; nothing is asked of it where a field is empty.

    Args:
        tags: it has all of these.
        status: its state.
        since: Unix seconds; it began then or later.
        config: its pipeline's name.
        limit: the newest so many.
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
        """From what was typed.

        Raises:
            ConfigError: no state is called that, or `since` is no time.
        """
        if status and status not in STATES:
            raise ConfigError(f"no run is ever {status!r}", f"states: {', '.join(STATES)}")
        return cls(tuple(tag for tag in tags if tag), status, moment(since) if since else 0.0, config, limit)

    def chosen(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Of rows as `pipeline.store.runs.rows.row` gives them, newest first, those that fit."""
        fitting = [row for row in rows if self._fits(row)]
        return fitting[: self.limit] if self.limit else fitting

    @property
    def words(self) -> str:
        """What is asked for, in words."""
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
    """`2026-11-01`, `2026-11-01 08:30`, or so long ago: `30m`, `12h`, `7d`, `2w`; as Unix seconds.

    Raises:
        ConfigError: it is neither.
    """
    if ago := _AGO.fullmatch(text.strip()):
        return max(0.0, datetime.datetime.now().timestamp() - int(ago[1]) * _SECONDS[ago[2]])
    try:
        found = max(0.0, datetime.datetime.fromisoformat(text.strip()).timestamp())
        datetime.datetime.fromtimestamp(found)  # as it is shown; a zone may lead beyond the last year
        return found
    except (ValueError, OverflowError, OSError):
        raise ConfigError(
            f"{text!r} is no time", "such as 2026-11-01, 2026-11-01T08:30, or so long ago: 30m, 12h, 7d, 2w"
        ) from None
