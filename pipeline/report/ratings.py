"""How good the predicted ratings are: calibration, spread, and the groups that are served worse."""

from collections.abc import Iterator
from typing import Any

import altair as alt

from pipeline.report import charts
from pipeline.report.blocks import Block, Cell, Chart, Fact, Facts, Note, Notes, Part, Section, Table
from pipeline.report.names import group, heading
from pipeline.report.sources import Sources
from pipeline.report.words import interval, number, plural, signed

Z = 1.96


def ratings(sources: Sources) -> Section:
    """Of the ranking model, on test; and TFMA's evaluation on eval."""
    test, found = sources.test, sources.details.get("ratings")
    parts = []
    lead = ""
    if test:
        lead = (
            f"On the {test['test']['rows']:,} ratings of test the error is {number(test['test']['rmse'])} stars "
            f"(RMSE); always saying the mean would be {number(test['mean_rating_baseline']['rmse'])}."
        )
        parts.append(Part("Errors", [_errors(test, found)]))
    if found:
        parts[-1:] = [Part("Errors", [*parts[-1].blocks, _calibration(found["calibration"]), _spread(found), _given(found["by_stars"])])]
        parts.append(
            Part(
                "By group, on test",
                [by_group(found["slices"], test["test"]["rmse"])],
                "With 95 % intervals that take users, not ratings, as what was drawn.",
            )
        )
    if sources.slices:
        parts.append(Part("By group, on eval", [_tfma(sources.slices)], "TFMA's metrics, which the blessing goes by."))
    if not parts:
        return Section("ratings", "Ratings", "", [Part("", [Notes([Note("No ratings were judged.", "muted")])])])
    return Section("ratings", "Ratings", lead, parts)


def _errors(test: dict[str, Any], found: dict[str, Any] | None) -> Facts:
    ours, mean = test["test"], test["mean_rating_baseline"]
    gained = 1 - ours["rmse"] / mean["rmse"]
    facts = [
        Fact("RMSE on test", number(ours["rmse"]), f"{100 * gained:.0f} % below the mean's {number(mean['rmse'])}"),
        Fact("MAE on test", number(ours["mae"]), f"the mean's: {number(mean['mae'])}"),
    ]
    if found:
        rows = sum(part["rows"] for part in found["calibration"])
        bias = sum(part["rows"] * (part["predicted"] - part["actual"]) for part in found["calibration"]) / rows
        facts.append(Fact("Bias", f"{signed(bias)} stars", "mean of predicted less given"))
    return Facts(facts)


def _calibration(found: list[dict[str, Any]]) -> Chart:
    rows = [
        {
            **part,
            "low": part["actual"] - Z * (part["standard_error"] or 0),
            "high": part["actual"] + Z * (part["standard_error"] or 0),
        }
        for part in found
    ]
    ends = [min(min(r["predicted"], r["low"]) for r in rows), max(max(r["predicted"], r["high"]) for r in rows)]
    scale = alt.Scale(domain=ends, nice=True, zero=False)
    x = alt.X("predicted:Q", title="stars predicted", scale=scale)
    ideal = (
        charts.chart([{"x": end} for end in ends])
        .mark_line(style="reference")
        .encode(x=alt.X("x:Q", scale=scale), y=alt.Y("x:Q", scale=scale))
    )
    base = charts.chart(rows)
    bars = base.mark_rule(strokeWidth=2).encode(x=x, y=alt.Y("low:Q", title="stars given", scale=scale), y2="high:Q")
    dots = base.mark_circle(size=70, opacity=1).encode(
        x=x,
        y=alt.Y("actual:Q", scale=scale),
        tooltip=[alt.Tooltip(f"{key}:Q", format=",.3~f") for key in ("predicted", "actual", "low", "high", "rows")],
    )
    worst = max(found, key=lambda part: abs(part["predicted"] - part["actual"]))
    table = Table(
        "Calibration on test, ten bins of rising prediction",
        ("predicted", "given", "95 % interval", "ratings"),
        [
            [number(r["predicted"], 3), number(r["actual"], 3), interval(r["low"], r["high"], 3), number(r["rows"])]
            for r in rows
        ],
        frozenset({0, 1, 2, 3}),
    )
    says = (
        f"A dot is a tenth of test; on the dashed line as much is given as was predicted. Furthest off: "
        f"{worst['predicted']:.2f} predicted, {worst['actual']:.2f} given."
    )
    return Chart("Calibration", says, charts.spec(ideal + bars + dots, 280), table)


def _spread(found: dict[str, Any]) -> Chart:
    histogram, total = found["histogram"], sum(found["histogram"]["counts"])
    edges = histogram["edges"]
    bars = [
        {"from": low, "to": high, "share": count / total, "what": "predicted"}
        for low, high, count in zip(edges, edges[1:], histogram["counts"], strict=False)
    ]
    given = [{"stars": row["stars"], "share": row["rows"] / total, "what": "given"} for row in found["by_stars"]]
    y = alt.Y("share:Q", title="share of test", axis=alt.Axis(format="%"))
    domain = ("predicted", "given")
    predicted = (
        charts.chart(bars)
        .mark_bar(opacity=0.85)
        .encode(
            x=alt.X("from:Q", title="stars", scale=alt.Scale(zero=False, nice=True)),
            x2="to:Q",
            y=y,
            color=charts.colours("what", domain),
            tooltip=["from:Q", "to:Q", alt.Tooltip("share:Q", format=".1%")],
        )
    )
    base = charts.chart(given).encode(x=alt.X("stars:Q"), y=y, color=charts.colours("what", domain))
    stems = base.mark_rule(strokeWidth=2)
    heads = base.mark_circle(size=60, opacity=1).encode(
        tooltip=["stars:Q", alt.Tooltip("share:Q", format=".1%")]
    )
    says = "Bars are what was predicted, a tenth of a star wide; pins are what was given, which is whole or half stars."
    table = Table(
        "Ratings given in test",
        ("stars", "ratings", "share"),
        [[number(row["stars"], 1), number(row["rows"]), f"{100 * row['rows'] / total:.1f} %"] for row in found["by_stars"]],
        frozenset({0, 1, 2}),
    )
    return Chart("Predicted and given", says, charts.spec(predicted + stems + heads, 280), table)


def _given(found: list[dict[str, Any]]) -> Chart:
    x = alt.X("stars:O", title="stars given", axis=alt.Axis(labelAngle=0))
    base = charts.chart(found)
    tooltip = [alt.Tooltip("stars:O"), *(alt.Tooltip(f"{p}:Q", format=".2f") for p in ("p10", "p50", "p90")), alt.Tooltip("rows:Q", format=",")]
    bars = base.mark_bar(opacity=0.45, width={"band": 0.45}).encode(
        x=x, y=alt.Y("p10:Q", title="stars predicted", scale=alt.Scale(zero=False)), y2="p90:Q", tooltip=tooltip
    )
    middle = base.mark_tick(thickness=3, width={"band": 0.45}).encode(x=x, y="p50:Q", tooltip=tooltip)
    truth = base.mark_point(shape="diamond", size=60, filled=True, style="truth").encode(x=x, y=alt.Y("stars:Q"), tooltip=tooltip)
    table = Table(
        "What was predicted, by what was given",
        ("given", "ratings", "10 % below", "median", "10 % above"),
        [[number(r["stars"], 1), number(r["rows"]), *(number(r[p], 2) for p in ("p10", "p50", "p90"))] for r in found],
        frozenset({0, 1, 2, 3, 4}),
    )
    low, high = found[0], found[-1]
    says = (
        f"Bars hold four of five predictions, the line in them the median, diamonds the truth. Where "
        f"{low['stars']:g} was given the median is {low['p50']:.2f}, where {high['stars']:g} was, {high['p50']:.2f}."
    )
    return Chart("How far ratings are drawn to the middle", says, charts.spec(bars + middle + truth, 280), table)


def by_group(slices: dict[str, Any], whole: float) -> Chart:
    """RMSE with its interval, a row a group."""
    rows = [
        {
            "group": group(feature, value),
            "feature": heading(feature),
            "rmse": each["rmse"],
            "low": each["low"] if each["low"] is not None else each["rmse"],
            "high": each["high"] if each["high"] is not None else each["rmse"],
            "bias": each["bias"],
            "ratings": each["rows"],
            "users": each["users"],
        }
        for feature, values in slices.items()
        for value, each in values.items()
    ]
    y = alt.Y("group:N", sort=[row["group"] for row in rows], title=None)
    base = charts.chart(rows)
    tooltip = [
        "group:N",
        *(alt.Tooltip(f"{key}:Q", format=".4f") for key in ("rmse", "low", "high", "bias")),
        *(alt.Tooltip(f"{key}:Q", format=",") for key in ("ratings", "users")),
    ]
    # One loose end must not squeeze all the others together.
    reach = _reach(rows)
    scale = alt.Scale(domain=reach, clamp=True, nice=False, zero=False)
    bars = base.mark_rule(strokeWidth=3, opacity=0.6).encode(
        y=y, x=alt.X("low:Q", title="RMSE", scale=scale), x2="high:Q", color=alt.Color("feature:N", legend=None), tooltip=tooltip
    )
    dots = base.mark_circle(size=70, opacity=1).encode(
        y=y, x=alt.X("rmse:Q", scale=scale), color=alt.Color("feature:N", legend=None), tooltip=tooltip
    )
    reference = charts.chart([{"whole": whole}]).mark_rule(style="reference").encode(x=alt.X("whole:Q", scale=scale))
    table = Table(
        "Errors by group on test",
        ("group", "RMSE", "95 % interval", "MAE", "bias", "ratings", "users"),
        [
            [
                Cell(group(feature, value)),
                number(each["rmse"]),
                interval(each["low"], each["high"]),
                number(each["mae"]),
                signed(each["bias"], 3),
                number(each["rows"]),
                number(each["users"]),
            ]
            for feature, values in slices.items()
            for value, each in values.items()
        ],
        frozenset({1, 2, 3, 4, 5, 6}),
    )
    large = [row for row in rows if row["ratings"] >= 100] or rows
    worst, best = max(large, key=lambda row: row["rmse"]), min(large, key=lambda row: row["rmse"])
    says = (
        f"Of groups with a hundred ratings and more, {best['group']} are predicted best ({number(best['rmse'])}), "
        f"{worst['group']} worst ({number(worst['rmse'])}); the dashed line is all of test."
    )
    return Chart("RMSE by group", says, charts.spec(bars + dots + reference, 21 * len(rows)), table, wide=True)


def _reach(rows: list[dict[str, Any]]) -> list[float]:
    large = [row for row in rows if row["ratings"] >= 30] or rows
    low, high = min(row["low"] for row in large), max(row["high"] for row in large)
    margin = 0.04 * (high - low or 1)
    return [max(low - margin, 0), high + margin]


def _tfma(slices: dict[str, Any]) -> Block:
    rows = list(_tfma_rows(slices))
    compared = any("baseline" in models for values in slices.values() for models in values.values())
    columns = ["group", "ratings", "RMSE", "MAE", "calibration", "nDCG@10"]
    columns += ["RMSE of the last blessed", "change"] if compared else []
    table = Table(
        f"TFMA's evaluation on eval, {plural(len(rows), 'group')}",
        columns,
        [row[: len(columns)] for row in rows],
        frozenset(range(1, len(columns))),
    )
    return table


def _tfma_rows(slices: dict[str, Any]) -> Iterator[list[str | Cell]]:
    for feature, values in slices.items():
        for value, models in sorted(values.items()):
            ours, before = models["candidate"], models.get("baseline", {})
            change = ours["rmse"] - before["rmse"] if ours.get("rmse") is not None and before.get("rmse") is not None else None
            tone = "" if change is None or round(change, 4) == 0 else "good" if change < 0 else "bad"
            count = ours.get("example_count")
            yield [
                "all of eval" if feature == "(all)" else group(feature, value),
                number(None if count is None else int(count)),
                number(ours.get("rmse")),
                number(ours.get("mae")),
                number(ours.get("calibration"), 3),
                number(ours.get("ndcg_10")),
                number(before.get("rmse")),
                Cell(signed(change), tone),
            ]
