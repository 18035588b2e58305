"""Models that a run serves: the judged ones, or those refit after them, and a sentence that says which."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.not_refit import WHY
from pipeline.store import node_files, outcomes
from pipeline.store.data_words import data_words
from pipeline.store.metadata.lineage import Artifact, Node

#: By model, the node that makes the served model, if it is in a run, and the node whose model is judged.
MAKERS = {
    "ranking": ("RankingRefit", "RankingTrainer"),
    "retrieval": ("RetrievalRefit", "RetrievalTrainer"),
    "recommender": ("RecommenderRefit", "RecommenderAssembler"),
}


@dataclass(frozen=True)
class Refit:
    """A model that was refit for serving after the judged model was blessed.

    Args:
        mode: `all`, trained on every split; `seen`, the judged weights, with everything that was rated.
        ratings, users, items: numbers of ratings, users and items that it knows.
        epochs: number of trained epochs, the judged model's best epoch.
        warm_start: run whose refit model its training started from; empty for none.
        model: artifact of the model.
    """

    mode: str
    ratings: int
    users: int
    items: int
    epochs: int
    warm_start: str
    model: Artifact


def refit(nodes: Mapping[str, Node], task: str) -> Refit | None:
    """Returns the refit model of a task; None if nothing was refit."""
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
    """Says which model a run's metrics were measured on, as a sentence; "" if the judged model is served."""
    if MAKERS["ranking"][0] not in nodes:
        return ""
    found = [each for task in outcomes.TASKS if (each := refit(nodes, task))]
    if not found:
        return f"{WHY}; the measures are those of the judged models, trained on train"
    words = data_words(nodes)
    ratings = f"{found[0].ratings:,} {words.ratings}"
    measured = "measured on the judged models, trained on train; the served models"
    if found[0].mode == "seen":
        return f"{measured} have the same weights, and know all {ratings} of their {words.users}"
    return f"{measured} are trained on all {ratings} with the same settings"
