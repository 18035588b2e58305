"""Origin of a pushed version, or of any artifact: data, code, configuration and parameters."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from marquee.errors import MarqueeError
from pipeline.store import outcomes, served
from pipeline.store.metadata.executions import Value
from pipeline.store.metadata.lineage import Artifact, Lineage, Node, Run
from pipeline.store.next_span import next_span
from pipeline.store.program import command
from pipeline.store.runs.record import recorded
from pipeline.store.workspace import Workspace
from serving.models import MODELS
from serving.versions.version_sets import history
from serving.versions.versions import ROLLED_BACK, list_versions, version_folder

SERVED = "served version"
#: Nodes that judge models; their verdicts are part of a model's origin.
JUDGES = (
    "RankingEvaluator", "RetrievalEvaluator", "RecommenderEvaluator", "TemporalCheck", "ServingValidator",
    "RunReport",
)  # fmt: skip


@dataclass(frozen=True)
class Origin:
    """Origin of an artifact: the nodes that made it and the record of its run.

    Args:
        artifact: the artifact in ML Metadata.
        model, version: name and number of a pushed version; empty and 0 otherwise.
        standing: current status of a pushed version: see `standing`.
        nodes: nodes that made it, in the order in which they ran, and nodes that judged it.
        record: record of the run that made it: command, package versions, revision of the code.
    """

    artifact: Artifact
    model: str
    version: int
    standing: str
    nodes: dict[str, Node]
    record: dict[str, Any]

    @property
    def title(self) -> str:
        """Name of the artifact for people."""
        if self.version:
            return f"{self.model} version {self.version}"
        return f"{self.artifact.type} of {self.artifact.made_by or 'nobody'}"

    def described(self) -> dict[str, Any]:
        """Returns the origin as plain data: the artifact, its current status, and what it was made from."""
        data = outcomes.data(self.nodes)
        models = {task: outcomes.model(self.nodes, task) for task in self.tasks}
        together = outcomes.recommender(self.nodes)
        assembler = self.nodes.get("RecommenderRefit") or self.nodes.get("RecommenderAssembler")
        return {
            "what": self.title,
            "uri": self.artifact.uri,
            "standing": self.standing,
            "made_by": self.artifact.made_by,
            "run": self.artifact.made_in,
            "command": self.record.get("command", ""),
            "revision": _revision(self.record),
            "versions": self.record.get("versions") or {},
            "data": asdict(data) if data else None,
            "models": {task: asdict(model) for task, model in models.items() if model},
            "assembled": outcomes.settings(assembler) if assembler and self.model != "ranking" else None,
            "refit": {
                task: asdict(found) for task in self.tasks if (found := served.refit(self.nodes, task))
            },
            "recommender": asdict(together) if together else None,
            "next_span": next_span(self.nodes),
            "measured": served.whose_numbers(self.nodes),
            "test": outcomes.test(self.nodes),
            "code": outcomes.fingerprints(self.nodes),
            "steps": [
                {
                    "node": node.name,
                    "run": node.run_id,
                    "seconds": node.seconds,
                    "settings": outcomes.settings(node),
                    "inputs": {key: each.uri for key, each in node.taken.items()},
                }
                for node in self.nodes.values()
            ],
        }

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of the models in it: a pushed `ranking` is one of three that were pushed together."""
        return (self.model,) if self.model in outcomes.TASKS else outcomes.TASKS


def find_origin(workspace: Workspace, asked: str, models: Path | None = None) -> Origin:
    """Returns the origin of `asked`.

    Args:
        workspace: workspace whose metadata is read.
        asked: folder of a pushed version, or `recommender/3`; or an artifact's folder, or a path in it.
        models: folder of served models; the workspace's by default.

    Raises:
        MarqueeError: no run in the workspace made it.
    """
    lineage = Lineage(workspace.metadata_db)
    models = models or workspace.serving_models
    if version := _version(asked, workspace, models):
        pushed = push_behind(pushes(lineage), models, *version)
        if pushed is None:
            raise MarqueeError(
                f"no run in {workspace.root} pushed {version[0]} version {version[1]}",
                _what_there_is(lineage, workspace),
            )
        nodes = lineage.made_from(pushed) | _judges(lineage, pushed)
        return Origin(
            pushed, *version, standing(models, *version), nodes, recorded(workspace, pushed.made_in)
        )
    if artifact := _artifact(lineage, asked, workspace):
        nodes = lineage.made_from(artifact)
        record = recorded(workspace, artifact.made_in)
        return Origin(artifact, "", 0, "", nodes | _judges(lineage, artifact), record)
    raise MarqueeError(f"no run in {workspace.root} made {asked}", _what_there_is(lineage, workspace))


def pushes(lineage: Lineage) -> dict[int, Artifact]:
    """Returns the push that made each version, newest first.

    Version numbers restart if `serving_models` was deleted; the last push under a number counts.
    """
    found: dict[int, Artifact] = {}
    contents: dict[int, Value | None] = {}
    for artifact in lineage.artifacts("PushedModel"):  # the newest first
        known = artifact.properties
        if known.get("outcome", "pushed") != "pushed" or not known.get("pushed"):
            continue
        if "pushed_version" in known:
            version, content = int(known["pushed_version"]), known.get("content")
            if contents.setdefault(version, content) == content:
                found[version] = artifact  # keeps the oldest push of the content: that one made it
    return dict(sorted(found.items(), reverse=True))


def push_behind(known: Mapping[int, Artifact], models: Path, name: str, version: int) -> Artifact | None:
    """Returns the push that made a version; for one restored under a new number, the push of the old one.

    Args:
        known: result of `pushes`.
        models: folder of served models.
        name, version: model name and version number.
    """
    seen = set()
    while version not in known and version not in seen:
        seen.add(version)
        folders = (version_folder(models, name, version), version_folder(models / ROLLED_BACK, name, version))
        version = next((old for each in folders if (old := history(each).get("restored_from"))), version)
    return known.get(version)


def judge(runs: Iterable[Run], task: str, model: Artifact) -> Node | None:
    """Returns the newest completed evaluation of a model, which may be in a later run than its training.

    Args:
        runs: runs, newest first.
        task: `ranking` or `retrieval`.
        model: artifact of the model.
    """
    evaluators = (run.nodes.get(f"{task.capitalize()}Evaluator") for run in runs)
    done = (node for node in evaluators if node and node.state == "done" and "model" in node.taken)
    return next((node for node in done if node.taken["model"].id == model.id), None)


def standing(models: Path, name: str, version: int) -> str:
    """Returns `served version`, `older than the served version N`, `withdrawn` or `not kept`."""
    there = list_versions(models, name)
    if version in there:
        return SERVED if version == there[-1] else f"older than the served version {there[-1]}"
    return "withdrawn" if version in list_versions(models / ROLLED_BACK, name) else "not kept"


def _revision(record: dict[str, Any]) -> str:
    """Returns the git revision of the code that ran, marked if the checkout had changes."""
    git = record.get("git") or {}
    return str(git.get("revision", "")) + (", with changes" if git.get("changed") else "")


def _judges(lineage: Lineage, artifact: Artifact) -> dict[str, Node]:
    """Returns the nodes that judged the artifact, or the models in it; cached nodes as first executed.

    A model may have been judged, or judged again, in a later run than the one that made it. For a refit model
    the judged model that it is based on counts.
    """
    run = lineage.run(artifact.made_in) if artifact.made_in else None
    if run is None:
        return {}
    ids = {artifact.id}
    refit = (run.nodes[name] for name, _ in served.MAKERS.values() if name in run.nodes)
    ids |= {  # for a refit model the judged model that it is based on counts
        node.taken["judged_model"].id
        for node in refit
        if "judged_model" in node.taken and node.outputs["model"].id == artifact.id
    }
    judges = [
        node
        for name, node in run.nodes.items()
        if name in JUDGES
        and (artifact.type == "PushedModel" or ids & {each.id for each in _models(node.taken)})
    ]
    found = lineage.made_from(*(each for node in judges for each in node.outputs.values()))
    runs = lineage.runs()
    done = [node for task in outcomes.TASKS if (node := judge(runs, task, artifact))]
    later = {node.name: its.nodes[node.name] for node in done if (its := lineage.run(node.run_id))}
    return {node.name: found.get(node.name, node) for node in judges} | later


def _models(inputs: Mapping[str, Artifact]) -> list[Artifact]:
    return [each for key, each in inputs.items() if each.type == "Model" and key != "baseline_model"]


def _version(asked: str, workspace: Workspace, models: Path) -> tuple[str, int] | None:
    """Returns (model, version) if `asked` is the place of a version, whether or not it still exists."""
    for folder in (models, models / ROLLED_BACK):
        for path in (Path(asked), workspace.root / asked, models / asked):
            resolved = Path(path.resolve())
            if not resolved.is_relative_to(folder.resolve()):
                continue
            name, *rest = resolved.relative_to(folder.resolve()).parts or ("",)
            if name in MODELS and rest and rest[0].isdecimal():
                return name, int(rest[0])
    return None


def _artifact(lineage: Lineage, asked: str, workspace: Workspace) -> Artifact | None:
    """Returns the artifact whose folder is `asked` or contains it."""
    folders = {Path(each.uri).resolve(): each for each in lineage.artifacts()}
    for path in (Path(asked), workspace.root / asked, workspace.artifacts / asked):
        for folder in (path.resolve(), *path.resolve().parents):
            if folder in folders:
                return folders[folder]
    return None


def _what_there_is(lineage: Lineage, workspace: Workspace) -> str:
    versions = list(pushes(lineage))
    if versions:
        numbers = ", ".join(str(version) for version in versions[:10])
        example = command("lineage", f"recommender/{versions[0]}", workspace=workspace.root)
        return f"pushed versions: {numbers}; for example: {example}"
    return f"no run has pushed anything here yet; begin with: {command('run', workspace=workspace.root)}"
