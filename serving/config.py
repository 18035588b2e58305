"""What a server is told. Light to import: no TensorFlow."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServerConfig:
    """Where the server listens and what it accepts.

    A port of 0 is any free one. `poll_seconds` is how often the folder is looked at for new versions;
    `max_body_bytes` and `max_batch` (rows) limit a request; `threads` answer the long ones.
    """

    host: str = "127.0.0.1"
    rest_port: int = 8501
    grpc_port: int = 8500
    poll_seconds: float = 1.0
    max_body_bytes: int = 16 * 1024 * 1024
    max_batch: int = 100_000
    threads: int = 4
    grace_seconds: float = 5.0
