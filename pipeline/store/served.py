"""What a run serves: the judged models, or those that were refit after them; and a sentence that says so."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.not_refit import WHY
from pipeline.store import node_files, outcomes
from pipeline.store.metadata.lineage import Artifact, Node

#: By model the node that makes what is served, where it is in a run, and the one whose model is judged.
MAKERS = {
    "ranking": ("RankingRefit", "RankingTrainer"),
    "retrieval": ("RetrievalRefit", "RetrievalTrainer"),
    "recommender": ("RecommenderRefit", "RecommenderAssembler"),
}


@dataclass(frozen=True)
class Refit:
    """A model that was made for serving after its settings were blessed.

    Args:
        mode: `all`, trained on every split; `seen`, the judged weights, with everything that was rated.
        ratings, users, items: that it knows.
        epochs: that were trained, the judged model's best epoch.
        warm_start: the run whose refit model it began from, or nothing.
        model: the artifact.
    """

    mode: str
    ratings: int
    users: int
    items: int
    epochs: int
    warm_start: str
    model: Artifact


def refit(nodes: Mapping[str, Node], task: str) -> Refit | None:
    """What a task's refit came to; None where nothing was refit."""
    node = nodes.get(MAKERS[task][0])
    if node is None:
        return None
    said = node_files.refit_training(task).read(nodes) or {}
    facts, base = said.get("refit"), node.taken.get("base_model")
    if not facts:
        return None
    return Refit(
        mode=facts["mode"],
        ratings=facts["ratings"],
        users=facts["users"],
        items=facts["items"],
        epochs=said["epochs"],
        warm_start=base.made_in if base else "",
        model=node.outputs["model"],
    )


def whose_numbers(nodes: Mapping[str, Node]) -> str:
    """What the measures of a run are measures of, as a sentence; "" where what is judged is served."""
    if MAKERS["ranking"][0] not in nodes:
        return ""
    found = [each for task in outcomes.TASKS if (each := refit(nodes, task))]
    if not found:
        return f"{WHY}; the measures are those of the judged models, trained on train"
    measured = "measured on the judged models, trained on train; the served models"
    if found[0].mode == "seen":
        return f"{measured} have the same weights, and know all {found[0].ratings:,} ratings of their users"
    return f"{measured} are trained on all {found[0].ratings:,} ratings with the same settings"
