"""Pages on the origin of a version or an artifact, as a graph and in words."""

from typing import Any

from starlette.exceptions import HTTPException

from marquee.errors import MarqueeError
from pipeline.drawing.svg_graph import Box, Drawing, draw
from pipeline.store.data_words import data_words
from pipeline.store.metadata.lineage import COMPARED_WITH
from pipeline.store.origin import Origin, find_origin, pushes, standing
from pipeline.ui.site import Site
from serving.models import MODELS
from serving.versions.versions import version_folder


def listed(site: Site, request) -> dict[str, Any]:
    """Returns every version that was ever pushed, newest first."""
    return {
        "names": MODELS,
        "pushes": [
            {
                "version": version,
                "push": push,
                "standing": {name: standing(site.models, name, version) for name in MODELS},
            }
            for version, push in pushes(site.lineage).items()
        ],
    }


def shown(site: Site, request) -> dict[str, Any]:
    """Returns the origin of a pushed version of a model."""
    model, version = request.path_params["model"], request.path_params["version"]
    if model not in MODELS:
        raise HTTPException(404, f"There is no model called {model}; there are {', '.join(MODELS)}.")
    try:
        origin = find_origin(site.workspace, str(version_folder(site.models, model, version)), site.models)
    except MarqueeError as error:
        raise HTTPException(404, str(error)) from None
    return _content(origin, f"{model}/{version}")


def artifact_shown(site: Site, request) -> dict[str, Any]:
    """Returns the origin of an artifact by its number."""
    artifact = site.artifact(request.path_params["number"])
    try:
        origin = find_origin(site.workspace, artifact.uri, site.models)
    except MarqueeError as error:
        raise HTTPException(404, str(error)) from None
    return _content(origin, artifact.uri)


def origin_graph(origin: Origin) -> Drawing:
    """Draws the nodes that made an artifact, from the data on, each with its run."""
    nodes = origin.nodes
    maker = {each.id: node.name for node in nodes.values() for each in node.outputs.values()}
    boxes, inputs = [], {}
    data = nodes.get("MovieLensExampleGen")
    if data:
        said = data.outputs["examples"].properties
        boxes.append(Box("data", str(said.get("dataset", "data")), str(said.get("origin", "")), "data"))
        inputs[data.name] = {"data"}
    for node in nodes.values():
        boxes.append(
            Box(node.name, node.name, f"run {node.run_id}", "done", f"/runs/{node.run_id}#node-{node.name}")
        )
        inputs[node.name] = inputs.get(node.name, set()) | {
            maker[each.id]
            for key, each in node.taken.items()
            if each.id in maker and key not in COMPARED_WITH
        }
    if origin.version:
        boxes.append(Box("version", origin.title, origin.standing, "front"))
        inputs["version"] = {"AtomicPusher"}
    order = {box.name: box for box in boxes}
    last = [each for each in ("TemporalCheck", "RunReport") if each in order]  # they changed nothing
    return draw([order[name] for name in order if name not in last] + [order[name] for name in last], inputs)


def _content(origin: Origin, asked: str) -> dict[str, Any]:
    return {
        "origin": origin,
        "asked": asked,
        "found": origin.described(),
        "words": data_words(origin.nodes),
        "drawing": origin_graph(origin),
    }
