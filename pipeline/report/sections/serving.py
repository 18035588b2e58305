"""Section on whether the exported models answer as trained, and on their latency."""

import altair as alt

from pipeline.report import charts
from pipeline.report.blocks import Block, Chart, Fact, Facts, Note, Notes, Part, Section, Table
from pipeline.report.sources import Sources
from pipeline.report.words import number
from serving.data_words import DataWords


def serving(sources: Sources) -> Section:
    """Returns the section: ServingValidator's findings, and the recommender's latency."""
    blocks: list[Block] = []
    validation, timed = sources.validation, sources.details.get("latency")
    if validation and validation.get("nothing"):
        blocks.append(Notes([Note(f"No model was served: {validation['nothing']}.", "muted")]))
    elif validation:
        good = not validation["problems"]
        text = (
            f"The served models answer as trained: {validation['requests']} requests over REST and gRPC, "
            f"largest difference {validation['largest_difference']:.1g}."
        )
        notes = [Note(text, "good")] if good else [Note(problem, "bad") for problem in validation["problems"]]
        blocks.append(Notes(notes))
    if timed:
        blocks += _latency(timed, sources.words)
    if not blocks:
        blocks.append(Notes([Note("No model was served.", "muted")]))
    return Section("serving", "Serving", "", [Part("", blocks)])


def _latency(timed: dict, words: DataWords) -> list[Block]:
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
        f"Several {words.users} per request",
        (f"{words.users} per request", "median, ms", f"{words.users} per second"),
        [
            [str(b["users"]), number(b["ms"], 2), number(round(b["users_per_second"]))]
            for b in timed["batches"]
        ],
        frozenset({0, 1, 2}),
    )
    says = (
        f"{timed['calls']} requests: median {timed['p50_ms']:.2f} ms (dashed line), 95 % within "
        f"{timed['p95_ms']:.2f} ms, 99 % within {timed['p99_ms']:.2f} ms; the last bar holds the slowest."
    )
    facts = Facts(
        [
            Fact("Median", f"{timed['p50_ms']:.2f} ms"),
            Fact("95th percentile", f"{timed['p95_ms']:.2f} ms"),
            Fact("99th percentile", f"{timed['p99_ms']:.2f} ms"),
            Fact(
                "Measured",
                "in process",
                f"one {words.user}, ten {words.items}; {timed['cores']} cores, no network",
            ),
        ]
    )
    return [facts, Chart("Latency of a request", says, charts.spec(bars + median), batches)]
