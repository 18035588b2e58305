"""Settings of the embedded server. Light to import: no TensorFlow."""

from dataclasses import dataclass

from serving.prediction_log.config import LogConfig


@dataclass(frozen=True)
class ServerConfig:
    """Addresses and limits of a server.

    Attributes:
        host: address to listen on.
        rest_port: TCP port of the REST API; 0 picks a free one. The same holds for `grpc_port`.
        poll_seconds: seconds between two checks of the folder for new versions.
        max_body_bytes: maximum size of a request body in bytes, after decompression.
        max_batch: maximum number of rows in a request.
        max_answer_values: maximum number of values in an answer, over all its outputs.
        threads: number of threads for requests that would block the event loop.
        grace_seconds: seconds that a stopping server has to finish the requests under way.
        keep_alive_seconds: seconds that an idle connection is kept. Load balancers keep theirs for 60 s and
            expect the server to keep it longer.
        request_seconds: seconds that a request may take to arrive, and that a client may stop reading.
        log: configuration of the prediction log; None disables it.
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
