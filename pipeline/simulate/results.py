"""What a simulation has found so far, on the disk after every step: an interrupted one goes on from there."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from marquee.errors import MarqueeError
from marquee.whole_file import write_whole

FILE = "results.json"
_BEFORE_THE_FIRST = {".lock", "cache", "logs"}


@dataclass(frozen=True)
class Step:
    """What one strategy did when a span had arrived, and what its served models knew of the next one.

    Args:
        strategy: its name.
        span: the number of the span that had arrived.
        run_id: of the run in the strategy's workspace; None where nothing is run.
        seconds: how long it took.
        blessed: whether what was trained was good enough; None where nothing was trained.
        pushed: whether new models were pushed.
        version: of the models served then; None while there are none.
        reasons: why it was blessed, or was not.
        drift, skew: how many features of the data had changed by more than their thresholds.
        future: as `Future.measure` gives it, of the span after; None while nothing is served.
    """

    strategy: str
    span: int
    run_id: str | None = None
    seconds: float | None = None
    blessed: bool | None = None
    pushed: bool = False
    version: int | None = None
    reasons: list[str] = field(default_factory=list)
    drift: int = 0
    skew: int = 0
    future: dict[str, Any] | None = None


@dataclass
class Results:
    """All of it.

    Args:
        folder: where `results.json` lies.
        settings: what was asked for, by which it is told whether the folder belongs to another simulation.
        spans: of each its `number`, `ratings`, `users`, `new_users`, `first` and `last` (seconds since 1970).
        steps: in the order in which they were done.
    """

    folder: Path
    settings: dict[str, Any]
    spans: list[dict[str, Any]]
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def resumed(cls, folder: Path, settings: dict[str, Any], spans: list[dict[str, Any]]) -> "Results":
        """What the folder holds of a simulation with these settings, or none of it yet.

        Raises:
            MarqueeError: it holds another simulation, or its results cannot be read.
        """
        file = folder / FILE
        if not file.exists():
            if folder.exists() and {path.name for path in folder.iterdir()} - _BEFORE_THE_FIRST:
                raise MarqueeError(
                    f"{folder} holds something that is no simulation", "Name another folder with --out."
                )
            return cls(folder, settings, spans)
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            steps = [Step(**step) for step in found["steps"]]
            before = found["settings"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise MarqueeError(f"{file} cannot be read: {error}", f"Delete {folder}.") from None
        if before != settings:
            changed = sorted(key for key in before.keys() | settings if before.get(key) != settings.get(key))
            raise MarqueeError(
                f"{folder} holds a simulation with other settings ({', '.join(changed)})",
                "Name another folder with --out, or delete this one.",
            )
        return cls(folder, settings, spans, steps)

    def step(self, strategy: str, span: int) -> Step | None:
        """What was found of a strategy after a span, if it was done."""
        return next((step for step in self.steps if (step.strategy, step.span) == (strategy, span)), None)

    def add(self, step: Step) -> None:
        """Adds a step, and writes all."""
        self.steps.append(step)
        self.write()

    def write(self) -> None:
        """Writes `results.json`, atomically."""
        plain = {
            "settings": self.settings,
            "spans": self.spans,
            "steps": [asdict(step) for step in self.steps],
        }
        write_whole(self.folder / FILE, json.dumps(plain, indent=1))
