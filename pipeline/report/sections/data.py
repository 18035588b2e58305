"""Section on the data: sizes, ratings, users, items, times, expectations and drift."""

import math
from collections import Counter
from typing import Any

import altair as alt

from components.movielens_example_gen.config import CUSTOM
from pipeline.report import charts
from pipeline.report.blocks import Block, Chart, Fact, Facts, Note, Notes, Part, Section, Table
from pipeline.report.sections.expectations import drift, schema_and_anomalies
from pipeline.report.sources import Sources
from pipeline.report.words import day, number, plural, share
from serving.data_words import DataWords

MOST_BARS, BINS = 40, 20  # with more values than that they are drawn in ranges
GROUPS = 40  # maximum number of groups of items that are drawn
WIDE = 100  # ratio of the highest to the lowest value from which the ranges double

MOST_STARS = 50  # different ratings; with more, they are counts of implicit feedback, or any number


def data(sources: Sources) -> Section:
    """Returns the section on the ingested data and ExampleValidator's findings."""
    found, words = sources.details.get("data"), sources.words
    parts = [
        Part("How the data was read", _told(sources)),
        Part("Splits", _splits(sources, found)),
        Part(f"{words.ratings.capitalize()} and activity", _distributions(found, words) if found else []),
        Part("Schema and anomalies", schema_and_anomalies(sources)),
        Part("Drift", drift(sources)),
    ]
    ingest = sources.ingest
    lead = ""
    if ingest:
        total = sum(ingest["rows"].values())
        of = "" if ingest["dataset"] == CUSTOM else f" of {ingest['dataset']}"
        lead = f"{total:,} {words.ratings}{of}, split: {_kind(ingest['split'])}."
        if ingest["bad_rows"]["count"]:
            lead += f" {plural(ingest['bad_rows']['count'], 'row')} could not be read."
    return Section("data", "Data", lead, parts)


def _told(sources: Sources) -> list[Block]:
    """Returns what the reader guessed, matched and left out: see `components.movielens_example_gen.told`."""
    notes = (sources.ingest or {}).get("notes")
    return [Notes([Note(text) for text in notes])] if notes else []


def _kind(split: dict[str, Any]) -> str:
    rest = ", ".join(f"{key} {value}" for key, value in split.items() if key != "kind")
    return f"{split['kind'].replace('_', ' ')}" + (f" ({rest})" if rest else "")


def _splits(sources: Sources, found: dict[str, Any] | None) -> list[Block]:
    rows, words = (sources.ingest or {}).get("rows"), sources.words
    if not rows:
        return []
    total = sum(rows.values())
    sizes = [
        {"split": split, "ratings": count, "part": share(count / total if total else None)}
        for split, count in rows.items()
    ]
    table = Table(
        f"{words.ratings.capitalize()} per split",
        ("split", words.ratings, "share"),
        [[s["split"], number(s["ratings"]), s["part"]] for s in sizes],
        frozenset({1, 2}),
    )
    if found:
        table = Table(
            "The splits",
            (
                "split",
                words.ratings,
                words.users,
                words.items,
                f"mean {words.value}",
                "from",
                "to",
                f"by {words.users} not in train",
                f"of {words.items} not in train",
            ),
            [
                [
                    split,
                    number(each["ratings"]),
                    number(each["users"]),
                    number(each["items"]),
                    number(each["mean"], 3),
                    day(each["first"]),
                    day(each["last"]),
                    number(each["unknown_users"]),
                    number(each["unknown_items"]),
                ]
                for split, each in found["splits"].items()
            ],
            frozenset({1, 2, 3, 4, 7, 8}),
        )
    drawn = (
        charts.chart(sizes)
        .mark_bar(height={"band": 0.6})
        .encode(
            x=alt.X("ratings:Q", title=words.ratings),
            y=alt.Y("split:N", sort=list(charts.SPLITS), title=None),
            color=charts.colours("split", charts.SPLITS, []),
            tooltip=["split:N", alt.Tooltip("ratings:Q", title=words.ratings, format=","), "part:N"],
        )
    )
    says = ", ".join(f"{s['split']} {s['ratings']:,} ({s['part']})" for s in sizes) + "."
    blocks: list[Block] = []
    if found:
        blocks.append(
            Facts(
                [
                    Fact(f"{words.users.capitalize()} in train", number(found["users"])),
                    Fact(f"{words.items.capitalize()} in train", number(found["items"])),
                    Fact(
                        "Density",
                        share(found["density"]),
                        f"of all pairs of {words.user} and {words.item} are in train",
                    ),
                    Fact(
                        f"Most active 10 % of {words.users}",
                        share(found["concentration"]["users"]),
                        f"of all {words.ratings}",
                    ),
                    Fact(
                        f"Most popular 10 % of {words.items}",
                        share(found["concentration"]["items"]),
                        f"of all {words.ratings}",
                    ),
                ]
            )
        )
    blocks.append(Chart("Split sizes", says, charts.spec(drawn, 130), table))
    if found and found["time"]:
        blocks.append(_time(found["time"], words))
    return blocks


def _time(found: dict[str, Any], words: DataWords) -> Chart:
    edges = found["edges"]
    rows = [
        {"time": begin * 1000, "split": split, "ratings": count}
        for split, counts in found["counts"].items()
        for begin, count in zip(edges, [*counts, counts[-1]], strict=True)  # the last step needs an end too
    ]
    drawn = (
        charts.chart(rows)
        .mark_area(interpolate="step-after")
        .encode(
            x=alt.X("time:T", title=None),
            y=alt.Y("ratings:Q", title=words.ratings),
            color=charts.colours("split", charts.SPLITS, found["counts"]),
            order=alt.Order("split:N", sort="descending"),
            tooltip=[
                alt.Tooltip("time:T", title="from"),
                "split:N",
                alt.Tooltip("ratings:Q", title=words.ratings, format=","),
            ],
        )
    )
    says = f"{words.ratings.capitalize()} from {day(edges[0])} to {day(edges[-1])}; the colour is the split."
    return Chart(f"{words.ratings.capitalize()} over time", says, charts.spec(drawn))


def _distributions(found: dict[str, Any], words: DataWords) -> list[Block]:
    doubling = (
        ("activity", f"{words.user} activity".capitalize(), words.users),
        ("popularity", f"{words.item} popularity".capitalize(), words.items),
    )
    return [
        _values(found["stars"], words),
        *([_groups(_by_word(found, words.grouping), words)] if words.grouping else []),
        *(_doubling(found[key], title, thing, words) for key, title, thing in doubling),
    ]


def _values(found: dict[str, dict[str, int]], words: DataWords) -> Chart | Notes:
    """Returns a chart of the ratings by value, or of interactions by strength."""
    if not found.get("train"):
        return Notes([Note(f"The train split has no {words.ratings}.", "muted")])
    names = _bars(sorted({float(value) for counts in found.values() for value in counts}))
    binned: dict[str, Counter[str]] = {split: Counter() for split in found}
    for split, counts in found.items():
        for value, count in counts.items():
            binned[split][names[float(value)]] += count
    order = list(dict.fromkeys(names.values()))
    rows: list[dict[str, Any]] = [
        {"value": name, "split": split, "share": counts[name] / counts.total(), "ratings": counts[name]}
        for split, counts in binned.items()
        for name in order
        if counts[name]
    ]
    drawn = (
        charts.chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("value:O", sort=order, title=words.value, axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("split:N", sort=list(charts.SPLITS)),
            y=alt.Y("share:Q", title="share of the split", axis=alt.Axis(format="%")),
            color=charts.colours("split", charts.SPLITS, found),
            tooltip=[
                "split:N",
                alt.Tooltip("value:O", title=words.value),
                alt.Tooltip("share:Q", format=".1%"),
                alt.Tooltip("ratings:Q", title=words.ratings, format=","),
            ],
        )
    )
    train = binned["train"]
    most = max(train, key=train.__getitem__)
    table = Table(
        f"Number of {words.ratings} by {words.value}",
        (words.value, *binned),
        [[name, *(number(counts[name]) for counts in binned.values())] for name in order],
        frozenset(range(1, 1 + len(binned))),
    )
    says = f"The most frequent {words.value} is {most}: {share(train[most] / train.total())} of train."
    return Chart(f"Distribution of {words.ratings}", says, charts.spec(drawn), table)


def _bars(values: list[float]) -> dict[float, str]:
    """Returns the name of each value's bar, in order: itself, or a range if there are many values."""
    if len(values) <= MOST_BARS:
        return {value: f"{value:g}" for value in values}
    if values[0] > 0 and values[-1] >= WIDE * values[0]:
        powers = {value: math.floor(math.log2(value)) for value in values}
        return {value: f"{2.0**power:g} to {2.0 ** (power + 1):g}" for value, power in powers.items()}
    step = (values[-1] - values[0]) / BINS
    lows = {value: values[0] + step * min(int((value - values[0]) / step), BINS - 1) for value in values}
    return {value: f"{low:.3g} to {low + step:.3g}" for value, low in lows.items()}


def _doubling(found: list[dict[str, int]], title: str, thing: str, words: DataWords) -> Chart | Notes:
    if not found:
        return Notes([Note(f"{title}: there are no {thing} in train.", "muted")])
    rows: list[dict[str, Any]] = [
        {
            "ratings": f"{row['from']:,}" if row["from"] == row["to"] else f"{row['from']:,}–{row['to']:,}",
            "count": row["count"],
        }
        for row in found
    ]
    drawn = (
        charts.chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("ratings:O", sort=None, title=f"{words.ratings} in train", axis=alt.Axis(labelAngle=-40)),
            y=alt.Y("count:Q", title=thing),
            tooltip=[
                alt.Tooltip("ratings:O", title=words.ratings),
                alt.Tooltip("count:Q", title=thing, format=","),
            ],
        )
    )
    most = max(rows, key=lambda row: row["count"])
    table = Table(
        f"{thing.capitalize()} by {words.ratings} in train",
        (words.ratings, thing),
        [[row["ratings"], number(row["count"])] for row in rows],
        frozenset({1}),
    )
    whole = sum(row["count"] for row in rows)
    largest = f"{most['count']:,} of {whole:,}"
    says = f"The largest group of {thing}, {largest}, has {most['ratings']} {words.ratings}."
    return Chart(title, says, charts.spec(drawn), table)


def _by_word(found: dict[str, Any], grouping: str) -> list[dict[str, Any]]:
    """Returns the rows of the feature that groups items; earlier versions wrote those of genres only."""
    if "words" in found:
        rows: list[dict[str, Any]] = found["words"].get(grouping, [])
        return rows
    return [{**row, "word": row["genre"]} for row in found["genres"]]


def _groups(found: list[dict[str, Any]], words: DataWords) -> Chart | Notes:
    """Returns a chart of the feature that groups items, such as genres."""
    title = words.grouping.capitalize()
    if not found:
        return Notes([Note(f"No {words.item} in train has {words.grouping}.", "muted")])
    rows = [
        {"group": r["word"], "items": r["items"], "ratings": r["ratings"], "mean": r["mean"]}
        for r in found[:GROUPS]
    ]
    drawn = (
        charts.chart(rows)
        .mark_bar()
        .encode(
            y=alt.Y("group:N", sort=[row["group"] for row in rows], title=None),
            x=alt.X("ratings:Q", title=f"{words.ratings} in train"),
            tooltip=[
                alt.Tooltip("group:N", title=words.grouping),
                alt.Tooltip("items:Q", title=words.items, format=","),
                alt.Tooltip("ratings:Q", title=words.ratings, format=","),
                alt.Tooltip("mean:Q", format=".2f", title=f"mean {words.value}"),
            ],
        )
    )
    table = Table(
        f"{title} in train",
        (words.grouping, words.items, words.ratings, f"mean {words.value}"),
        [[r["group"], number(r["items"]), number(r["ratings"]), number(r["mean"], 2)] for r in rows],
        frozenset({1, 2, 3}),
    )
    first = rows[0]
    says = f"{first['group']} has the most {words.ratings}, {first['ratings']:,}."
    if len(found) > len(rows):
        says += f" The {len(rows)} with the most are drawn, of {len(found):,}."
    return Chart(title, says, charts.spec(drawn, max(180, 17 * len(rows))), table)
