"""Section on the quality of the lists: accuracy, groups of users, and coverage of the catalogue."""

from collections.abc import Iterable
from typing import Any

import altair as alt

from pipeline.report import charts
from pipeline.report.blocks import Block, Chart, Fact, Facts, Note, Notes, Part, Section, Table
from pipeline.report.former_keys import items_in
from pipeline.report.names import group
from pipeline.report.quality.judged_lists import judged_lists, judged_users
from pipeline.report.quality.next_span import next_span_part
from pipeline.report.sources import Sources
from pipeline.report.words import interval, number, plural, share
from pipeline.store.data_words import words_of
from pipeline.store.next_span import beyond_chance
from serving.data_words import DataWords
from trainer.data.description import Description

MODELS, LISTS = charts.MODELS, charts.LISTS


def lists(sources: Sources) -> Section:
    """Returns the section: the retrieval model on eval, and it and the recommender on test."""
    plots, metrics, found = sources.plots, sources.lists, sources.details.get("lists")
    words = sources.words
    parts = []
    if found:
        parts.append(
            Part(
                "On test",
                _on_test(found, sources),
                f"The whole catalogue is ranked, without the {words.items} of the {words.user}'s "
                f"{words.ratings} in train.",
            )
        )
    if plots and metrics:
        drawn = [
            _recall(plots["recall_curves"], words),
            _coverage(plots, metrics, words),
            _exposure(plots["exposure"], words),
        ]
        scores = plots["scores"]["candidate"]
        drawn += [_scores(scores, words)] if scores["edges"] else []
        parts.append(
            Part(
                "Retrieval on eval",
                drawn,
                f"{judged_users(metrics, words)}; the whole catalogue is ranked for each.",
            )
        )
        parts.append(Part("Search in the exported model", [_search(metrics["search"], words)]))
    if sources.recommended:
        parts.insert(1 if found else 0, judged_lists(sources.recommended, words))
    if sources.next_span:
        parts.insert(1 if found else 0, next_span_part(sources.next_span, words))
    if not parts:
        return Section(
            "lists",
            "Lists",
            "",
            [Part("", [Notes([Note("No recommendation lists were evaluated.", "muted")])])],
        )
    return Section("lists", "Lists", _lead(found, words), parts)


def _lead(found: dict[str, Any] | None, words: DataWords) -> str:
    if not found or not {"recommender", "retrieval_popularity"} <= found["whole"].keys():
        return ""
    ours, popular = (
        found["whole"][name]["ndcg@10"]["value"] for name in ("recommender", "retrieval_popularity")
    )
    difference = found.get("less_popularity", {}).get("recommender")
    times = f", {ours / popular:.1f} times the baseline, the {words.popular}" if popular else ""
    if times and difference and difference["low"] is not None:
        between = interval(difference["low"], difference["high"])
        times += f" (difference {between}: {beyond_chance(difference)})"
    return f"The recommender's nDCG@10 on test is {number(ours)}{times}."


def _on_test(found: dict[str, Any], sources: Sources) -> list[Block]:
    models, words = [name for name in LISTS if name in found["whole"]], sources.words
    rows = []
    for measure in ("ndcg@10", "recall@10"):
        for name in models:
            each = found["whole"][name][measure]
            rows.append(
                [f"{LISTS[name]}, {measure}", number(each["value"]), interval(each["low"], each["high"])]
            )
    table = Table(
        f"Means over {plural(found['whole']['users'], words.user, words.users)} of test, with 95 % intervals",
        ("lists and measure", "mean", "95 % interval"),
        rows,
        frozenset({1, 2}),
    )
    shown = Table(
        "Catalogue measures of the top 10",
        ("lists", "coverage", "novelty, bits", "mean popularity", "Gini"),
        [
            [
                LISTS[name],
                share(each["coverage@10"]),
                number(each["novelty@10"], 2),
                number(each["mean_popularity@10"], 1),
                number(each["gini@10"], 3),
            ]
            for name, each in ((name, found["catalogue"][name]) for name in models)
        ],
        frozenset({1, 2, 3, 4}),
    )
    return [by_group(found, models, sources.description), table, shown]


def by_group(found: dict[str, Any], models: list[str], description: Description) -> Chart:
    """Returns a chart of nDCG@10 with its interval, one row per group and one colour per model."""
    words = words_of(description)
    groups = [(f"all {words.users}", found["whole"])] + [
        (group(feature, value, description), each)
        for feature, values in found["slices"].items()
        for value, each in values.items()
    ]
    rows = [
        {
            "group": name,
            "lists": LISTS[model],
            "users": each["users"],
            "value": each[model]["ndcg@10"]["value"],
            "low": _or(each[model]["ndcg@10"]["low"], each[model]["ndcg@10"]["value"]),
            "high": _or(each[model]["ndcg@10"]["high"], each[model]["ndcg@10"]["value"]),
        }
        for name, each in groups
        for model in models
    ]
    y = alt.Y("group:N", sort=[name for name, _ in groups], title=None)
    offset = alt.YOffset("lists:N", sort=list(LISTS.values()))
    colour = charts.colours("lists", list(LISTS.values()), {LISTS[model] for model in models})
    tooltip = [
        "group:N",
        "lists:N",
        *(alt.Tooltip(f"{k}:Q", format=".4f") for k in ("value", "low", "high")),
        alt.Tooltip("users:Q", title=words.users, format=","),
    ]
    base = charts.chart(rows)
    bars = base.mark_rule(strokeWidth=2.5, opacity=0.6, clip=True).encode(
        y=y,
        yOffset=offset,
        x=alt.X("low:Q", title="nDCG@10", scale=alt.Scale(domainMin=0)),
        x2="high:Q",
        color=colour,
        tooltip=tooltip,
    )
    dots = base.mark_circle(size=55, opacity=1).encode(
        y=y, yOffset=offset, x="value:Q", color=colour, tooltip=tooltip
    )
    table = Table(
        "nDCG@10 by group on test",
        ("group", words.users, *(LISTS[model] for model in models)),
        [
            [
                name,
                number(each["users"]),
                *(_with_interval(each[model]["ndcg@10"]) for model in models),
            ]
            for name, each in groups
        ],
        frozenset(range(1, 2 + len(models))),
    )
    says = (
        f"Means over the {words.users} of each group, with 95 % intervals; "
        "where intervals overlap, the difference may be chance."
    )
    return Chart("nDCG@10 by group", says, charts.spec(bars + dots, 34 * len(groups)), table, wide=True)


def _with_interval(found: dict[str, float | None]) -> str:
    return f"{number(found['value'])} ({interval(found['low'], found['high'], 3)})"


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _recall(curves: dict[str, list[float]], words: DataWords) -> Chart:
    rows = [
        {"k": k, "recall": value, "model": MODELS[name]}
        for name, curve in _known(curves)
        for k, value in enumerate(curve, start=1)
    ]
    drawn = (
        charts.chart(rows)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("k:Q", title="k, the length of the list", scale=alt.Scale(nice=False)),
            y=alt.Y("recall:Q", title="recall@k", axis=alt.Axis(format="%")),
            color=charts.colours("model", list(MODELS.values()), {row["model"] for row in rows}),
            tooltip=["model:N", "k:Q", alt.Tooltip("recall:Q", format=".4f")],
        )
    )
    ks = [k for k in (1, 5, 10, 20, 50, 100) if k <= len(curves["candidate"])]
    table = Table(
        "Recall by length of the list, on eval",
        ("model", *(f"@{k}" for k in ks)),
        [[MODELS[name], *(number(curve[k - 1]) for k in ks)] for name, curve in _known(curves)],
        frozenset(range(1, 1 + len(ks))),
    )
    last = len(curves["candidate"])
    says = (
        f"Share of the held-out {words.items} found: {share(curves['candidate'][-1])} by the top {last} of "
        f"this run, {share(curves['popularity'][-1])} by the {last} {words.popular}."
    )
    return Chart("Recall", says, charts.spec(drawn, 280), table)


def _coverage(plots: dict[str, Any], metrics: dict[str, Any], words: DataWords) -> Chart | Notes:
    rows = [
        {"model": MODELS[name], **point}
        for name, points in _known(plots["coverage_and_popularity"])
        for point in points
    ]
    if not rows:
        return Notes([Note("All lists are empty: the coverage of the catalogue is not drawn.", "muted")])
    base = charts.chart(rows).encode(
        x=alt.X(
            "mean_popularity:Q",
            title=f"mean number of train {words.ratings} of the {words.items} shown",
            scale=alt.Scale(zero=False, padding=16),
        ),
        y=alt.Y(
            "coverage:Q", title="catalogue coverage", axis=alt.Axis(format="%"), scale=alt.Scale(padding=16)
        ),
        color=charts.colours("model", list(MODELS.values()), {row["model"] for row in rows}),
        order=alt.Order("k:Q"),
        tooltip=[
            "model:N",
            "k:Q",
            alt.Tooltip("coverage:Q", format=".1%"),
            alt.Tooltip("mean_popularity:Q", format=".1f"),
        ],
    )
    drawn = base.mark_line(opacity=0.6) + base.mark_circle(size=70, opacity=1)
    text = (
        charts.chart(rows)
        .mark_text(**charts.SMALL, dy=-11)
        .encode(
            x="mean_popularity:Q",
            y="coverage:Q",
            text=alt.Text("label:N"),
        )
        .transform_calculate(label="'@' + datum.k")
    )
    chosen = metrics["eval"]["positives_mean_popularity"]
    if chosen is not None:
        drawn += charts.chart([{"chosen": chosen}]).mark_rule(**charts.REFERENCE).encode(x="chosen:Q")
    table = Table(
        "Coverage and popularity, on eval",
        ("model", "k", "catalogue coverage", f"mean {words.ratings} per {words.item}"),
        [[r["model"], str(r["k"]), share(r["coverage"]), number(r["mean_popularity"], 1)] for r in rows],
        frozenset({1, 2, 3}),
    )
    ten = next((row for row in rows if row["model"] == MODELS["candidate"] and row["k"] == 10), rows[0])
    says = (
        f"The top 10 cover {share(ten['coverage'])} of the catalogue, with {words.items} of "
        f"{ten['mean_popularity']:.0f} {words.ratings} on average; "
        f"the {words.items} that {words.users} chose themselves (dashed line) have {number(chosen, 0)}."
    )
    return Chart("Coverage against popularity", says, charts.spec(drawn + text, 280), table)


def _exposure(exposure: dict[str, list[float]], words: DataWords) -> Chart:
    rows = [
        {"tenth": place, "share": value, "model": MODELS[name]}
        for name, shares in _known(exposure)
        for place, value in enumerate(shares, start=1)
    ]
    drawn = (
        charts.chart(rows)
        .mark_bar()
        .encode(
            x=alt.X(
                "tenth:O",
                title=f"tenth of the catalogue, least popular {words.items} first",
                axis=alt.Axis(labelAngle=0),
            ),
            xOffset=alt.XOffset("model:N", sort=list(MODELS.values())),
            y=alt.Y("share:Q", title="share of the top 10 lists", axis=alt.Axis(format="%")),
            color=charts.colours("model", list(MODELS.values()), {row["model"] for row in rows}),
            tooltip=["model:N", "tenth:O", alt.Tooltip("share:Q", format=".1%")],
        )
    )
    table = Table(
        "Share of the top 10 lists by tenth of the catalogue, least popular first",
        ("model", *(str(place) for place in range(1, 11))),
        [[MODELS[name], *(share(value) for value in shares)] for name, shares in _known(exposure)],
        frozenset(range(1, 11)),
    )
    says = (
        f"{share(exposure['candidate'][-1])} of the recommended {words.items} are of the most popular tenth."
    )
    return Chart("Exposure by popularity", says, charts.spec(drawn, 280), table)


def _scores(found: dict[str, list[float]], words: DataWords) -> Chart:
    edges = found["edges"]
    held_out, everything = f"held-out {words.items}", f"all {words.items}"
    rows = [
        {"from": low, "to": high, "share": value, "what": what}
        for what, key in ((held_out, "positives"), (everything, "candidates"))
        for low, high, value in zip(edges, edges[1:], found[key], strict=False)
    ]
    drawn = (
        charts.chart(rows)
        .mark_area(interpolate="step-after", opacity=0.55, line=True)
        .encode(
            x=alt.X("from:Q", title="score", scale=alt.Scale(zero=False)),
            y=alt.Y("share:Q", title="share", axis=alt.Axis(format="%"), stack=None),
            color=charts.colours("what", (held_out, everything)),
            tooltip=[
                "what:N",
                alt.Tooltip("from:Q", format=".2f"),
                alt.Tooltip("to:Q", format=".2f"),
                alt.Tooltip("share:Q", format=".1%"),
            ],
        )
    )
    says = f"The scores are better the further {held_out} lie to the right of {everything}."
    return Chart("Scores", says, charts.spec(drawn, 280))


def _search(search: dict[str, float], words: DataWords) -> Facts:
    return Facts(
        [
            Fact(f"{words.items.capitalize()} searched", number(items_in(search))),
            Fact("Recall of the exact top 100", share(search["index_recall@100"])),
            Fact(
                "Median",
                f"{search['search_p50_ms']:.2f} ms",
                f"100 {words.items} for one {words.user}, in process",
            ),
            Fact("99th percentile", f"{search['search_p99_ms']:.2f} ms"),
        ]
    )


def _known(by_model: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    return [(name, by_model[name]) for name in MODELS if name in by_model]
