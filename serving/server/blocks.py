"""Computes large batches in blocks of rows, which bounds memory and the latency of other requests.

The graph of a recommender takes some 370 kB per user in a request (1,682 films); 30,000 users at once took
11 GB. The rows of Marquee's models do not depend on each other, so blocks give the same answer.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from serving.errors import StatusError, invalid

Arrays: TypeAlias = dict[str, NDArray[Any]]
MOST_ROWS = 512  # maximum number of rows in a block
FIRST_ROWS = 64  # rows in the first block of a signature, whose cost is not known yet
BLOCK_SECONDS = 0.05  # target time of a block, which other requests may have to wait for
BLOCK_VALUES = 200_000  # target number of values in the answer of a block
FIRST_VALUES = 50_000  # maximum number of expected values in the first block
MOST_VALUES_A_ROW = 100_000  # maximum number of values in a row of an input, such as the items of a history


@dataclass(frozen=True)
class Limits:
    """Limits on the size of a request and of its answer.

    Attributes:
        rows: maximum number of rows of a request.
        answer_values: maximum number of values of an answer, over all its outputs.
    """

    rows: int
    answer_values: int


def rows_of(inputs: Mapping[str, NDArray[Any]]) -> int:
    """Returns the number of rows of a request: that of its longest input, or 1 if all inputs are scalars."""
    return max((len(array) for array in inputs.values() if array.ndim), default=1)


def check(inputs: Arrays, limits: Limits, row_wise: bool) -> None:
    """Raises StatusError for a request over the limits, before anything is computed."""
    for name, array in inputs.items():
        rows = len(array) if array.ndim else 1
        if rows > limits.rows:
            raise invalid(
                f"Input {name} has {rows} rows, over the limit of {limits.rows} a request: split the request"
            )
        if row_wise and rows and array.size // rows > MOST_VALUES_A_ROW:
            raise invalid(
                f"Input {name} has {array.size // rows} values in a row, over the limit of"
                f" {MOST_VALUES_A_ROW}: send fewer"
            )


def run_in_blocks(
    run: Callable[[Arrays], Arrays],
    inputs: Arrays,
    limits: Limits,
    learned: dict[str, int],
    key: str,
    go_on: Callable[[], None],
) -> Arrays:
    """Returns `run(inputs)`, computed one block of rows at a time.

    An input with as many rows as the request is split into blocks. A scalar, or an input with a single row,
    is passed to every block. Shorter lists of a block are padded, as the serving contract says.

    Args:
        run: computes the outputs; each output has one row per row of the inputs.
        inputs: arrays by input name.
        limits: limits of the answer; `check` has checked the inputs.
        learned: number of rows in a block by `key`; updated here.
        key: identifies the computation, such as the name of the signature.
        go_on: called between blocks; may raise to stop the work.

    Raises:
        StatusError: the inputs differ in their number of rows, or the answer would be too large.
    """
    rows = rows_of(inputs)
    if rows <= 1:
        return run(inputs)
    width = width_of(inputs)
    first = max(1, min(learned.get(key, FIRST_ROWS), FIRST_VALUES // width))
    if rows <= first:
        return run(inputs)
    lengths = {len(array) for array in inputs.values() if array.ndim} - {1}
    if lengths != {rows}:
        listed = ", ".join(f"{name} has {len(array)}" for name, array in inputs.items() if array.ndim)
        raise invalid(f"Inputs have different numbers of rows: {listed}")
    parts: list[Arrays] = []
    widest: dict[str, NDArray[Any]] = {}  # widest row of each output: the other blocks are padded to it
    start, block, values = 0, first, 0
    while start < rows:
        if parts:
            go_on()
        end = min(rows, start + block)
        before = time.perf_counter()
        part = run({name: _cut(array, rows, start, end) for name, array in inputs.items()})
        seconds = time.perf_counter() - before
        if any(array.ndim == 0 or len(array) != end - start for array in part.values()):
            raise StatusError("INTERNAL", "The model does not answer row by row: ask for fewer rows at once")
        parts.append(part)
        values += sum(array.size for array in part.values())
        for name, array in part.items():
            widest[name] = np.maximum(widest.get(name, 0), array.shape[1:])
        expected = rows * sum(math.prod(shape.tolist()) for shape in widest.values())
        if expected > limits.answer_values:
            raise StatusError(
                "RESOURCE_EXHAUSTED",
                f"The answer to {rows} rows would have about {expected} values, over the limit of"
                f" {limits.answer_values} a request: ask for fewer rows, or a smaller k",
            )
        block = learned[key] = _next(block, end - start, seconds, values // end)
        start = end
    return {name: _joined([part[name] for part in parts]) for name in parts[0]}


def width_of(inputs: Arrays) -> int:
    """Returns the values per row, of the inputs or (estimated from `k`) of the answer; at least 1."""
    rows = rows_of(inputs)
    widths = [array.size // max(1, len(array)) for array in inputs.values() if array.ndim]
    k = inputs.get("k")
    if k is not None and k.size and k.dtype.kind in "iu":
        widths.append(int(k.max()))
    return max([1, *widths]) if rows else 1  # scalars alone have no widths


def _next(block: int, rows: int, seconds: float, values_a_row: int) -> int:
    """Returns the rows of the next block; at most twice as many, because one measured time is noisy."""
    in_time = int(rows * BLOCK_SECONDS / max(seconds, 1e-6))
    wanted = min(in_time, BLOCK_VALUES // max(1, values_a_row), MOST_ROWS, 2 * block)
    return max(1, block // 2, wanted)


def _cut(array: NDArray[Any], rows: int, start: int, end: int) -> NDArray[Any]:
    return array[start:end] if array.ndim and len(array) == rows else array


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    longest = np.max([part.shape[1:] for part in parts], axis=0)
    return np.concatenate([_padded(part, longest) for part in parts])


def _padded(part: NDArray[Any], shape: NDArray[Any]) -> NDArray[Any]:
    if part.shape[1:] == tuple(shape):
        return part
    padded = np.full((len(part), *shape), b"" if part.dtype == object else 0, dtype=part.dtype)
    padded[tuple(slice(size) for size in part.shape)] = part
    return padded
