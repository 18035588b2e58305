"""Section with the map of films."""

import math
from collections import Counter
from typing import Any

import altair as alt

from pipeline.report import charts
from pipeline.report.blocks import Chart, Part, Section, Table
from pipeline.report.sources import Sources
from pipeline.report.words import number

COLOURED = 7  # number of genres with a colour of their own; more cannot be told apart
LISTED, NEAREST = 30, 3


def films(sources: Sources) -> Section:
    """Returns the section: a map with titles as tooltips, and a table of neighbours."""
    found = sources.details.get("map")
    if not found:
        return Section("films", "Map of films", "")
    lead = (
        f"Map of the retrieval model's vectors for the {len(found):,} most rated films: "
        "films that the same users like lie close together. Large distances mean little."
    )
    return Section("films", "Map of films", lead, [Part("", [_map(found)])])


def _map(found: list[dict[str, Any]]) -> Chart:
    counts = Counter(genre for film in found for genre in film["genres"])
    coloured = [genre for genre, _ in counts.most_common(COLOURED)]
    rows = [
        {**film, "genre": _genre(film, coloured, counts), "genres": ", ".join(film["genres"])}
        for film in found
    ]
    domain = [*coloured, "other"]
    drawn = (
        charts.chart(rows)
        .mark_circle(opacity=0.75)
        .encode(
            x=alt.X("x:Q", axis=None),
            y=alt.Y("y:Q", axis=None),
            size=alt.Size("ratings:Q", legend=None, scale=alt.Scale(range=[12, 260])),
            color=charts.colours("genre", domain, {row["genre"] for row in rows}),
            tooltip=["title:N", "genres:N", alt.Tooltip("ratings:Q", title="ratings in train", format=",")],
        )
    )
    table = Table(
        f"The {min(LISTED, len(found))} most rated films and their nearest neighbours",
        ("film", "genres", "ratings", "nearest on the map"),
        [
            [
                film["title"],
                ", ".join(film["genres"]),
                number(film["ratings"]),
                "; ".join(_nearest(film, found)),
            ]
            for film in found[:LISTED]
        ],
        frozenset({2}),
    )
    says = (
        "Each dot is a film: its size is the number of ratings, its colour the genre. "
        f"The most rated film is {found[0]['title']}."
    )
    return Chart("Films liked by the same users", says, charts.spec(drawn, 560), table, wide=True)


def _genre(film: dict[str, Any], coloured: list[str], counts: Counter) -> str:
    """Returns the rarest of a film's coloured genres, which says most about it."""
    return min((g for g in film["genres"] if g in coloured), key=counts.__getitem__, default="other")


def _nearest(film: dict[str, Any], found: list[dict[str, Any]]) -> list[str]:
    others = (each for each in found if each is not film)
    by_distance = sorted(others, key=lambda each: math.hypot(each["x"] - film["x"], each["y"] - film["y"]))
    return [each["title"] for each in by_distance[:NEAREST]]
