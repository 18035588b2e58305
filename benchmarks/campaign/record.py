"""Results of one part of the campaign, kept on disk, so that a part can be done in several sessions."""

import json
from pathlib import Path
from typing import Any


class Record:
    """One JSON line per trial, appended as trials end.

    Args:
        file: file of the lines; trials that it already holds count as done.
    """

    def __init__(self, file: Path):
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file
        self.trials: list[dict[str, Any]] = []
        if file.exists():
            lines = file.read_text(encoding="utf-8").splitlines()
            self.trials = [json.loads(line) for line in lines if line.endswith("}")]

    def __len__(self) -> int:
        return len(self.trials)

    def add(self, faults: list[str], **facts: Any) -> None:
        """Appends one trial.

        Args:
            faults: what went wrong, one sentence each; empty for a trial that went well.
            facts: other values to record.
        """
        trial = {**facts, "faults": faults}
        self.trials.append(trial)
        with self._file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(trial) + "\n")

    @property
    def faults(self) -> list[str]:
        """Faults of all trials."""
        return [
            f"trial {number}: {fault}"
            for number, trial in enumerate(self.trials)
            for fault in trial["faults"]
        ]
