"""Part on the next span by time: metrics of the judged settings, next to recent popularity."""

from typing import Any

from pipeline.report.blocks import Cell, Note, Notes, Part, Table, Tone
from pipeline.report.words import day, interval, number, share
from pipeline.store.next_span import beyond_chance, headline

_TONES: dict[str, Tone] = {"better": "good", "worse": "bad"}
_WHO = {"known": "users with older ratings", "new": "cold-start users"}


def next_span_part(found: dict[str, Any]) -> Part:
    """Returns the part for `temporal.json`."""
    title = "On the next span by time"
    if not found["made"]:
        return Part(title, [Notes([Note(f"{headline(found)}.".capitalize(), "muted")])])
    trained = ", ".join(
        f"{task} {each['kind']} for {each['epochs']} epochs" for task, each in found["trained"].items()
    )
    lead = (
        f"A random split lets a model learn from ratings given after those it is judged on. Here the same "
        f"settings were trained on the oldest {found['rows']['train']:,} ratings ({trained}), and evaluated "
        f"on the {share(found['share'])} given after {day(found['moment'])}. Recent popularity is counted "
        f"over {found['days']} days, the length that did best before that day."
    )
    return Part(title, [_lists(found), *([_ratings(found["ratings"])] if found["ratings"] else [])], lead)


def _lists(found: dict[str, Any]) -> Table:
    names = {
        "recommender": "recommender",
        "recent": f"most rated in the last {found['days']} days",
        "popularity": "most rated of all time",
    }
    rows = [
        [f"{words}, {lists['users']:,} {who}", *_row(lists[name], lists.get(f"less_{name}"))]
        for group, who in _WHO.items()
        if (lists := found["lists"][group])
        for name, words in names.items()
    ]
    return Table(
        "nDCG@10 of the top 10 among all films, with 95 % intervals",
        ("lists", "mean", "95 % interval", "recommender minus this", "verdict"),
        rows,
        frozenset({1, 2, 3}),
    )


def _ratings(found: dict[str, Any]) -> Table:
    names = {"model": "ranking model", "biases": "mean, user and film biases", "mean": "mean rating"}
    rows = [
        [words, *_row(found[name], found.get(f"less_{name}"), lower_is_better=True)]
        for name, words in names.items()
    ]
    return Table(
        f"RMSE over {found['rows']:,} ratings; differences are of squared errors",
        ("ratings", "RMSE", "95 % interval", "ranking model minus this", "verdict"),
        rows,
        frozenset({1, 2, 3}),
    )


def _row(value: dict[str, Any], difference: dict[str, Any] | None, lower_is_better: bool = False) -> list:
    own = [number(value["value"]), interval(value["low"], value["high"])]
    if difference is None:
        return [*own, "", ""]
    said = beyond_chance(difference, lower_is_better)
    return [*own, interval(difference["low"], difference["high"]), Cell(said, _TONES.get(said, "muted"))]
