"""A graph on a plane: every node below those that it reads from."""

from collections.abc import Mapping, Sequence


def layers(inputs: Mapping[str, Sequence[str]]) -> dict[str, tuple[float, int]]:
    """Places for the nodes of an acyclic graph.

    A node's layer is one below its lowest input's. Within a layer nodes stand in the order of where their
    inputs are, so that few lines cross.

    Args:
        inputs: by node, in an order in which inputs come first, the nodes it reads from.

    Returns:
        By node: x, 0 to 1, from left to right; and the layer, from 0, from top to bottom.
    """
    depth: dict[str, int] = {}
    for name, read in inputs.items():
        depth[name] = 1 + max((depth[each] for each in read if each in depth), default=-1)
    places: dict[str, tuple[float, int]] = {}
    for layer in range(max(depth.values(), default=-1) + 1):
        here = [name for name in inputs if depth[name] == layer]
        wanted = {
            name: _mean([places[each][0] for each in inputs[name] if depth.get(each) == layer - 1])
            for name in here
        }
        here.sort(key=lambda name: wanted[name])
        for place, name in enumerate(here):
            places[name] = ((2 * place + 1) / (2 * len(here)), layer)
    return places


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.5
