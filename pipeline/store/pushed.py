"""What became of the models of a run: pushed by it, served already, withdrawn by a person, or refused."""

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
    """What became of a run's models when its pusher had been asked. Where they are now is another matter.

    Args:
        outcome: `pushed` by this run; `served` already, so not pushed again; `withdrawn` by a person, and so
            not pushed again; or `refused` by a blessing.
        version: that was pushed, was served already, or was withdrawn; None where nothing was.
        by: the run that pushed that version: this one, or an earlier one; empty where nobody here knows.
        when: of the push, Unix seconds; 0 where there was none.
    """

    outcome: Literal["pushed", "served", "withdrawn", "refused"]
    version: int | None = None
    by: str = ""
    when: float = 0.0

    @property
    def sentence(self) -> str:
        """The same in words that stay true: of the time of the run."""
        if self.outcome == "pushed":
            return f"Pushed as version {self.version} on {moment(self.when)}."
        by = f", pushed by run {self.by}" if self.by else ""
        if self.outcome == "served":
            return f"These models were already served as version {self.version}{by}."
        if self.outcome == "withdrawn":
            return f"Not pushed: these models were withdrawn by hand, as version {self.version}{by}."
        return "Nothing was pushed: not all models were blessed."


def pushed(run: Run, pushes: Mapping[int, Artifact]) -> Pushed | None:
    """What became of the models of a run; None where it did not come to its push.

    Args:
        run: the run.
        pushes: the push behind each version (`pipeline.store.origin.pushes`).
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
    """Local date and time to the minute, with the offset from UTC."""
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M %z")


def models_at(folder: Path, version: int | None) -> str:
    """The folders of one version of all models, as one path."""
    return f"{folder}/{{{','.join(MODELS)}}}/{version}"


def _pushed_here(node: Node, artifact: Artifact, run: Run) -> bool:
    return node.state == "done" and artifact.made_in in ("", run.run_id)


def _by(pushes: Mapping[int, Artifact], version: int | None) -> str:
    return pushes[version].made_in if version is not None and version in pushes else ""


def _number(properties: Mapping[str, Value], name: str) -> int | None:
    return int(properties[name]) if name in properties else None
