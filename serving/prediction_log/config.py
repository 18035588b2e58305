"""Configuration of a prediction log; importing it does not load TensorFlow."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class LogConfig:
    """Sampling and files of a prediction log (`serving.prediction_log`).

    `sample` is the share of logged requests, 0 to 1. A new file is begun when the current one has `rotate_mb`
    (10⁶ bytes) or is `rotate_minutes` old. With a `seed`, the sample of a single thread's requests is
    reproducible.
    """

    folder: Path
    sample: float = 0.1
    format: Literal["jsonl", "tfrecord"] = "jsonl"
    rotate_mb: float = 64
    rotate_minutes: float = 60
    seed: int | None = None
