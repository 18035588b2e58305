"""Tree of links to the TensorBoard logs of the trainings and searches of all runs."""

import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.store.metadata.lineage import Lineage, Run
from pipeline.store.workspace import Workspace

LOGS = "logs"  # below an artifact: see `trainer.training.epoch_log`
#: Nodes with outputs that hold logs, and the logs' place below the run.
_HOLDERS = {
    "RankingTrainer": ("model_run", "ranking"),
    "RankingTuner": ("tuner_results", "ranking/tuner"),
    "RetrievalTrainer": ("model_run", "retrieval"),
    "RetrievalTuner": ("tuner_results", "retrieval/tuner"),
}


def link_training_logs(workspace: Workspace) -> Path:
    """Updates `logs/tensorboard/<run>/<task>/{train,validation,tuner/<trial>}`, and returns its folder.

    The logs themselves stay where training wrote them, in TFX's artifacts, so that their paths are no inputs
    of nodes and do not affect the cache. A run shows what it trained itself; a reused node is shown under the
    run that made it. A training under way is included.

    Raises:
        MarqueeError: the metadata is damaged.
    """
    tree = workspace.logs / "tensorboard"
    wanted = {tree / name: target for name, target in _logs(workspace)}
    for link in [path for path in tree.rglob("*") if path.is_symlink()]:
        if link not in wanted or link.resolve() != wanted[link]:
            link.unlink()
    for link, target in wanted.items():
        if not link.is_symlink():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.path.relpath(target, link.parent.resolve()))
    return tree


def _logs(workspace: Workspace) -> Iterator[tuple[str, Path]]:
    """Yields places in the tree, each with the folder to link there."""
    for run in Lineage(workspace.metadata_db).runs():
        for node, (_, place) in _HOLDERS.items():
            folder = _holder(workspace, run, node)
            for part in sorted(folder.glob(f"{LOGS}/*/")) if folder else ():
                yield f"{run.run_id}/{place}/{part.name}", part.resolve()


def _holder(workspace: Workspace, run: Run, node: str) -> Path | None:
    """Returns the folder below which a run's node writes its logs."""
    state = run.nodes[node].state if node in run.nodes else None
    key, _ = _HOLDERS[node]
    if state == "done":
        output = run.output(node, key)
        return output.path if output else None
    if state != "running":
        return None
    # Metadata lists an output only when it is finished. A search keeps its trials where an interruption
    # cannot reach them, and moves their logs at its end.
    under_way = workspace.artifacts.glob(f"{node}/{key}/*")
    if node.endswith("Tuner"):
        under_way = (logs.parent for logs in workspace.cache.glob(f"resume/*/{LOGS}"))
    return max(under_way, key=lambda folder: folder.stat().st_mtime, default=None)
