"""Drawing of a graph from top to bottom, which a template renders as SVG."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.drawing.layered_graph import Edge, Graph, Node, curve, lay_out, without_shortcuts

WIDTH, HEIGHT = 184.0, 46.0


@dataclass(frozen=True)
class Box:
    """A node to draw.

    Args:
        name: name in the graph.
        label, note: two lines of text, truncated to fit.
        state: state, which determines the colour.
        href: target of the link; empty for no link.
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
    """Boxes, edges as SVG paths, and the total size."""

    boxes: list[Placed] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


def draw(boxes: list[Box], inputs: Mapping[str, set[str]]) -> Drawing:
    """Lays a graph out from top to bottom; an edge that a longer way implies is left out.

    Args:
        boxes: boxes to draw.
        inputs: names of the input boxes by box name; unknown names are left out.
    """
    if not boxes:
        return Drawing()
    by_name = {box.name: box for box in boxes}
    edges = [
        Edge(needed, name) for name in by_name for needed in sorted(inputs.get(name, ())) if needed in by_name
    ]
    graph = Graph({name: Node() for name in by_name}, without_shortcuts(edges))
    layout = lay_out(graph, dict.fromkeys(by_name, (WIDTH, HEIGHT)))
    return Drawing(
        [
            Placed(box, layout.places[name].x - WIDTH / 2, layout.places[name].y - HEIGHT / 2)
            for name, box in by_name.items()
        ],
        [curve(layout, way) for _, way in layout.ways],
        layout.width,
        layout.height,
    )
