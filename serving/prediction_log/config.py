"""Options of the prediction log. Light to import: no TensorFlow."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class LogConfig:
    """Which requests are logged, and where (`serving.prediction_log`).

    Attributes:
        folder: folder that log files are written to.
        sample: share of requests to log, 0 to 1.
        format: file format, `jsonl` or `tfrecord`.
        rotate_mb: size in MB (10⁶ bytes) at which a new file is begun.
        rotate_minutes: age in minutes at which a new file is begun.
        seed: seed of the sample, reproducible for requests of a single thread; None: random.
    """

    folder: Path
    sample: float = 0.1
    format: Literal["jsonl", "tfrecord"] = "jsonl"
    rotate_mb: float = 64
    rotate_minutes: float = 60
    seed: int | None = None
