"""Section on whether the exported models answer as trained, and on their latency."""

import altair as alt

from pipeline.report import charts
from pipeline.report.blocks import Block, Chart, Fact, Facts, Note, Notes, Part, Section, Table
from pipeline.report.sources import Sources
from pipeline.report.words import number


def serving(sources: Sources) -> Section:
    """Returns the section: ServingValidator's findings, and the recommender's latency."""
    blocks: list[Block] = []
    validation, timed = sources.validation, sources.details.get("latency")
    if validation and validation.get("nothing"):
        blocks.append(Notes([Note(f"Nothing was served: {validation['nothing']}.", "muted")]))
    elif validation:
        good = not validation["problems"]
        text = (
            f"Served as trained: {validation['requests']} requests over REST and gRPC, "
            f"largest difference {validation['largest_difference']:.1g}."
        )
        notes = [Note(text, "good")] if good else [Note(problem, "bad") for problem in validation["problems"]]
        blocks.append(Notes(notes))
    if timed:
        blocks += _latency(timed)
    if not blocks:
        blocks.append(Notes([Note("Nothing was served.", "muted")]))
    return Section("serving", "Serving", "", [Part("", blocks)])


def _latency(timed: dict) -> list[Block]:
    edges = timed["edges"]
    rows = [
        {"from": low, "to": high, "requests": count}
        for low, high, count in zip(edges, edges[1:], timed["counts"], strict=False)
    ]
    bars = (
        charts.chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("from:Q", bin="binned", title="milliseconds", scale=alt.Scale(nice=False)),
            x2="to:Q",
            y=alt.Y("requests:Q", title="requests"),
            tooltip=[alt.Tooltip("from:Q", format=".3f"), alt.Tooltip("to:Q", format=".3f"), "requests:Q"],
        )
    )
    median = charts.chart([{"p50": timed["p50_ms"]}]).mark_rule(**charts.REFERENCE).encode(x="p50:Q")
    batches = Table(
        "Several users a request",
        ("users a request", "median, ms", "users a second"),
        [
            [str(b["users"]), number(b["ms"], 2), number(round(b["users_per_second"]))]
            for b in timed["batches"]
        ],
        frozenset({0, 1, 2}),
    )
    says = (
        f"{timed['calls']} requests: half within {timed['p50_ms']:.2f} ms (dashed), 95 % within "
        f"{timed['p95_ms']:.2f} ms, 99 % within {timed['p99_ms']:.2f} ms; the slowest are in the last bar."
    )
    facts = Facts(
        [
            Fact("Median", f"{timed['p50_ms']:.2f} ms"),
            Fact("95 % within", f"{timed['p95_ms']:.2f} ms"),
            Fact("99 % within", f"{timed['p99_ms']:.2f} ms"),
            Fact("Measured", "in process", f"one user, ten films; {timed['cores']} cores, without a network"),
        ]
    )
    return [facts, Chart("How long an answer takes", says, charts.spec(bars + median), batches)]
