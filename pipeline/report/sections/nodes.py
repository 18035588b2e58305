"""Section on the DAG: edges, durations of nodes, and reuse."""

from typing import Any

import altair as alt

from pipeline.drawing import layered_graph as drawn
from pipeline.report import charts
from pipeline.report.blocks import Block, Cell, Chart, Part, Section, Table, Tone
from pipeline.report.sources import Sources
from pipeline.report.words import duration, moment, plural
from pipeline.store.metadata.lineage import Node

STATES = {
    "done": "var(--c1)",
    "cached": "var(--c3)",
    "failed": "var(--bad)",
    "cancelled": "var(--warn)",
    "running": "var(--c4)",
}
_SIZE = (120.0, 40.0)  # width and height of a node with its name and time
_TONES: dict[str, Tone] = {"failed": "bad", "cancelled": "warn", "cached": "muted"}


def nodes(sources: Sources) -> Section:
    """Returns the section: timeline, graph and table."""
    found = list(sources.run.nodes.values())
    if not found:
        return Section("pipeline", "Pipeline", "No node ran.")
    blocks: list[Block] = [_timeline(found), _graph(found), _table(found)]
    reused = [node for node in found if node.state == "cached"]
    lead = f"{plural(len(found), 'node')}, {len(reused)} of them reused from earlier runs."
    if len(reused) < len(found):
        longest = max(found, key=lambda node: node.seconds)
        lead += f" {longest.name} took longest, {duration(longest.seconds)}."
    return Section("pipeline", "Pipeline", lead, [Part("", blocks)])


def _timeline(found: list[Node]) -> Chart:
    start = min(node.started for node in found)
    rows: list[dict[str, Any]] = [
        {
            "node": node.name,
            "begin": node.started - start,
            "end": node.started - start + max(node.seconds, 0.0),
            "state": node.state,
            "took": duration(node.seconds),
        }
        for node in found
    ]
    order = [node.name for node in found]
    base = charts.chart(rows).encode(y=alt.Y("node:N", sort=order, title=None))
    tooltip = [alt.Tooltip("node:N"), alt.Tooltip("took:N"), alt.Tooltip("state:N")]
    bars = base.mark_bar(cornerRadius=2, height={"band": 0.7}).encode(
        x=alt.X("begin:Q", title="seconds since the start"),
        x2="end:Q",
        color=_colour(found),
        tooltip=tooltip,
    )
    # A node that took no time would leave no mark.
    ticks = base.mark_tick(thickness=3, height={"band": 0.7}).encode(
        x="begin:Q", color=_colour(found), tooltip=tooltip
    )
    whole = max(row["end"] for row in rows)
    return Chart(
        "Time per node",
        f"Each bar is a node from its start to its end; all nodes took {duration(whole)}.",
        charts.spec(bars + ticks, height=24 * len(found)),
        wide=True,
    )


def _graph(found: list[Node]) -> Chart:
    boxes = drawn.Graph({node.name: drawn.Node() for node in found})
    made = [drawn.Edge(maker, node.name) for node in found for maker in node.inputs]
    boxes.edges = drawn.without_shortcuts(made)
    layout = drawn.lay_out(boxes, dict.fromkeys(boxes.nodes, _SIZE))
    marks = [
        {
            "x": layout.places[node.name].x,
            "y": layout.places[node.name].y,
            "node": node.name,
            "label": _label(node.name),
            "time": {"cached": "reused", "done": duration(node.seconds)}.get(node.state, node.state),
            "state": node.state,
        }
        for node in found
    ]
    ways = [
        {"x": layout.places[id_].x, "y": layout.places[id_].y, "edge": number, "step": step}
        for number, (_, way) in enumerate(layout.ways)
        for step, id_ in enumerate(way)
    ]
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, layout.width]))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[0, layout.height], reverse=True))
    lines = charts.chart(ways).mark_line(**charts.EDGE)
    lines = lines.encode(x=x, y=y, detail="edge:N", order="step:Q")
    base = charts.chart(marks).encode(x=x, y=y)
    tooltip = [alt.Tooltip("node:N"), alt.Tooltip("time:N"), alt.Tooltip("state:N")]
    dots = base.mark_circle(size=170, opacity=1).encode(color=_colour(found), tooltip=tooltip)
    # Names over lines stay legible on a border in the card's own colour.
    halos = base.mark_text(**charts.HALO, style="strong", dy=-15).encode(text="label:N")
    names = base.mark_text(**charts.STRONG, dy=-15).encode(text="label:N", tooltip=tooltip)
    times = base.mark_text(**charts.SMALL, dy=17).encode(text="time:N", tooltip=tooltip)
    return Chart(
        "Data flow between nodes",
        "Nodes from the data (top) to the report (bottom); a line is an artifact that the lower node reads.",
        charts.spec(alt.layer(lines, dots, halos, names, times), height=round(layout.height)),
        wide=True,
    )


def _colour(found: list[Node]) -> alt.Color:
    there = [state for state in STATES if any(node.state == state for node in found)]
    return alt.Color(
        "state:N",
        title=None,
        scale=alt.Scale(domain=there, range=[STATES[state] for state in there]),
        legend=alt.Legend() if len(there) > 1 else None,
    )


def _label(name: str) -> str:
    return {
        "MovieLensExampleGen": "ExampleGen",
        "RecommenderAssembler": "Assembler",
        "RetrievalEvaluator": "RetrievalEval",
        "RankingEvaluator": "RankingEval",
        "RecommenderEvaluator": "RecommenderEval",
    }.get(name, name)


def _came_from(node: Node) -> str:
    return f"reused from run {node.made_in}" if node.made_in else "reused"


def _table(found: list[Node]) -> Table:
    return Table(
        "Nodes",
        ("node", "state", "time", "started", "reads from"),
        [
            [
                node.name,
                Cell(_came_from(node) if node.state == "cached" else node.state, _TONES.get(node.state, "")),
                duration(node.seconds),
                moment(node.started),
                ", ".join(node.inputs) or "–",
            ]
            for node in found
        ],
        frozenset({2}),
    )
