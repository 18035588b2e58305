"""Draws a graph of nodes as layers from top to bottom: the places, for a template to make SVG of.

Sugiyama's method, as small as it gets: layers by longest path, edges that others imply left out, places in
a layer by the mean of what is above and below, long edges led through places of their own.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

WIDTH, HEIGHT, GAP_X, GAP_Y, LANE, MARGIN = 184, 46, 16, 34, 16, 6


@dataclass(frozen=True)
class Box:
    """A node to draw.

    Args:
        name: what it is called in the graph.
        label, note: its two lines; more than fits is cut.
        state: colours it.
        href: where a click leads; nothing leads nowhere.
    """

    name: str
    label: str
    note: str = ""
    state: str = ""
    href: str = ""

    @property
    def second(self) -> str:
        """The note as far as it fits."""
        return self.note if len(self.note) <= 27 else f"{self.note[:26]}…"


@dataclass(frozen=True)
class Placed:
    """A box and its upper left corner."""

    box: Box
    x: float
    y: float


@dataclass(frozen=True)
class Drawing:
    """Boxes, edges as SVG paths, and the size of it all."""

    boxes: list[Placed] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


def draw(boxes: list[Box], inputs: Mapping[str, set[str]]) -> Drawing:
    """Lays a graph out.

    Args:
        boxes: in an order in which no box comes before what it needs.
        inputs: by name, the names of the boxes that it needs; unknown names are left out.
    """
    if not boxes:
        return Drawing()
    known = [box.name for box in boxes]
    parents = _reduced({name: {each for each in inputs.get(name, ()) if each in known} for name in known})
    layer = _layers(known, parents)
    rows: list[list[str]] = [[] for _ in range(max(layer.values()) + 1)]
    for name in known:
        rows[layer[name]].append(name)
    edges, above = _led(parents, layer, rows)
    _order(rows, above)
    x, width = _columns(rows, above, set(known))
    by_name = {box.name: box for box in boxes}
    placed = [
        Placed(by_name[name], x[name] - WIDTH / 2, MARGIN + number * (HEIGHT + GAP_Y))
        for number, row in enumerate(rows)
        for name in row
        if name in by_name
    ]
    return Drawing(
        placed,
        [_path([(x[point], number) for point, number in edge]) for edge in edges],
        width,
        2 * MARGIN + len(rows) * HEIGHT + (len(rows) - 1) * GAP_Y,
    )


def _reduced(parents: dict[str, set[str]]) -> dict[str, set[str]]:
    """Without the edges that a longer way implies."""
    above: dict[str, set[str]] = {}
    for name, direct in parents.items():
        above[name] = set(direct).union(*(above.get(each, set()) for each in direct))
    return {
        name: {
            each
            for each in direct
            if not any(each in above.get(other, ()) for other in direct if other != each)
        }
        for name, direct in parents.items()
    }


def _layers(names: list[str], parents: Mapping[str, set[str]]) -> dict[str, int]:
    layer: dict[str, int] = {}
    for name in names:
        layer[name] = 1 + max((layer.get(each, -1) for each in parents[name]), default=-1)
    return layer


def _led(parents, layer, rows) -> tuple[list[list[tuple[str, int]]], dict[str, set[str]]]:
    """Edges as points, a point a layer; and for each point, those right above it."""
    edges, above = [], {name: set() for name in layer}
    for name, direct in parents.items():
        for parent in sorted(direct):
            points = [(parent, layer[parent])]
            for number in range(layer[parent] + 1, layer[name]):
                lane = f"{parent} {name} {number}"
                rows[number].append(lane)
                points.append((lane, number))
            points.append((name, layer[name]))
            edges.append(points)
            for (upper, _), (lower, _) in itertools.pairwise(points):
                above.setdefault(lower, set()).add(upper)
    return edges, above


def _order(rows: list[list[str]], above: Mapping[str, set[str]]) -> None:
    """Sorts every row so that fewer edges cross: four sweeps, down and up."""
    below: dict[str, set[str]] = {}
    for lower, uppers in above.items():
        for upper in uppers:
            below.setdefault(upper, set()).add(lower)
    for sweep in range(4):
        down = sweep % 2 == 0
        for number in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            neighbours = rows[number - 1 if down else number + 1]
            place = {name: index for index, name in enumerate(neighbours)}
            links = above if down else below
            here = {name: index for index, name in enumerate(rows[number])}

            def mean(name: str, links=links, place=place, here=here) -> float:
                found = [place[each] for each in links.get(name, ()) if each in place]
                return sum(found) / len(found) if found else here[name]

            rows[number].sort(key=mean)


def _columns(rows, above, real: set[str]) -> tuple[dict[str, float], float]:
    """The middle of every point, each row centred, and the width of the widest."""

    def wide(name: str) -> float:
        return WIDTH if name in real else LANE

    widths = [sum(wide(name) for name in row) + GAP_X * (len(row) - 1) for row in rows]
    total = max(widths) + 2 * MARGIN
    x: dict[str, float] = {}
    for row, width in zip(rows, widths, strict=True):
        left = (total - width) / 2
        for name in row:
            x[name] = left + wide(name) / 2
            left += wide(name) + GAP_X
    return x, total


def _path(points: list[tuple[float, int]]) -> str:
    """From the lower side of the first to the upper side of the last, straight through each lane's row."""
    (x, number), *rest = points
    y = MARGIN + number * (HEIGHT + GAP_Y) + HEIGHT
    path = f"M{x:.0f},{y:.0f}"
    for index, (to, number) in enumerate(rest):
        top = MARGIN + number * (HEIGHT + GAP_Y)
        half = (y + top) / 2
        path += f" C{x:.0f},{half:.0f} {to:.0f},{half:.0f} {to:.0f},{top:.0f}"
        x, y = to, top
        if index < len(rest) - 1:
            y = top + HEIGHT
            path += f" L{x:.0f},{y:.0f}"
    return path
