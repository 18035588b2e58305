"""What a server is told. Light to import: no TensorFlow."""

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


@dataclass(frozen=True)
class ServerConfig:
    """Where the server listens and what it accepts.

    A port of 0 is any free one. `poll_seconds` is how often the folder is looked at for new versions;
    `max_body_bytes` and `max_batch` (rows) limit a request; `threads` answer the long ones. Without `log`,
    nothing is written down.
    """

    host: str = "127.0.0.1"
    rest_port: int = 8501
    grpc_port: int = 8500
    poll_seconds: float = 1.0
    max_body_bytes: int = 16 * 1024 * 1024
    max_batch: int = 100_000
    threads: int = 4
    grace_seconds: float = 5.0
    log: LogConfig | None = None
