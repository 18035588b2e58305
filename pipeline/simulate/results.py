"""Results of a simulation, written to disk after every step, so that an interrupted one can resume."""

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
    """Step of a strategy after the arrival of a span, with its served models' metrics on the next span.

    Args:
        strategy: name of the strategy.
        span: number of the span that had arrived.
        run_id: id of the run in the strategy's workspace; None if nothing was run.
        seconds: duration in seconds.
        blessed: whether the trained models were good enough; None if nothing was trained.
        pushed: whether new models were pushed.
        version: version of the models served then; None if there were none.
        reasons: reasons why the models were blessed, or not.
        drift, skew: numbers of features of the data that had changed by more than their thresholds.
        future: result of `Future.measure` on the next span; None while nothing is served.
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
    """Results of a simulation.

    Args:
        folder: folder of `results.json`.
        settings: settings of the simulation, which tell whether the folder belongs to another simulation.
        spans: `number`, `ratings`, `users`, `new_users`, `first` and `last` (seconds since 1970) of each.
        steps: steps in the order of execution.
    """

    folder: Path
    settings: dict[str, Any]
    spans: list[dict[str, Any]]
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def resumed(cls, folder: Path, settings: dict[str, Any], spans: list[dict[str, Any]]) -> "Results":
        """Reads the results of a simulation with these settings from the folder, or returns empty ones.

        Raises:
            MarqueeError: the folder holds another simulation, or its results cannot be read.
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
        """Returns the step of a strategy after a span, or None if it has not been done."""
        return next((step for step in self.steps if (step.strategy, step.span) == (strategy, span)), None)

    def add(self, step: Step) -> None:
        """Adds a step, and writes all results."""
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
