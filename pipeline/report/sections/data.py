"""Section on the data: sizes, ratings, users, films, times, expectations and drift."""

from typing import Any

import altair as alt

from pipeline.report import charts
from pipeline.report.blocks import Block, Chart, Fact, Facts, Note, Notes, Part, Section, Table
from pipeline.report.sections.expectations import drift, schema_and_anomalies
from pipeline.report.sources import Sources
from pipeline.report.words import day, number, plural, share

MOST_STARS = 50  # different ratings; with more, they are counts of implicit feedback, or any number


def data(sources: Sources) -> Section:
    """Returns the section on the ingested data and ExampleValidator's findings."""
    found = sources.details.get("data")
    parts = [
        Part("How the data was read", _told(sources)),
        Part("Splits", _splits(sources, found)),
        Part("Ratings and activity", _distributions(found) if found else []),
        Part("Schema and anomalies", schema_and_anomalies(sources)),
        Part("Drift", drift(sources)),
    ]
    ingest = sources.ingest
    lead = ""
    if ingest:
        total = sum(ingest["rows"].values())
        lead = f"{total:,} ratings of {ingest['dataset']}, split: {_kind(ingest['split'])}."
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
    rows = (sources.ingest or {}).get("rows")
    if not rows:
        return []
    total = sum(rows.values())
    sizes = [
        {"split": split, "ratings": count, "part": share(count / total if total else None)}
        for split, count in rows.items()
    ]
    table = Table(
        "Ratings per split",
        ("split", "ratings", "share"),
        [[s["split"], number(s["ratings"]), s["part"]] for s in sizes],
        frozenset({1, 2}),
    )
    if found:
        table = Table(
            "The splits",
            (
                "split",
                "ratings",
                "users",
                "films",
                "mean",
                "from",
                "to",
                "by users not in train",
                "of films not in train",
            ),
            [
                [
                    split,
                    number(each["ratings"]),
                    number(each["users"]),
                    number(each["films"]),
                    number(each["mean"], 3),
                    day(each["first"]),
                    day(each["last"]),
                    number(each["unknown_users"]),
                    number(each["unknown_films"]),
                ]
                for split, each in found["splits"].items()
            ],
            frozenset({1, 2, 3, 4, 7, 8}),
        )
    drawn = (
        charts.chart(sizes)
        .mark_bar(height={"band": 0.6})
        .encode(
            x=alt.X("ratings:Q", title="ratings"),
            y=alt.Y("split:N", sort=list(charts.SPLITS), title=None),
            color=charts.colours("split", charts.SPLITS, []),
            tooltip=["split:N", alt.Tooltip("ratings:Q", format=","), "part:N"],
        )
    )
    says = ", ".join(f"{s['split']} {s['ratings']:,} ({s['part']})" for s in sizes) + "."
    blocks: list[Block] = []
    if found:
        blocks.append(
            Facts(
                [
                    Fact("Users in train", number(found["users"])),
                    Fact("Films in train", number(found["films"])),
                    Fact("Density", share(found["density"]), "of user-film pairs are rated"),
                    Fact(
                        "Most active 10 % of users",
                        share(found["concentration"]["users"]),
                        "of all ratings",
                    ),
                    Fact(
                        "Most rated 10 % of films", share(found["concentration"]["films"]), "of all ratings"
                    ),
                ]
            )
        )
    blocks.append(Chart("Split sizes", says, charts.spec(drawn, 130), table))
    if found and found["time"]:
        blocks.append(_time(found["time"]))
    return blocks


def _time(found: dict[str, Any]) -> Chart:
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
            y=alt.Y("ratings:Q", title="ratings"),
            color=charts.colours("split", charts.SPLITS, found["counts"]),
            order=alt.Order("split:N", sort="descending"),
            tooltip=[alt.Tooltip("time:T", title="from"), "split:N", alt.Tooltip("ratings:Q", format=",")],
        )
    )
    says = f"Ratings from {day(edges[0])} to {day(edges[-1])}; the colour is the split."
    return Chart("Ratings over time", says, charts.spec(drawn))


def _distributions(found: dict[str, Any]) -> list[Block]:
    doubling = (
        ("activity", "User activity", "users"),
        ("popularity", "Film popularity", "films"),
    )
    return [
        *_distribution(found["stars"]),
        _genres(found["genres"]),
        *(_doubling(found[key], title, thing) for key, title, thing in doubling),
    ]


def _distribution(found: dict[str, dict[str, int]]) -> list[Block]:
    """Returns the chart of ratings, unless there are so many different ones that they are counts."""
    different = {stars for counts in found.values() for stars in counts}
    return [_stars(found)] if len(different) <= MOST_STARS else []


def _stars(found: dict[str, dict[str, int]]) -> Chart | Notes:
    if not found.get("train"):
        return Notes([Note("The train split has no ratings.", "muted")])
    rows: list[dict[str, Any]] = [
        {"stars": stars, "split": split, "share": count / sum(counts.values()), "ratings": count}
        for split, counts in found.items()
        for stars, count in counts.items()
    ]
    order = sorted({row["stars"] for row in rows}, key=float)
    drawn = (
        charts.chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("stars:O", sort=order, title="stars", axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("split:N", sort=list(charts.SPLITS)),
            y=alt.Y("share:Q", title="share of the split", axis=alt.Axis(format="%")),
            color=charts.colours("split", charts.SPLITS, found),
            tooltip=[
                "split:N",
                "stars:O",
                alt.Tooltip("share:Q", format=".1%"),
                alt.Tooltip("ratings:Q", format=","),
            ],
        )
    )
    train = found["train"]
    most = max(train, key=train.__getitem__)
    table = Table(
        "Ratings by stars",
        ("stars", *found),
        [[stars, *(number(counts.get(stars, 0)) for counts in found.values())] for stars in order],
        frozenset(range(1, 1 + len(found))),
    )
    says = f"{most} stars is the most frequent rating, {share(train[most] / sum(train.values()))} of train."
    return Chart("Distribution of ratings", says, charts.spec(drawn), table)


def _doubling(found: list[dict[str, int]], title: str, thing: str) -> Chart | Notes:
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
            x=alt.X("ratings:O", sort=None, title="ratings in train", axis=alt.Axis(labelAngle=-40)),
            y=alt.Y("count:Q", title=thing),
            tooltip=["ratings:O", alt.Tooltip("count:Q", title=thing, format=",")],
        )
    )
    most = max(rows, key=lambda row: row["count"])
    table = Table(
        f"{thing.capitalize()} by ratings in train",
        ("ratings", thing),
        [[row["ratings"], number(row["count"])] for row in rows],
        frozenset({1}),
    )
    whole = sum(row["count"] for row in rows)
    says = f"The largest group of {thing}, {most['count']:,} of {whole:,}, has {most['ratings']} ratings."
    return Chart(title, says, charts.spec(drawn), table)


def _genres(found: list[dict[str, Any]]) -> Chart | Notes:
    if not found:
        return Notes([Note("The data has no genres.", "muted")])
    order = [row["genre"] for row in found]
    drawn = (
        charts.chart(found)
        .mark_bar()
        .encode(
            y=alt.Y("genre:N", sort=order, title=None),
            x=alt.X("ratings:Q", title="ratings in train"),
            tooltip=[
                "genre:N",
                alt.Tooltip("films:Q", format=","),
                alt.Tooltip("ratings:Q", format=","),
                alt.Tooltip("mean:Q", format=".2f", title="mean stars"),
            ],
        )
    )
    table = Table(
        "Genres in train",
        ("genre", "films", "ratings", "mean stars"),
        [[r["genre"], number(r["films"]), number(r["ratings"]), number(r["mean"], 2)] for r in found],
        frozenset({1, 2, 3}),
    )
    first = found[0]
    says = f"{first['genre']} has the most ratings, {first['ratings']:,}; a film may have several genres."
    return Chart("Genres", says, charts.spec(drawn, max(180, 17 * len(found))), table)
