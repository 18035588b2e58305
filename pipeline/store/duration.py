"""Duration of a run, and its text form, as shown everywhere."""

import time
from collections.abc import Mapping
from typing import Any

from pipeline.store.metadata.lineage import Run


def run_seconds(run: Run, record: Mapping[str, Any], state: str) -> float:
    """Returns the seconds from the start of the command to its end, as the run recorded them.

    Args:
        run: the run.
        record: record of the run (`pipeline.store.runs.record.recorded`); empty for old runs without one.
        state: state of the run.
    """
    if record.get("seconds") is not None:
        return float(record["seconds"])
    begun = float(record.get("started") or run.started)
    if state == "running":
        return max(time.time() - begun, 0.0)
    ended = max(
        (node.started + node.seconds for node in run.nodes.values() if node.seconds > 0), default=begun
    )
    return max(ended - begun, 0.0)


def duration(seconds: float) -> str:
    """Formats a duration: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
