"""Layout of a directed graph in layers, with every arrow pointing the same way.

The method is Sugiyama's: layers by longest path, order by the mean of the neighbours, positions that keep
arrows straight. Along the arrows is the main axis, across them the cross axis.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

GAP_MAIN, GAP_CROSS = 34.0, 16.0
_SWEEPS = 24


@dataclass(frozen=True)
class Node:
    """A node of a graph.

    Attributes:
        lines: lines of its text.
        shape: `box`, `round` for an operation, `optional` for what is not always there, `label` for the
            words on an arrow, `bend` for a place that an arrow passes.
    """

    lines: tuple[str, ...] = ()
    shape: str = "box"


@dataclass(frozen=True)
class Edge:
    """An arrow, with or without a label."""

    source: str
    target: str
    label: tuple[str, ...] = ()
    dotted: bool = False


@dataclass
class Graph:
    """Nodes by id, and arrows between them; `across`: arrows point to the right, else down."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    across: bool = False


@dataclass(frozen=True)
class Place:
    """Centre and size of a node along x and y."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """Places by node id, the path of each arrow as ids of places, and the total size."""

    nodes: dict[str, Node]
    places: dict[str, Place]
    ways: list[tuple[Edge, list[str]]]
    width: float
    height: float


def lay_out(
    graph: Graph,
    sizes: dict[str, tuple[float, float]],
    label_sizes: Callable[[tuple[str, ...]], tuple[float, float]] | None = None,
) -> Layout:
    """Places the nodes.

    Args:
        graph: graph without cycles.
        sizes: width and height by node.
        label_sizes: returns width and height of an arrow's label; needed if arrows have labels.

    Raises:
        ValueError: there is a cycle.
    """
    layers_of = _layers(graph)
    nodes, sizes = dict(graph.nodes), dict(sizes)
    ways: list[tuple[Edge, list[str]]] = []
    for number, edge in enumerate(graph.edges):
        first, last = layers_of[edge.source], layers_of[edge.target]
        way = [edge.source]
        for layer in range(first + 1, last):
            through = f"{number}:{layer}"
            words = bool(edge.label) and layer == (first + last) // 2
            nodes[through] = Node(edge.label if words else (), "label" if words else "bend")
            sizes[through] = (0.0, 0.0)
            if words:
                assert label_sizes is not None  # an arrow has words
                sizes[through] = label_sizes(edge.label)
            layers_of[through] = layer
            way.append(through)
        ways.append((edge, [*way, edge.target]))
    layers: list[list[str]] = [[] for _ in range(max(layers_of.values()) + 1)]
    for node, layer in layers_of.items():
        layers[layer].append(node)
    links = [pair for _, way in ways for pair in pairwise(way)]
    layers = _ordered(layers, links)
    main, cross = (0, 1) if graph.across else (1, 0)
    positions = _straightened(layers, links, {n: s[cross] for n, s in sizes.items()}, nodes)
    return _placed(layers, positions, sizes, nodes, ways, main, cross)


def curve(layout: Layout, way: list[str], across: bool = False) -> str:
    """Returns an arrow as an SVG path: a smooth line from border to border, through the places in between.

    Args:
        layout: layout of the graph.
        way: path of the arrow in the layout.
        across: whether arrows point to the right.
    """
    places = [layout.places[id_] for id_ in way]
    points = [_border(places[0], across, 1)]
    for place in places[1:-1]:
        points += [_border(place, across, -1), _border(place, across, 1)]
    points.append(_border(places[-1], across, -1))
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for n in range(0, len(points) - 1, 2):
        (x1, y1), (x2, y2) = points[n], points[n + 1]
        half = (x2 - x1) / 2 if across else (y2 - y1) / 2
        bend = (x1 + half, y1, x2 - half, y2) if across else (x1, y1 + half, x2, y2 - half)
        path += "C" + " ".join(f"{c:.1f}" for c in (*bend, x2, y2))
        if n + 2 < len(points):
            path += f"L{points[n + 2][0]:.1f} {points[n + 2][1]:.1f}"
    return path


def _border(place: Place, across: bool, side: int) -> tuple[float, float]:
    if across:
        return place.x + side * place.width / 2, place.y
    return place.x, place.y + side * place.height / 2


def without_shortcuts(edges: Iterable[Edge]) -> list[Edge]:
    """Removes the arrows that others imply: a to c is removed if there are a to b and b to c."""
    edges = list(edges)
    after: dict[str, set[str]] = {}
    for edge in edges:
        after.setdefault(edge.source, set()).add(edge.target)

    def reached(start: str, seen: set[str]) -> set[str]:
        for node in after.get(start, ()):
            if node not in seen:
                seen.add(node)
                reached(node, seen)
        return seen

    return [
        edge
        for edge in edges
        if not any(
            edge.target in reached(other, set()) for other in after[edge.source] if other != edge.target
        )
    ]


def _layers(graph: Graph) -> dict[str, int]:
    """The longest way to each node; an arrow with words takes two layers, the words are in between."""
    length = {(e.source, e.target): 2 if e.label else 1 for e in graph.edges}
    before = {n: [e.source for e in graph.edges if e.target == n] for n in graph.nodes}
    after = {n: [e.target for e in graph.edges if e.source == n] for n in graph.nodes}
    found: dict[str, int] = {}
    while len(found) < len(graph.nodes):
        ready = [n for n in graph.nodes if n not in found and all(b in found for b in before[n])]
        if not ready:
            raise ValueError(f"a cycle among {sorted(set(graph.nodes) - set(found))}")
        for node in ready:
            found[node] = max((found[b] + length[b, node] for b in before[node]), default=0)
    for node in reversed(list(found)):  # what feeds one node only goes near to it
        if after[node] and len(before[node]) < len(after[node]):
            found[node] = min(found[a] - length[node, a] for a in after[node])
    return found


def _ordered(layers: list[list[str]], links: list[tuple[str, str]]) -> list[list[str]]:
    """The order in which the fewest arrows cross, of those that sweeps down and up come by."""
    after, before = _neighbours(links)
    best, fewest = layers, _crossings(layers, links)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        beside = before if down else after
        for layer in layers if down else reversed(layers):
            at = {node: place for each in layers for place, node in enumerate(each)}
            mean: dict[str, float] = {
                node: sum(at[b] for b in beside[node]) / len(beside[node]) if node in beside else at[node]
                for node in layer
            }
            layer.sort(key=mean.__getitem__)
        crossings = _crossings(layers, links)
        if crossings < fewest:
            best, fewest = [list(each) for each in layers], crossings
    return [list(each) for each in best]


def _neighbours(links: list[tuple[str, str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    after: dict[str, list[str]] = {}
    before: dict[str, list[str]] = {}
    for source, target in links:
        after.setdefault(source, []).append(target)
        before.setdefault(target, []).append(source)
    return after, before


def _crossings(layers: list[list[str]], links: list[tuple[str, str]]) -> int:
    layer_of = {node: number for number, layer in enumerate(layers) for node in layer}
    at = {node: place for layer in layers for place, node in enumerate(layer)}
    return sum(
        (at[a] - at[c]) * (at[b] - at[d]) < 0
        for place, (a, b) in enumerate(links)
        for c, d in links[place + 1 :]
        if layer_of[a] == layer_of[c]
    )


def _straightened(
    layers: list[list[str]], links: list[tuple[str, str]], widths: dict[str, float], nodes: dict[str, Node]
) -> dict[str, float]:
    """Positions on the cross axis: each node near the mean of its neighbours, in order and apart."""
    after, before = _neighbours(links)
    at: dict[str, float] = {}
    for layer in layers:
        _set_apart(layer, dict.fromkeys(layer, 0.0), widths, nodes, at)
    for sweep in range(4 * _SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wished = {}
            for node in layer:
                beside = before.get(node, []) + after.get(node, [])
                # An arrow that is long is straight before anything else is.
                pulls = [
                    (at[b], 4.0 if {nodes[b].shape, nodes[node].shape} == {"bend"} else 1.0) for b in beside
                ]
                total = sum(weight for _, weight in pulls)
                wished[node] = sum(p * w for p, w in pulls) / total if pulls else at[node]
            _set_apart(layer, wished, widths, nodes, at)
    return at


def _set_apart(
    layer: list[str],
    wished: dict[str, float],
    widths: dict[str, float],
    nodes: dict[str, Node],
    at: dict[str, float],
) -> None:
    """The positions nearest to those wished (least squares) that keep order and distance.

    Less the distances it is isotonic regression: pools of neighbours that would overlap take their mean.
    """
    offsets, offset = [], 0.0
    for place, node in enumerate(layer):
        if place:
            offset += (widths[layer[place - 1]] + widths[node]) / 2 + GAP_CROSS
        offsets.append(offset)
    pools: list[list[float]] = []  # sum, count
    for node, offset in zip(layer, offsets, strict=True):
        pools.append([wished[node] - offset, 1.0])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1] = [pools[-1][0] + total, pools[-1][1] + count]
    means = [total / count for total, count in pools for _ in range(int(count))]
    for node, mean, offset in zip(layer, means, offsets, strict=True):
        at[node] = mean + offset


def _placed(layers, positions, sizes, nodes, ways, main: int, cross: int) -> Layout:
    least = min(positions[n] - sizes[n][cross] / 2 for n in positions)
    places, edge_of_layer = {}, 0.0
    for layer in layers:
        thickness = max(sizes[n][main] for n in layer)
        for node in layer:
            middle = (edge_of_layer + thickness / 2, positions[node] - least)
            x, y = middle if main == 0 else reversed(middle)
            # Past what stands in a layer an arrow goes straight, or it would cut corners.
            through = nodes[node].shape == "bend"
            size = ((thickness, 0.0) if main == 0 else (0.0, thickness)) if through else sizes[node]
            places[node] = Place(x, y, *size)
        edge_of_layer += thickness + GAP_MAIN
    width = max(p.x + p.width / 2 for p in places.values())
    height = max(p.y + p.height / 2 for p in places.values())
    return Layout(nodes, places, ways, width, height)
