"""Section with the map of items."""

import math
from collections import Counter
from typing import Any

import altair as alt

from pipeline.report import charts
from pipeline.report.blocks import Chart, Part, Section, Table
from pipeline.report.sources import Sources
from pipeline.report.words import number
from serving.data_words import DataWords

COLOURED = 7  # number of groups with a colour of their own; more cannot be told apart
LISTED, NEAREST = 30, 3


def item_map(sources: Sources) -> Section:
    """Returns the section: a map with titles as tooltips, and a table of neighbours."""
    found, words = sources.details.get("map"), sources.words
    title = f"Map of {words.items}"
    if not found:
        return Section("map", title, "")
    lead = (
        f"Map of the retrieval model's vectors for the {len(found):,} {words.popular}: "
        f"{words.items} that the same {words.users} like lie close together. Large distances mean little."
    )
    return Section("map", title, lead, [Part("", [_map(found, words)])])


def _map(found: list[dict[str, Any]], words: DataWords) -> Chart:
    """Returns the map, coloured by the feature that groups items if there is one."""
    found = [{**item, "groups": item["words"] if "words" in item else item["genres"]} for item in found]
    counts = Counter(each for item in found for each in item["groups"])
    grouped = bool(words.grouping and counts)
    coloured = [each for each, _ in counts.most_common(COLOURED)]
    rows = [
        {
            **{key: item[key] for key in ("title", "ratings", "x", "y")},
            "group": _group(item, coloured, counts),
            "groups": ", ".join(item["groups"]),
        }
        for item in found
    ]
    tooltip = [
        "title:N",
        *([alt.Tooltip("groups:N", title=words.grouping)] if grouped else []),
        alt.Tooltip("ratings:Q", title=f"{words.ratings} in train", format=","),
    ]
    drawn = (
        charts.chart(rows)
        .mark_circle(opacity=0.75)
        .encode(
            x=alt.X("x:Q", axis=None),
            y=alt.Y("y:Q", axis=None),
            size=alt.Size("ratings:Q", legend=None, scale=alt.Scale(range=[12, 260])),
            color=charts.colours("group", [*coloured, "other"], {row["group"] for row in rows}),
            tooltip=tooltip,
        )
    )
    table = Table(
        f"The {min(LISTED, len(found))} {words.popular} and their nearest neighbours",
        (words.item, *([words.grouping] if grouped else []), words.ratings, "nearest on the map"),
        [
            [
                item["title"],
                *([", ".join(item["groups"])] if grouped else []),
                number(item["ratings"]),
                "; ".join(_nearest(item, found)),
            ]
            for item in found[:LISTED]
        ],
        frozenset({2 if grouped else 1}),
    )
    colour = f", its colour one of its {words.grouping}" if grouped else ""
    says = (
        f"One dot per {words.item}: its size is the number of {words.ratings}{colour}. "
        f"The most popular {words.item} is {found[0]['title']}."
    )
    title = f"{words.items} liked by the same {words.users}"
    return Chart(title[0].upper() + title[1:], says, charts.spec(drawn, 560), table, wide=True)


def _group(item: dict[str, Any], coloured: list[str], counts: Counter) -> str:
    """Returns the rarest of an item's coloured groups, which says most about it."""
    return min((each for each in item["groups"] if each in coloured), key=counts.__getitem__, default="other")


def _nearest(item: dict[str, Any], found: list[dict[str, Any]]) -> list[str]:
    others = (each for each in found if each is not item)
    by_distance = sorted(others, key=lambda each: math.hypot(each["x"] - item["x"], each["y"] - item["y"]))
    return [each["title"] for each in by_distance[:NEAREST]]
