"""Part on the next span by time: metrics of the judged settings, next to recent popularity."""

from typing import Any

from pipeline.report.blocks import Cell, Note, Notes, Part, Table, Tone
from pipeline.report.words import day, interval, number, share
from pipeline.store.next_span import beyond_chance, headline
from serving.data_words import DataWords

_TONES: dict[str, Tone] = {"better": "good", "worse": "bad"}


def next_span_part(found: dict[str, Any], words: DataWords) -> Part:
    """Returns the part for `temporal.json`."""
    title = "On the next span by time"
    if not found["made"]:
        return Part(title, [Notes([Note(f"{headline(found)}.".capitalize(), "muted")])])
    trained = ", ".join(
        f"{task} {each['kind']} for {each['epochs']} epochs" for task, each in found["trained"].items()
    )
    lead = (
        f"A random split lets a model learn from {words.ratings} made after those it is judged on. Here the "
        f"same settings were trained on the oldest {found['rows']['train']:,} {words.ratings} ({trained}), "
        f"and evaluated on the {share(found['share'])} made after {day(found['moment'])}. Recent popularity "
        f"is counted over {found['days']} days, the length that did best before that day."
    )
    rated = [_ratings(found["ratings"], words)] if found["ratings"] else []
    return Part(title, [_lists(found, words), *rated], lead)


def _lists(found: dict[str, Any], words: DataWords) -> Table:
    names = {
        "recommender": "recommender",
        "recent": f"most popular in the last {found['days']} days",
        "popularity": "most popular of all time",
    }
    whom = {"known": f"{words.users} with older {words.ratings}", "new": f"cold-start {words.users}"}
    rows = [
        [f"{label}, {lists['users']:,} {who}", *_row(lists[name], lists.get(f"less_{name}"))]
        for group, who in whom.items()
        if (lists := found["lists"][group])
        for name, label in names.items()
    ]
    return Table(
        f"nDCG@10 of the top 10 among all {words.items}, with 95 % intervals",
        ("lists", "mean", "95 % interval", "recommender minus this", "verdict"),
        rows,
        frozenset({1, 2, 3}),
    )


def _ratings(found: dict[str, Any], words: DataWords) -> Table:
    names = {
        "model": "ranking model",
        "biases": f"mean, {words.user} and {words.item} biases",
        "mean": f"mean {words.value}",
    }
    rows = [
        [label, *_row(found[name], found.get(f"less_{name}"), lower_is_better=True)]
        for name, label in names.items()
    ]
    return Table(
        f"RMSE over {found['rows']:,} {words.ratings}; differences are of squared errors",
        (words.ratings, "RMSE", "95 % interval", "ranking model minus this", "verdict"),
        rows,
        frozenset({1, 2, 3}),
    )


def _row(value: dict[str, Any], difference: dict[str, Any] | None, lower_is_better: bool = False) -> list:
    own = [number(value["value"]), interval(value["low"], value["high"])]
    if difference is None:
        return [*own, "", ""]
    said = beyond_chance(difference, lower_is_better)
    return [*own, interval(difference["low"], difference["high"]), Cell(said, _TONES.get(said, "muted"))]
