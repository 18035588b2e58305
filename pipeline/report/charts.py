"""Shared parts of the report's Altair charts; colours come from the page's light or dark style."""

from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt

#: Series of the charts with their names in legends; their order decides the colours, the same in all charts.
MODELS = {"candidate": "this run", "baseline": "last blessed model", "popularity": "most popular"}
LISTS = {
    "recommender": "recommender",
    "retrieval": "retrieval only",
    "retrieval_popularity": "most popular",
}
SPLITS = ("train", "eval", "test")

#: Colours of reference lines and of text: `var(--…)` is a colour of the page's style sheet.
REFERENCE = {"color": "var(--text)", "strokeDash": [5, 4], "strokeWidth": 1.25, "opacity": 0.75}
EDGE = {"color": "var(--muted)", "strokeWidth": 1.25, "opacity": 0.6}
SMALL = {"color": "var(--muted)", "style": "small"}
STRONG = {"color": "var(--text)", "style": "strong"}
HALO = {"color": "var(--card)", "stroke": "var(--card)", "strokeWidth": 5, "strokeJoin": "round"}

Rows = Iterable[dict[str, Any]]


def chart(rows: Rows) -> alt.Chart:
    """Returns a chart of rows that the page contains; it fills the width of its container."""
    return alt.Chart(alt.Data(values=list(rows)))


def spec(drawn: alt.TopLevelMixin, height: int = 240) -> dict[str, Any]:
    """Returns the Vega-Lite specification for the page, which adds colours and fonts."""
    found = drawn.properties(width="container", height=height).to_dict()
    for unneeded in ("config", "$schema"):
        found.pop(unneeded, None)
    return found


def steps(last: int) -> list[int]:
    """Returns at most ten of the numbers 1 to `last` as ticks of a counting axis."""
    return list(range(1, last + 1, -(-last // 10)))


def colours(field: str, domain: Sequence[str], present: Iterable[str] | None = None) -> alt.Color:
    """Returns one colour per name, the same in every chart with this domain; the legend has those present."""
    there = list(domain) if present is None else [name for name in domain if name in set(present)]
    return alt.Color(
        f"{field}:N",
        title=None,
        scale=alt.Scale(domain=list(domain)),
        legend=alt.Legend(values=there) if len(there) > 1 else None,
    )
