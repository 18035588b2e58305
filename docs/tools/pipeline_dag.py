"""The pipeline's nodes and what goes from one to another, asked of the pipeline object itself.

    python -m docs.tools.pipeline_dag      prints them as JSON

It runs as a process of its own: TFX takes seconds to load, and its chatter is nobody's business here.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from docs.tools.drawing import draw
from pipeline.drawing.layered_graph import Edge, Graph, Node, without_shortcuts

#: What is switched on beyond the ready-made `ml-100k`, to see the nodes that a run may have as well.
EVERYTHING = ("retrieval.tune.enabled=true", "bulk.enabled=true", "warm_start=true")


@dataclass(frozen=True)
class DagNode:
    """A node.

    Attributes:
        reads: the nodes whose outputs it takes.
        waits_for: those that only have to be finished.
        makes: the types of its artifacts.
        always: whether `marquee run` has it without being told.
        works: whether it is shown while it runs; those that only find or import something are not.
    """

    reads: list[str]
    waits_for: list[str]
    makes: list[str]
    always: bool = True
    works: bool = True


def start() -> subprocess.Popen:
    """Begins to ask; TFX takes a while."""
    return subprocess.Popen(
        [sys.executable, "-m", "docs.tools.pipeline_dag"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
        env=os.environ | {"TF_USE_LEGACY_KERAS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )


def answer(process: subprocess.Popen) -> dict[str, DagNode]:
    """The nodes by name, in the order in which they run.

    Raises:
        RuntimeError: the pipeline cannot be built; what was printed is in the message.
    """
    out, chatter = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the pipeline cannot be built:\n{chatter[-2000:]}")
    return {name: DagNode(**node) for name, node in json.loads(out.splitlines()[-1]).items()}


def picture(dag: dict[str, DagNode]) -> str:
    """The DAG as SVG; an arrow that follows from others is left out."""
    graph = Graph({name: Node((name,), _shape(node)) for name, node in dag.items()})
    edges = [Edge(before, name) for name, node in dag.items() for before in node.reads]
    edges += [Edge(before, name, dotted=True) for name, node in dag.items() for before in node.waits_for]
    graph.edges = without_shortcuts(edges)
    return draw(graph, "The pipeline's nodes; the table below says what each reads and makes")


def table(dag: dict[str, DagNode]) -> str:
    """A Markdown table of the nodes: from whom each reads, and what it makes."""
    lines = ["| node | reads from | makes |", "|---|---|---|"]
    for name, node in dag.items():
        reads = ", ".join([*node.reads, *(f"*after* {each}" for each in node.waits_for)])
        mark = "" if node.always else " *(if wanted)*"
        lines.append(f"| `{name}`{mark} | {reads} | {', '.join(node.makes)} |")
    return "\n".join(lines)


def _shape(node: DagNode) -> str:
    return "box" if node.works and node.always else "optional" if node.works else "quiet"


def _build() -> dict[str, dict]:
    """Both pipelines, `ml-100k`'s and one with everything on, as plain data."""
    from pipeline.config.load import load_config
    from pipeline.dag.data_source import DataSource
    from pipeline.dag.graph import build_pipeline
    from pipeline.dag.local_place import LocalPlace
    from pipeline.store.workspace import Workspace

    with tempfile.TemporaryDirectory() as folder:
        place, source = LocalPlace(Workspace(Path(folder))), DataSource("ratings", "", "")
        usual, whole = (
            build_pipeline(load_config("ml-100k", list(more)), source, place).components
            for more in ((), (*EVERYTHING, f"serving_skew.logs={folder}"))
        )
    always = {component.id for component in usual}
    return {component.id: asdict(_node(component, component.id in always)) for component in whole}


def _node(component, always: bool) -> DagNode:
    reads = sorted(set().union(*(c.get_data_dependent_node_ids() for c in component.inputs.values())))
    waits_for = sorted({node.id for node in component.upstream_nodes} - set(reads))
    makes = list(dict.fromkeys(channel.type_name for channel in component.outputs.values()))
    works = type(component).__name__ not in ("Resolver", "Importer")
    return DagNode(reads, waits_for, makes, always, works)


if __name__ == "__main__":
    print(json.dumps(_build()))
