"""Section on the quality of predicted ratings: calibration, spread, and groups with larger errors."""

from itertools import pairwise
from typing import Any

import altair as alt

from pipeline.report import charts
from pipeline.report.blocks import Cell, Chart, Fact, Facts, Note, Notes, Part, Section, Table
from pipeline.report.names import group, heading
from pipeline.report.quality.events import of_types
from pipeline.report.quality.tfma import tfma_table
from pipeline.report.sources import Sources
from pipeline.report.words import interval, number, signed
from pipeline.store.data_words import words_of
from pipeline.store.judged_by import CHANCES, RATINGS, JudgedBy, judged_by
from trainer.data.description import Description

Z = 1.96
FEWEST = 50  # minimum number of ratings of a group that is drawn


def ratings(sources: Sources) -> Section:
    """Returns the section: the ranking model on test, and TFMA's evaluation on eval."""
    test, found, words = sources.test, sources.details.get("ratings"), sources.words
    title = f"{words.expected}s".capitalize()
    parts = []
    lead = ""
    if test:
        ours, by = test["test"], judged_by(test["test"])
        lead = (
            f"On the {ours['rows']:,} {by.rows} of test the {by.error_title} is {number(ours[by.error])}; "
            f"the baseline, the {by.baseline_words}, has {number(test[by.baseline][by.error])}."
        )
        parts.append(Part("Errors", [_errors(test, found)]))
    if test and found and found["calibration"] and found["by_stars"]:
        parts[-1:] = [
            Part(
                "Errors",
                [
                    *parts[-1].blocks,
                    _calibration(found["calibration"], by),
                    *([_spread(found), _given(found["by_stars"])] if by is RATINGS else []),
                ],
            )
        ]
        parts.append(
            Part(
                "By group, on test",
                [by_group(found["slices"], ours[by.error], sources.description)],
                f"The 95 % intervals treat {words.users}, not {words.ratings}, as the sample.",
            )
        )
    if test and (events := test.get("events")):
        parts.append(of_types(events, test["test"]))
    if sources.slices:
        other = sources.other_baseline("ranking")
        parts.append(
            Part(
                "By group, on eval",
                [
                    tfma_table(
                        sources.slices,
                        f"run {other}" if other else "the last blessed model",
                        sources.description,
                    )
                ],
                "The metrics on eval, which decide the blessing.",
            )
        )
    if not parts:
        return Section(
            "ratings",
            title,
            "",
            [Part("", [Notes([Note(f"No predicted {title.lower()} were evaluated.", "muted")])])],
        )
    return Section("ratings", title, lead, parts)


def _errors(test: dict[str, Any], found: dict[str, Any] | None) -> Facts:
    ours, by = test["test"], judged_by(test["test"])
    mean = test[by.baseline]
    against = _against_mean(ours[by.error], mean[by.error], by)
    facts = [Fact(f"{by.error_title} on test", number(ours[by.error]), against)]
    if by is CHANCES:
        popular = test["popularity_baseline"]
        facts += [
            Fact("AUC on test", number(ours["auc"]), f"baseline (popularity): {number(popular['auc'])}"),
            Fact(
                "nDCG@10 among sampled negatives",
                number(ours["rated_ndcg@10"]),
                f"baseline (popularity): {number(popular['rated_ndcg@10'])}",
            ),
            Fact(
                "Calibration",
                number(ours["calibration"], 3),
                "chances predicted over interactions; 1 is best",
            ),
        ]
        return Facts(facts)
    facts.append(Fact("MAE on test", number(ours["mae"]), f"baseline (mean rating): {number(mean['mae'])}"))
    calibration = found["calibration"] if found else []
    rows = sum(part["rows"] for part in calibration)
    if rows:
        bias = sum(part["rows"] * (part["predicted"] - part["actual"]) for part in calibration) / rows
        facts.append(Fact("Bias", signed(bias), "mean of predicted minus given ratings"))
    return Facts(facts)


def _against_mean(ours: float | None, mean: float | None, by: JudgedBy) -> str:
    if not ours or not mean:  # without an error there is no relative gain
        return f"baseline ({by.baseline_words}): {number(mean)}"
    gained = 1 - ours / mean
    side = "below" if gained >= 0 else "above"
    return f"{abs(100 * gained):.0f} % {side} the baseline ({by.baseline_words}), {number(mean)}"


def _calibration(found: list[dict[str, Any]], by: JudgedBy) -> Chart:
    rows = [
        {
            **part,
            "low": part["actual"] - Z * (part["standard_error"] or 0),
            "high": part["actual"] + Z * (part["standard_error"] or 0),
        }
        for part in found
    ]
    ends = [
        min(min(r["predicted"], r["low"]) for r in rows),
        max(max(r["predicted"], r["high"]) for r in rows),
    ]
    scale = alt.Scale(domain=ends, nice=True, zero=False)
    x = alt.X("predicted:Q", title=by.answer, scale=scale)
    ideal = (
        charts.chart([{"x": end} for end in ends])
        .mark_line(**charts.REFERENCE)
        .encode(x=alt.X("x:Q", scale=scale), y=alt.Y("x:Q", scale=scale))
    )
    base = charts.chart(rows)
    bars = base.mark_rule(color="var(--c1)", strokeWidth=2).encode(
        x=x, y=alt.Y("low:Q", title=by.given, scale=scale), y2="high:Q"
    )
    dots = base.mark_circle(size=70, opacity=1).encode(
        x=x,
        y=alt.Y("actual:Q", scale=scale),
        tooltip=[
            alt.Tooltip(f"{key}:Q", format=",.3~f") for key in ("predicted", "actual", "low", "high", "rows")
        ],
    )
    worst = max(found, key=lambda part: abs(part["predicted"] - part["actual"]))
    table = Table(
        f"Calibration on test, ten bins by predicted {'rating' if by is RATINGS else 'chance'}",
        ("predicted", "given", "95 % interval", by.rows),
        [
            [
                number(r["predicted"], 3),
                number(r["actual"], 3),
                interval(r["low"], r["high"], 3),
                number(r["rows"]),
            ]
            for r in rows
        ],
        frozenset({0, 1, 2, 3}),
    )
    says = (
        f"Each dot is a tenth of test; the dashed line is perfect calibration. Largest deviation: "
        f"{worst['predicted']:.2f} predicted, {worst['actual']:.2f} given."
    )
    return Chart("Calibration", says, charts.spec(ideal + bars + dots, 280), table)


def _spread(found: dict[str, Any]) -> Chart:
    """Returns a chart of both distributions as shares per point: equal areas are equally many ratings."""
    histogram, total = found["histogram"], sum(row["rows"] for row in found["by_stars"])
    edges, stars = histogram["edges"], [row["stars"] for row in found["by_stars"]]
    step = min((high - low for low, high in pairwise(stars)), default=1.0)
    rows = [
        {"from": low, "to": high, "density": count / total / (high - low), "what": "predicted"}
        for low, high, count in zip(edges, edges[1:], histogram["counts"], strict=False)
    ]
    rows += [
        {
            "from": row["stars"] - step / 2,
            "to": row["stars"] + step / 2,
            "density": row["rows"] / total / step,
            "what": "given",
        }
        for row in found["by_stars"]
    ]
    drawn = (
        charts.chart(rows)
        .mark_bar(opacity=0.6, binSpacing=0)
        .encode(
            x=alt.X("from:Q", bin="binned", title="rating", axis=alt.Axis(values=stars, format="~g")),
            x2="to:Q",
            y=alt.Y("density:Q", title="share of test per point", stack=None, axis=alt.Axis(format="%")),
            color=charts.colours("what", ("predicted", "given")),
            tooltip=[
                "what:N",
                "from:Q",
                "to:Q",
                alt.Tooltip("density:Q", format=".1%", title="share per point"),
            ],
        )
    )
    most = max(found["by_stars"], key=lambda row: row["rows"])
    says = (
        f"Equal areas are equal numbers of ratings. {most['stars']:g} is the most frequent rating, "
        f"{100 * most['rows'] / total:.0f} % of test; predictions are expected values, so they spread less."
    )
    table = Table(
        "Ratings given in test",
        ("rating", "ratings", "share"),
        [
            [number(row["stars"], 1), number(row["rows"]), f"{100 * row['rows'] / total:.1f} %"]
            for row in found["by_stars"]
        ],
        frozenset({0, 1, 2}),
    )
    return Chart("Predicted and given ratings", says, charts.spec(drawn, 280), table)


def _given(found: list[dict[str, Any]]) -> Chart:
    x = alt.X("stars:O", title="given rating", axis=alt.Axis(labelAngle=0))
    base = charts.chart(found)
    tooltip = [
        alt.Tooltip("stars:O", title="given rating"),
        *(alt.Tooltip(f"{p}:Q", format=".2f") for p in ("p10", "p50", "p90")),
        alt.Tooltip("rows:Q", format=","),
    ]
    bars = base.mark_bar(opacity=0.45, width={"band": 0.45}).encode(
        x=x,
        y=alt.Y("p10:Q", title="predicted rating", scale=alt.Scale(zero=False)),
        y2="p90:Q",
        tooltip=tooltip,
    )
    middle = base.mark_tick(thickness=3, width={"band": 0.45}).encode(x=x, y="p50:Q", tooltip=tooltip)
    truth = base.mark_point(shape="diamond", size=60, filled=True, color="var(--text)", opacity=1).encode(
        x=x, y=alt.Y("stars:Q"), tooltip=tooltip
    )
    table = Table(
        "Predicted ratings by given rating",
        ("given", "ratings", "10th percentile", "median", "90th percentile"),
        [
            [number(r["stars"], 1), number(r["rows"]), *(number(r[p], 2) for p in ("p10", "p50", "p90"))]
            for r in found
        ],
        frozenset({0, 1, 2, 3, 4}),
    )
    low, high = found[0], found[-1]
    says = (
        f"Bars span the middle 80 % of predictions, ticks are medians, diamonds the given ratings. "
        f"The median prediction is {low['p50']:.2f} where {low['stars']:g} was given, "
        f"and {high['p50']:.2f} where {high['stars']:g} was given."
    )
    return Chart("Shrinkage of predictions to the mean", says, charts.spec(bars + middle + truth, 280), table)


def by_group(slices: dict[str, Any], whole: float, description: Description) -> Chart:
    """Returns a chart of the error with its interval, one row per group."""
    by, words = (
        judged_by(next((e for values in slices.values() for e in values.values()), {})),
        words_of(description),
    )
    rows = [
        {
            "group": group(feature, value, description),
            "feature": heading(feature, description),
            "error": each[by.error],
            "low": each["low"] if each["low"] is not None else each[by.error],
            "high": each["high"] if each["high"] is not None else each[by.error],
            "bias": each["bias"],
            "ratings": each["rows"],
            "users": each["users"],
        }
        for feature, values in slices.items()
        for value, each in values.items()
        if each["rows"] >= FEWEST
    ]
    y = alt.Y("group:N", sort=[row["group"] for row in rows], title=None)
    base = charts.chart(rows)
    tooltip = [
        "group:N",
        *(alt.Tooltip(f"{key}:Q", format=".4f") for key in ("error", "low", "high", "bias")),
        *(alt.Tooltip(f"{key}:Q", title=getattr(words, key), format=",") for key in ("ratings", "users")),
    ]
    scale = alt.Scale(zero=False)
    bars = base.mark_rule(strokeWidth=3, opacity=0.6).encode(
        y=y,
        x=alt.X("low:Q", title=by.error_title, scale=scale),
        x2="high:Q",
        color=alt.Color("feature:N", legend=None),
        tooltip=tooltip,
    )
    dots = base.mark_circle(size=70, opacity=1).encode(
        y=y, x=alt.X("error:Q", scale=scale), color=alt.Color("feature:N", legend=None), tooltip=tooltip
    )
    reference = (
        charts.chart([{"whole": whole}]).mark_rule(**charts.REFERENCE).encode(x=alt.X("whole:Q", scale=scale))
    )
    table = Table(
        "Errors by group on test",
        ("group", by.error_title, "95 % interval", "MAE", "bias", words.ratings, words.users),
        [
            [
                Cell(group(feature, value, description)),
                number(each[by.error]),
                interval(each["low"], each["high"]),
                number(each.get("mae")),
                signed(each["bias"], 3),
                number(each["rows"]),
                number(each["users"]),
            ]
            for feature, values in slices.items()
            for value, each in values.items()
        ],
        frozenset({1, 2, 3, 4, 5, 6}),
    )
    worst, best = (choose(rows, key=lambda row: row["error"], default=None) for choose in (max, min))
    says = f"The dashed line is the {by.error_title} over all of test."
    if worst and best:
        says += (
            f" The lowest error is for {best['group']} ({number(best['error'])}), the highest for "
            f"{worst['group']} ({number(worst['error'])}); "
            f"groups of fewer than {FEWEST} {words.ratings} are only in the table."
        )
    return Chart(
        f"{by.error_title} by group",
        says,
        charts.spec(bars + dots + reference, 21 * len(rows)),
        table,
        wide=True,
    )
