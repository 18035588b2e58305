"""Logged data of a request."""

from typing import Any, NamedTuple

from numpy.typing import NDArray


class Exchange(NamedTuple):
    """An answered request and its answer.

    Attributes:
        time: time of the answer, in seconds since 1970; 0 if a log lacks it.
        model, version, signature: model, version and signature that answered; version 0 if a log lacks it.
        protocol: "REST" or "GRPC"; "" if a log lacks it.
        seconds: seconds from the request's arrival to the answer; None if a log lacks them.
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
