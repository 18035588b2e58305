"""What is written down of a request."""

from typing import Any, NamedTuple

from numpy.typing import NDArray


class Exchange(NamedTuple):
    """A request that was answered, and the answer.

    Attributes:
        time: when it was answered, in seconds since 1970; 0 where a log does not say.
        model, version, signature: who answered; version 0 where a log does not say.
        protocol: "REST" or "GRPC"; "" where a log does not say.
        seconds: from the request's arrival to the answer; None where a log does not say.
        inputs, outputs: arrays by name; strings are object arrays of bytes.
    """

    time: float
    model: str
    version: int
    signature: str
    protocol: str
    seconds: float | None
    inputs: dict[str, NDArray[Any]]
    outputs: dict[str, NDArray[Any]]
