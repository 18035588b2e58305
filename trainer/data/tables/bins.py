"""Bins of numbers: by boundaries, by width, or by quantiles."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from marquee.errors import TrainingError
from trainer.data.description import Time
from trainer.data.tables.table import UNKNOWN, OneOf

MOST_BINS = 100_000


def binned(key: str, feature: Any, values: np.ndarray) -> OneOf:
    """Returns each row's bin.

    Args:
        key: the feature's key, for messages.
        feature: a Number or a Time.
        values: float64 [rows]; NaN: unknown.

    Raises:
        TrainingError: `bin_width` makes too many bins.
    """
    known = np.isfinite(values)
    if getattr(feature, "bin_width", None) is not None:
        return _by_width(key, values, known, feature.bin_width)
    boundaries = edges(feature, values)
    labels = getattr(feature, "labels", ()) or ranges(
        boundaries, _day if isinstance(feature, Time) else _plain
    )
    return OneOf(places(values, boundaries), (UNKNOWN, *labels))


def edges(feature: Any, values: np.ndarray) -> np.ndarray:
    """Returns the boundaries between the bins of `binned`, ascending, float64."""
    known = values[np.isfinite(values)]
    if getattr(feature, "boundaries", None) is not None:
        return np.array(feature.boundaries)
    if not len(known):
        return np.empty(0)
    if getattr(feature, "bin_width", None) is not None:
        count = int((known.max() - known.min()) // feature.bin_width) + 1
        return known.min() + feature.bin_width * np.arange(1, count)
    return np.unique(np.quantile(known, np.linspace(0, 1, feature.bins + 1)[1:-1]))


def places(values: np.ndarray, boundaries: np.ndarray) -> np.ndarray:
    """Returns 1 + the number of boundaries at or below each value, 0 for NaN: int32 [rows]."""
    found = 1 + np.searchsorted(boundaries, values, side="right")
    return np.where(np.isfinite(values), found, 0).astype(np.int32)


def ranges(boundaries: np.ndarray, said: Callable[[float], str] | None = None) -> tuple[str, ...]:
    """Returns the names of the bins between boundaries: `below 2`, `2 to 5`, `5 and over`."""
    if not len(boundaries):
        return ("any",)
    ends = [(said or _plain)(end) for end in boundaries]
    between = [f"{low} to {high}" for low, high in pairwise(ends)]
    return (f"below {ends[0]}", *between, f"{ends[-1]} and over")


def _plain(value: float) -> str:
    return f"{value:.10g}"


def _day(seconds: float) -> str:
    return str(np.datetime64(int(seconds), "s"))


def _by_width(key: str, values: np.ndarray, known: np.ndarray, width: float) -> OneOf:
    """Bins start at the least value; their keys do not depend on it, so that a warm start can match them.

    The key is a value within half a width of the bin's middle, always from the same grid.
    """
    if not known.any():
        return OneOf(np.zeros(len(values), np.int32), (UNKNOWN,))
    first = values[known].min()
    count = int((values[known].max() - first) // width) + 1
    if count > MOST_BINS:
        raise TrainingError(
            f"{key}: a bin_width of {width:g} makes {count:,} bins, more than {MOST_BINS:,}.",
            "Make it wider, or leave it out: then bins are quantiles.",
        )
    ids = np.where(known, 1 + (np.where(known, values, first) - first) // width, 0).astype(np.int32)
    half = width // 2 if float(width).is_integer() else width / 2
    middles = first + np.arange(count) * width + half
    keys = tuple(f"{middle - middle % width + half:.10g}" for middle in middles)
    return OneOf(ids, (UNKNOWN, *keys))
