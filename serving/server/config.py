"""Settings of the embedded server. Light to import: no TensorFlow."""

from dataclasses import dataclass

from serving.prediction_log.config import LogConfig


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
