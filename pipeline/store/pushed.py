"""Outcome of a run's push: pushed, served already, withdrawn by a person before, or refused."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.store.metadata.executions import Node, Value
from pipeline.store.metadata.lineage import Artifact, Run
from serving.models import MODELS

PUSHER = "AtomicPusher"


@dataclass(frozen=True)
class Pushed:
    """Outcome of a run's push at the time of the run; the models' present status may differ.

    Args:
        outcome: `pushed` by this run; `served` already, so not pushed again; `withdrawn` by a person, and so
            not pushed again; or `refused` by a blessing.
        version: version that was pushed, was served already, or was withdrawn; None if there is none.
        by: run that pushed that version, this one or an earlier one; empty if unknown.
        when: time of the push in Unix seconds; 0 if this run pushed nothing.
    """

    outcome: Literal["pushed", "served", "withdrawn", "refused"]
    version: int | None = None
    by: str = ""
    when: float = 0.0

    @property
    def sentence(self) -> str:
        """The outcome as a sentence on the time of the run, which stays true later."""
        if self.outcome == "pushed":
            return f"Pushed as version {self.version} on {moment(self.when)}."
        by = f", pushed by run {self.by}" if self.by else ""
        if self.outcome == "served":
            return f"These models were already served as version {self.version}{by}."
        if self.outcome == "withdrawn":
            return f"Not pushed: these models were withdrawn by hand, as version {self.version}{by}."
        return "Nothing was pushed: not all models were blessed."


def pushed(run: Run, pushes: Mapping[int, Artifact]) -> Pushed | None:
    """Returns the outcome of a run's push; None if the run did not reach its pusher.

    Args:
        run: the run.
        pushes: push that made each version (`pipeline.store.origin.pushes`).
    """
    node = run.nodes.get(PUSHER)
    artifact = run.output(PUSHER, "pushed_model")
    if node is None or artifact is None:
        return None
    known = artifact.properties
    version = _number(known, "pushed_version")
    outcome = str(known.get("outcome") or ("pushed" if known.get("pushed") else "refused"))
    if outcome == "pushed" and _pushed_here(node, artifact, run):
        return Pushed("pushed", version, run.run_id, node.started + node.seconds)
    if outcome in ("pushed", "served"):
        by = artifact.made_in if outcome == "pushed" else _by(pushes, version)
        return Pushed("served", version, by)
    if outcome == "withdrawn":
        version = _number(known, "withdrawn_version")
        return Pushed("withdrawn", version, _by(pushes, version))
    return Pushed("refused")


def moment(seconds: float) -> str:
    """Formats Unix seconds as local date and time to the minute, with the offset from UTC."""
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M %z")


def models_at(folder: Path, version: int | None) -> str:
    """Returns the folders of one version of all models as a single path with braces."""
    return f"{folder}/{{{','.join(MODELS)}}}/{version}"


def _pushed_here(node: Node, artifact: Artifact, run: Run) -> bool:
    return node.state == "done" and artifact.made_in in ("", run.run_id)


def _by(pushes: Mapping[int, Artifact], version: int | None) -> str:
    return pushes[version].made_in if version is not None and version in pushes else ""


def _number(properties: Mapping[str, Value], name: str) -> int | None:
    return int(properties[name]) if name in properties else None
