"""Sentences on the results of TemporalCheck: metrics on the next span by time, and their significance."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from pipeline.store.node_files import TEMPORAL_CHECK, Nodes
from serving.data_words import DataWords

NEUTRAL = DataWords()

Interval: TypeAlias = Mapping[str, float | None]


def next_span(nodes: Nodes) -> dict[str, Any] | None:
    """Returns the results of TemporalCheck; None if it did not run."""
    found: dict[str, Any] | None = TEMPORAL_CHECK.read(nodes)
    return found


def beyond_chance(difference: Interval, lower_is_better: bool = False) -> str:
    """Says `better` or `worse` if 0 is outside a difference's 95 % interval, else that it may be chance."""
    low, high = difference["low"], difference["high"]
    if low is None or high is None:
        return "one user only, so no interval"
    if low > 0 or high < 0:
        return "better" if (high < 0) == lower_is_better else "worse"
    return "no difference beyond chance"


def headline(found: Mapping[str, Any]) -> str:
    """Returns the sentence to quote beside the metric of a random split."""
    if not found["made"]:
        return f"not measured on the next span by time: {found['why_not']}"
    known, days = found["lists"]["known"], found["days"]
    return (
        f"on the next span by time: recommended nDCG@10 {known['recommender']['value']:.4f}, "
        f"{_times(known, 'recent', f'the popularity of the last {days} days')}"
    )


def sentences(found: Mapping[str, Any], words: DataWords = NEUTRAL) -> Iterator[str]:
    """Yields the headline and further sentences on the results, in the words for the data."""
    yield headline(found)
    if not found["made"]:
        return
    known, new = found["lists"]["known"], found["lists"]["new"]
    yield f"{_times(known, 'popularity', 'the popularity of all time')}; {known['users']:,} {words.users}"
    if new:
        yield (
            f"{new['users']:,} cold-start {words.users}: nDCG@10 {new['recommender']['value']:.4f}, "
            f"{_times(new, 'recent', 'the recent popularity')}"
        )
    ratings = found["ratings"]
    if ratings is None:
        return
    yield (
        f"ratings there: RMSE {ratings['model']['value']:.4f}, mean and biases "
        f"{ratings['biases']['value']:.4f}: {beyond_chance(ratings['less_biases'], lower_is_better=True)}"
    )


def _times(lists: Mapping[str, Any], baseline: str, named: str) -> str:
    """Returns the ratio to a baseline, the baseline's name, and whether the difference may be chance."""
    ours, theirs = lists["recommender"]["value"], lists[baseline]["value"]
    difference = lists[f"less_{baseline}"]
    times = f"{ours / theirs:.2f} x {named} ({theirs:.4f})" if theirs else f"{named} is {theirs:.4f}"
    if difference["low"] is None:
        return f"{times}: {beyond_chance(difference)}"
    interval = f"{difference['low']:+.4f} to {difference['high']:+.4f}"
    return f"{times}; difference {interval}: {beyond_chance(difference)}"
