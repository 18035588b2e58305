"""What a log of predictions is told. Light to import: no TensorFlow."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class LogConfig:
    """Which requests are written down, and where (`serving.prediction_log`).

    `sample` is the share of the requests, 0 to 1. A file is finished, and another begun, when it has
    `rotate_mb` (10⁶ bytes) or is `rotate_minutes` old. With a `seed`, a single thread's requests are drawn
    alike each time.
    """

    folder: Path
    sample: float = 0.1
    format: Literal["jsonl", "tfrecord"] = "jsonl"
    rotate_mb: float = 64
    rotate_minutes: float = 60
    seed: int | None = None
