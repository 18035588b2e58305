"""Reads the Mermaid flowcharts of the pages: the part of its language that they use.

GitHub draws the same blocks by Mermaid; the site draws them here, so that it needs no network.
"""

import re

from docs.tools.drawing import draw, wrapped
from pipeline.drawing.layered_graph import Edge, Graph, Node

_LETTERS = 22  # a line of a box
_NODE = re.compile(r"(?P<id>\w+)(?P<body>\(\(.*?\)\)|\[\(.*?\)\]|\[/.*?/\]|\[.*?\])?")
_ARROW = re.compile(
    r"\s*(?:(?P<plain>-->)|(?P<dots>-\.->)|--\s+(?P<words>.+?)\s+-->|-\.\s+(?P<dotted>.+?)\s+\.->)\s*"
)
_SHAPES = {"((": "round", "[(": "round", "[/": "box", "[": "box"}


class FlowchartError(ValueError):
    """A line that is not in the part of the language known here."""


def read(source: str) -> Graph:
    """A graph.

    Args:
        source: a flowchart, `flowchart LR` or `flowchart TD` on its first line.

    Raises:
        FlowchartError: a line cannot be read.
    """
    first, *lines = [line.strip() for line in source.strip().splitlines()]
    heading = re.fullmatch(r"flowchart (LR|TD)", first)
    if not heading:
        raise FlowchartError(f"{first!r}: a flowchart begins with `flowchart LR` or `flowchart TD`")
    graph = Graph(across=heading[1] == "LR")
    for line in filter(None, lines):
        _read_line(line, graph)
    return graph


def fence(source: str, language: str, css_class: str, options: dict, md, **_) -> str:
    """A `mermaid` block as SVG, for pymdownx.superfences."""
    from pymdownx.superfences import SuperFencesException

    try:
        graph = read(source)
        words = [f"{_said(graph, e.source)} to {_said(graph, e.target)}" for e in graph.edges]
        return f'<div class="{css_class}">{draw(graph, "; ".join(words))}</div>'
    except ValueError as error:
        raise SuperFencesException(str(error)) from error


def _read_line(line: str, graph: Graph) -> None:
    found = _NODE.match(line)
    if not found:
        raise FlowchartError(f"{line!r} does not begin with a node")
    source = _add(found, graph)
    while (end := found.end()) < len(line):
        arrow = _ARROW.match(line, end)
        found = arrow and _NODE.match(line, arrow.end())
        if not found:
            raise FlowchartError(f"{line[end:]!r} is no arrow to a node, in {line!r}")
        words = (arrow["words"] or arrow["dotted"] or "").strip('"')
        dotted = bool(arrow["dots"] or arrow["dotted"])
        target = _add(found, graph)
        graph.edges.append(Edge(source, target, wrapped(words, _LETTERS), dotted))
        source = target


def _add(found: re.Match, graph: Graph) -> str:
    id_, body = found["id"], found["body"]
    if body:
        opening = next(o for o in _SHAPES if body.startswith(o))
        text = body[len(opening) : -len(opening)].strip('"')
        graph.nodes[id_] = Node(wrapped(text, _LETTERS), _SHAPES[opening])
    else:
        graph.nodes.setdefault(id_, Node((id_,)))
    return id_


def _said(graph: Graph, id_: str) -> str:
    return " ".join(graph.nodes[id_].lines)
