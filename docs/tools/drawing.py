"""Draws a graph as SVG: inline, in the page's own colours (`docs/assets/site.css`), without a script."""

from html import escape

from pipeline.drawing.layered_graph import Edge, Graph, Layout, curve, lay_out

LINE = 17.0  # pixels from line to line, at 13 pixels a letter
PADDING = 20.0, 14.0
_MARGIN = 2.0
# Widths in em of a sans-serif's letters, rounded up: fonts differ, and a box too wide is no harm.
_NARROW, _WIDE = "iljtfrI.,:;'|()[]{}! ", "mwMW@%ABCDEGHKNOQRUVXYZ√½"


def draw(graph: Graph, title: str) -> str:
    """An `<svg>` element.

    Args:
        graph: what is drawn.
        title: what is read out in its place.
    """
    sizes = {id_: _size(node.lines, node.shape) for id_, node in graph.nodes.items()}
    layout = lay_out(graph, sizes, lambda words: _size(words, "label"))
    width, height = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN
    parts = [
        f'<svg role="img" viewBox="{-_MARGIN:g} {-_MARGIN:g} {width:.0f} {height:.0f}" '
        f'style="max-width:{width:.0f}px;min-width:{0.7 * width:.0f}px" xmlns="http://www.w3.org/2000/svg">',
        f"<title>{escape(title)}</title>",
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0 0.5 8 4 0 7.5z"/></marker></defs>',
    ]
    parts += [_arrow(edge, way, layout, graph.across) for edge, way in layout.ways]
    parts += [_box(layout, id_) for id_ in layout.places]
    return "".join([*parts, "</svg>"])


def wrapped(text: str, letters: int) -> tuple[str, ...]:
    """Lines of about so many letters; words stay whole."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= letters:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return tuple(lines)


def _size(lines: tuple[str, ...], shape: str) -> tuple[float, float]:
    longest = max((_text_width(line) for line in lines), default=0.0)
    across, down = (6.0, 2.0) if shape == "label" else PADDING
    width, height = longest + across, LINE * len(lines) + down
    return (width + 6, height) if shape == "round" else (width, height)


def _text_width(text: str) -> float:
    em = sum(0.36 if c in _NARROW else 0.8 if c in _WIDE else 0.6 for c in text)
    return 13.0 * em


def _box(layout: Layout, id_: str) -> str:
    node, place = layout.nodes[id_], layout.places[id_]
    if node.shape == "bend":
        return ""
    left, top = place.x - place.width / 2, place.y - place.height / 2
    radius = place.height / 2 if node.shape == "round" else 5
    middle = place.y - LINE * (len(node.lines) - 1) / 2
    text = "".join(
        f'<tspan x="{place.x:.1f}" y="{middle + LINE * n + 4.5:.1f}">{escape(line)}</tspan>'
        for n, line in enumerate(node.lines)
    )
    return (
        f'<g class="{node.shape}"><rect x="{left:.1f}" y="{top:.1f}" width="{place.width:.1f}" '
        f'height="{place.height:.1f}" rx="{radius:g}"/><text>{text}</text></g>'
    )


def _arrow(edge: Edge, way: list[str], layout: Layout, across: bool) -> str:
    dotted = ' class="dotted"' if edge.dotted else ""
    return f'<path{dotted} d="{curve(layout, way, across)}" marker-end="url(#arrow)"/>'
