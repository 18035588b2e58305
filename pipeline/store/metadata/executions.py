"""Executions and artifacts, read from ML Metadata's tables.

The tables and their columns are MLMD's schema version 10 (ml_metadata/util/metadata_source_query_config.cc).
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

# Execution states and event types as MLMD numbers them (metadata_store.proto).
_STATES = {1: "new", 2: "running", 3: "done", 4: "failed", 5: "cached", 6: "cancelled"}
INPUT, OUTPUT, DONE = 3, 4, 3
_PLUMBING = ("Resolver", "Importer")

Value: TypeAlias = str | int | float


@dataclass(frozen=True)
class Artifact:
    """Artifact of ML Metadata, an input or output of a node.

    Args:
        uri: folder of the artifact.
        properties: custom properties, by name.
        id: MLMD's number of the artifact.
        type: name of the artifact type, such as `Examples` or `Model`.
        made_by, made_in: node and run that made it; empty if no node did (an imported schema).
    """

    uri: str
    properties: dict[str, Value]
    id: int = 0
    type: str = ""
    made_by: str = ""
    made_in: str = ""

    @property
    def path(self) -> Path:
        """The folder as a path."""
        return Path(self.uri)


@dataclass(frozen=True)
class Node:
    """Execution of a node in a run.

    Args:
        name: id of the node in the pipeline.
        state: `running`, `done`, `cached`, `failed`, `cancelled` or `new`.
        seconds: duration in seconds; 0 while it runs.
        started: start as Unix time in seconds.
        outputs: artifacts that it made, or took from the cache, by key.
        inputs: nodes of this run whose outputs it read.
        taken: artifacts that it read, by key.
        parameters: execution properties, by name; empty in a list of runs, where they are not needed.
        run_id: id of the run.
    """

    name: str
    state: str
    seconds: float
    started: float
    outputs: dict[str, Artifact]
    inputs: tuple[str, ...] = ()
    taken: dict[str, Artifact] = field(default_factory=dict)
    parameters: dict[str, Value] = field(default_factory=dict)
    run_id: str = ""

    @property
    def made_in(self) -> str:
        """The run that made the outputs; an earlier one if the node was cached."""
        return next((each.made_in for each in self.outputs.values()), "")


def nodes(db: sqlite3.Connection, executions: Iterable[int], with_parameters: bool) -> list[tuple[str, Node]]:
    """Returns (pipeline, node) in the order of the executions; Resolvers and Importers are left out."""
    chosen = numbers(executions)
    rows = db.execute(
        "SELECT e.id, e.last_known_state, e.create_time_since_epoch, e.last_update_time_since_epoch, "
        "n.name, et.name, r.name, p.name FROM Execution e JOIN Type et ON et.id = e.type_id "
        "JOIN Association an ON an.execution_id = e.id JOIN Context n ON n.id = an.context_id "
        "JOIN Type nt ON nt.id = n.type_id AND nt.name = 'node' "
        "JOIN Association ar ON ar.execution_id = e.id JOIN Context r ON r.id = ar.context_id "
        "JOIN Type rt ON rt.id = r.type_id AND rt.name = 'pipeline_run' "
        "LEFT JOIN ParentContext pc ON pc.context_id = r.id "
        "LEFT JOIN Context p ON p.id = pc.parent_context_id "
        f"WHERE e.id IN ({chosen}) ORDER BY e.id"
    ).fetchall()
    rows = [row for row in rows if row[5].rsplit(".", 1)[-1] not in _PLUMBING]
    chosen = numbers(row[0] for row in rows)
    artifacts = _artifacts(db, chosen)
    parameters = _parameters(db, chosen) if with_parameters else {}
    found: list[tuple[str, Node]] = []
    makers: dict[tuple[str, int], str] = {}
    for execution, state, start, end, node, _, run, pipeline in rows:
        pipeline = pipeline or node.rsplit(".", 1)[0]
        taken, outputs = (artifacts.get((execution, event), {}) for event in (INPUT, OUTPUT))
        read = {makers.get((run, each.id)) for each in taken.values()}
        made = Node(
            name=node.removeprefix(f"{pipeline}."),
            state=_STATES.get(state, "?"),
            seconds=(end - start) / 1000,
            started=start / 1000,
            outputs=outputs,
            inputs=tuple(each.name for _, each in found if each.run_id == run and each.name in read),
            taken=taken,
            parameters=parameters.get(execution, {}),
            run_id=run,
        )
        found.append((pipeline, made))
        makers |= {(run, each.id): made.name for each in outputs.values()}
    return found


def _artifacts(db: sqlite3.Connection, executions: str) -> dict[tuple[int, int], dict[str, Artifact]]:
    """Returns the artifacts by execution and type of event, then by key."""
    events = db.execute(
        "SELECT e.execution_id, e.type, COALESCE(p.step_key, CAST(e.id AS TEXT)), e.artifact_id FROM Event e "
        "LEFT JOIN EventPath p ON p.event_id = e.id AND p.is_index_step = 0 "
        f"WHERE e.type IN ({INPUT}, {OUTPUT}) AND e.execution_id IN ({executions}) ORDER BY e.id"
    ).fetchall()
    known = {each.id: each for each in described(db, {event[3] for event in events})}
    found: defaultdict[tuple[int, int], dict[str, Artifact]] = defaultdict(dict)
    for execution, event, key, artifact in events:
        if artifact in known:
            found[execution, event][key] = known[artifact]
    return found


def described(db: sqlite3.Connection, artifacts: Iterable[int]) -> list[Artifact]:
    """Returns the artifacts with these numbers, with their properties and the nodes that made them."""
    ids = numbers(artifacts)
    properties: defaultdict[int, dict[str, Value]] = defaultdict(dict)
    for artifact, name, value in db.execute(
        "SELECT artifact_id, name, COALESCE(int_value, double_value, string_value) FROM ArtifactProperty "
        f"WHERE is_custom_property = 1 AND artifact_id IN ({ids})"
    ):
        properties[artifact][name] = value
    makers = _makers(db, ids)
    return [
        Artifact(uri, properties[artifact], artifact, kind or "", *makers.get(artifact, ("", "")))
        for artifact, uri, kind in db.execute(
            "SELECT a.id, a.uri, t.name FROM Artifact a LEFT JOIN Type t ON t.id = a.type_id "
            f"WHERE a.id IN ({ids})"
        )
    ]


def _makers(db: sqlite3.Connection, artifacts: str) -> dict[int, tuple[str, str]]:
    """Returns (node, run) by artifact, of the execution that made it and not of those that reused it."""
    rows = db.execute(
        "SELECT ev.artifact_id, n.name, r.name, p.name FROM Event ev "
        "JOIN Execution e ON e.id = ev.execution_id AND e.last_known_state = ? "
        "JOIN Association an ON an.execution_id = e.id JOIN Context n ON n.id = an.context_id "
        "JOIN Type nt ON nt.id = n.type_id AND nt.name = 'node' "
        "JOIN Association ar ON ar.execution_id = e.id JOIN Context r ON r.id = ar.context_id "
        "JOIN Type rt ON rt.id = r.type_id AND rt.name = 'pipeline_run' "
        "LEFT JOIN ParentContext pc ON pc.context_id = r.id "
        "LEFT JOIN Context p ON p.id = pc.parent_context_id "
        f"WHERE ev.type = ? AND ev.artifact_id IN ({artifacts}) ORDER BY e.id DESC",
        (DONE, OUTPUT),
    )
    return {
        artifact: (node.removeprefix(f"{pipeline or node.rsplit('.', 1)[0]}."), run)
        for artifact, node, run, pipeline in rows
    }


def _parameters(db: sqlite3.Connection, executions: str) -> dict[int, dict[str, Value]]:
    found: defaultdict[int, dict[str, Value]] = defaultdict(dict)
    for execution, name, value in db.execute(
        "SELECT execution_id, name, COALESCE(int_value, double_value, string_value) FROM ExecutionProperty "
        f"WHERE execution_id IN ({executions}) ORDER BY name"
    ):
        found[execution][name] = value
    return found


def numbers(ids: Iterable[int]) -> str:
    """Formats ids for an SQL `IN`; they come from the database, and may be too many for parameters."""
    return ", ".join(str(int(number)) for number in ids) or "NULL"
