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

    Attributes:
        host: the address to listen on.
        rest_port: 0 is any free one; so is `grpc_port`'s.
        poll_seconds: how often the folder is looked at for new versions.
        max_body_bytes: the longest request, after decompression.
        max_batch: the most rows in a request.
        max_answer_values: the most values in an answer, over all its outputs.
        threads: how many answer requests that would hold up the event loop.
        grace_seconds: how long a stopping server goes on answering what is under way.
        keep_alive_seconds: how long an idle connection is kept. Load balancers keep theirs for 60 s and
            expect the server to keep it longer.
        request_seconds: how long a request may take to arrive, and how long a client may stop reading.
        log: which predictions are written down, and where; None: none.
    """

    host: str = "127.0.0.1"
    rest_port: int = 8501
    grpc_port: int = 8500
    poll_seconds: float = 1.0
    max_body_bytes: int = 16 * 1024 * 1024
    max_batch: int = 100_000
    max_answer_values: int = 4_000_000
    threads: int = 4
    grace_seconds: float = 5.0
    keep_alive_seconds: float = 75.0
    request_seconds: float = 60.0
    log: LogConfig | None = None
