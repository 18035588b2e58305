"""Reads ML Metadata: which runs there were, what each node made and from what, what was pushed."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from trainer.errors import MarqueeError

# Execution states and event types as MLMD numbers them (metadata_store.proto).
_STATES = {1: "new", 2: "running", 3: "done", 4: "failed", 5: "cached", 6: "cancelled"}
_INPUT, _OUTPUT, _DONE = 3, 4, 3
#: Inputs that a node compares with, or begins from, and whose own history is another model's.
COMPARED_WITH = ("baseline_model", "previous_statistics", "base_model")
_PLUMBING = ("Resolver", "Importer")

Value = str | int | float


@dataclass(frozen=True)
class Artifact:
    """An input or output of a node.

    Args:
        uri: its folder.
        properties: custom properties, by name.
        id: MLMD's number.
        type: such as `Examples` or `Model`.
        made_by, made_in: the node, and the run, that made it; empty where none did (an imported schema).
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
    """What a node did in a run.

    Args:
        name: its id in the pipeline.
        state: `running`, `done`, `cached`, `failed`, `cancelled` or `new`.
        seconds: how long it took; 0 while it runs.
        started: Unix time in seconds.
        outputs, inputs: artifacts by key.
        parameters: execution properties, by name; empty in a list of runs, where nobody reads them.
        run_id: the run.
    """

    name: str
    state: str
    seconds: float
    started: float
    outputs: dict[str, Artifact]
    inputs: dict[str, Artifact] = field(default_factory=dict)
    parameters: dict[str, Value] = field(default_factory=dict)
    run_id: str = ""

    @property
    def made_in(self) -> str:
        """The run that made the outputs: of a cached node, an earlier one."""
        return next((each.made_in for each in self.outputs.values()), "")


@dataclass(frozen=True)
class Run:
    """A run of a pipeline, its nodes in the order in which they ran."""

    run_id: str
    pipeline: str
    nodes: dict[str, Node] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """`done` when every node is; else the state of the first that is not."""
        unfinished = (n.state for n in self.nodes.values() if n.state not in ("done", "cached"))
        return next(unfinished, "done")

    @property
    def started(self) -> float:
        """Unix time of its first node; 0 where it has none."""
        return min((node.started for node in self.nodes.values()), default=0.0)

    @property
    def seconds(self) -> float:
        """What its nodes took together."""
        return sum(node.seconds for node in self.nodes.values())

    def output(self, node: str, key: str) -> Artifact | None:
        """A node's output, or None where the run has no such node or it made nothing."""
        return self.nodes[node].outputs.get(key) if node in self.nodes else None


class Lineage:
    """The runs in a workspace, read with SQL: MLMD's own client takes seconds to load, a table must not.

    The tables and their columns are MLMD's schema version 10
    (ml_metadata/util/metadata_source_query_config.cc).

    Args:
        database: MLMD's SQLite file.
    """

    def __init__(self, database: Path):
        self._database = database

    def runs(self, pipeline: str | None = None) -> list[Run]:
        """All runs, or those of one pipeline, newest first; empty when nothing has run.

        Raises:
            MarqueeError: the database is damaged.
        """
        return [run for run in self._read(None) if pipeline in (None, run.pipeline)]

    def run(self, run_id: str | None = None) -> Run | None:
        """One run with its nodes' parameters, or the newest; None when there is none."""
        if run_id is None:
            run_id = next(iter(self.run_ids()), "")
        return next(iter(self._read(run_id)), None)

    def run_ids(self) -> list[str]:
        """The runs' names, newest first."""
        return [name for _, name in self._ask(_contexts, [])]

    def made_from(self, *artifacts: Artifact) -> dict[str, Node]:
        """The nodes that made these artifacts, and all they were made from, as they once ran: the first first.

        What a node merely compares with (COMPARED_WITH) is not followed: it leads to all earlier runs.
        """
        return self._ask(lambda db: _made_from(db, [each.id for each in artifacts]), {})

    def artifacts(self, type_: str | None = None) -> list[Artifact]:
        """Every artifact that is complete, or those of one type, the newest first."""
        return self._ask(lambda db: _all_artifacts(db, type_), [])

    def _read(self, run_id: str | None) -> list[Run]:
        return self._ask(lambda db: _runs(db, run_id), [])

    def _ask(self, question, nothing):
        if not self._database.exists():
            return nothing
        try:
            with sqlite3.connect(f"{self._database.resolve().as_uri()}?mode=ro", uri=True) as db:
                if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'Context'").fetchone():
                    return nothing
                return question(db)
        except sqlite3.DatabaseError as error:
            raise MarqueeError(
                f"{self._database} cannot be read: {error}",
                "Move the workspace away and run again, or restore the file.",
            ) from None


def _contexts(db: sqlite3.Connection, run_id: str | None = None) -> list[tuple[int, str]]:
    return db.execute(
        "SELECT c.id, c.name FROM Context c JOIN Type t ON t.id = c.type_id "
        "WHERE t.name = 'pipeline_run' AND (? IS NULL OR c.name = ?) ORDER BY c.id DESC",
        (run_id, run_id),
    ).fetchall()


def _runs(db: sqlite3.Connection, run_id: str | None) -> list[Run]:
    """Every run, or the one called `run_id`; a handful of queries however many there are."""
    contexts = _contexts(db, run_id)
    chosen = _numbers(context for context, _ in contexts)
    executions = db.execute(f"SELECT execution_id FROM Association WHERE context_id IN ({chosen})").fetchall()
    nodes = defaultdict(dict)
    pipelines = {}
    for pipeline, node in _nodes(db, (each for (each,) in executions), with_parameters=run_id is not None):
        pipelines[node.run_id] = pipeline
        nodes[node.run_id][node.name] = node
    return [Run(name, pipelines.get(name, ""), nodes[name]) for _, name in contexts]


def _made_from(db: sqlite3.Connection, artifacts: Iterable[int]) -> dict[str, Node]:
    seen: set[int] = set()
    nodes: list[Node] = []
    wanted = set(artifacts)
    while wanted:
        rows = db.execute(
            "SELECT MIN(e.id) FROM Event ev JOIN Execution e ON e.id = ev.execution_id "
            "WHERE ev.type = ? AND e.last_known_state = ? "
            f"AND ev.artifact_id IN ({_numbers(wanted)}) GROUP BY ev.artifact_id",
            (_OUTPUT, _DONE),
        ).fetchall()
        new = {execution for (execution,) in rows} - seen
        seen |= new
        found = [node for _, node in _nodes(db, new, with_parameters=True)]
        nodes += found
        wanted = {
            artifact.id for node in found for key, artifact in node.inputs.items() if key not in COMPARED_WITH
        }
    return {node.name: node for node in sorted(nodes, key=lambda node: node.started)}


def _nodes(
    db: sqlite3.Connection, executions: Iterable[int], with_parameters: bool
) -> list[tuple[str, Node]]:
    """(pipeline, node) in the order of their executions; Resolvers and Importers are left out."""
    chosen = _numbers(executions)
    rows = db.execute(
        "SELECT e.id, e.last_known_state, e.create_time_since_epoch, e.last_update_time_since_epoch, "
        "n.name, et.name, r.name, p.name FROM Execution e JOIN Type et ON et.id = e.type_id "
        "JOIN Association an ON an.execution_id = e.id JOIN Context n ON n.id = an.context_id "
        "JOIN Type nt ON nt.id = n.type_id AND nt.name = 'node' "
        "JOIN Association ar ON ar.execution_id = e.id JOIN Context r ON r.id = ar.context_id "
        "JOIN Type rt ON rt.id = r.type_id AND rt.name = 'pipeline_run' "
        "LEFT JOIN ParentContext pc ON pc.context_id = r.id LEFT JOIN Context p ON p.id = pc.parent_context_id "
        f"WHERE e.id IN ({chosen}) ORDER BY e.id"
    ).fetchall()
    rows = [row for row in rows if row[5].rsplit(".", 1)[-1] not in _PLUMBING]
    chosen = _numbers(row[0] for row in rows)
    artifacts = _artifacts(db, chosen)
    parameters = _parameters(db, chosen) if with_parameters else {}
    return [
        (
            pipeline or node.rsplit(".", 1)[0],
            Node(
                node.removeprefix(f"{pipeline or node.rsplit('.', 1)[0]}."),
                _STATES.get(state, "?"),
                (end - start) / 1000,
                start / 1000,
                artifacts.get((execution, _OUTPUT), {}),
                artifacts.get((execution, _INPUT), {}),
                parameters.get(execution, {}),
                run,
            ),
        )
        for execution, state, start, end, node, _, run, pipeline in rows
    ]


def _artifacts(db: sqlite3.Connection, executions: str) -> dict[tuple[int, int], dict[str, Artifact]]:
    """By execution and type of event, then by key."""
    events = db.execute(
        "SELECT e.execution_id, e.type, p.step_key, e.artifact_id FROM Event e "
        "JOIN EventPath p ON p.event_id = e.id AND p.is_index_step = 0 "
        f"WHERE e.type IN ({_INPUT}, {_OUTPUT}) AND e.execution_id IN ({executions}) ORDER BY e.id"
    ).fetchall()
    known = {each.id: each for each in _described(db, {event[3] for event in events})}
    found = defaultdict(dict)
    for execution, event, key, artifact in events:
        found[execution, event][key] = known[artifact]
    return found


def _all_artifacts(db: sqlite3.Connection, type_: str | None) -> list[Artifact]:
    rows = db.execute(
        "SELECT a.id FROM Artifact a JOIN Type t ON t.id = a.type_id WHERE ? IS NULL OR t.name = ?",
        (type_, type_),
    ).fetchall()
    return sorted(_described(db, {row[0] for row in rows}), key=lambda each: -each.id)


def _described(db: sqlite3.Connection, artifacts: Iterable[int]) -> list[Artifact]:
    """Artifacts by their numbers, with properties and who made them."""
    ids = _numbers(artifacts)
    properties = defaultdict(dict)
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
    """Node and run by artifact: those of the execution that worked, not of one that took it from the cache."""
    rows = db.execute(
        "SELECT ev.artifact_id, n.name, r.name, p.name FROM Event ev "
        "JOIN Execution e ON e.id = ev.execution_id AND e.last_known_state = ? "
        "JOIN Association an ON an.execution_id = e.id JOIN Context n ON n.id = an.context_id "
        "JOIN Type nt ON nt.id = n.type_id AND nt.name = 'node' "
        "JOIN Association ar ON ar.execution_id = e.id JOIN Context r ON r.id = ar.context_id "
        "JOIN Type rt ON rt.id = r.type_id AND rt.name = 'pipeline_run' "
        "LEFT JOIN ParentContext pc ON pc.context_id = r.id LEFT JOIN Context p ON p.id = pc.parent_context_id "
        f"WHERE ev.type = ? AND ev.artifact_id IN ({artifacts}) ORDER BY e.id DESC",
        (_DONE, _OUTPUT),
    )
    return {
        artifact: (node.removeprefix(f"{pipeline or node.rsplit('.', 1)[0]}."), run)
        for artifact, node, run, pipeline in rows
    }


def _parameters(db: sqlite3.Connection, executions: str) -> dict[int, dict[str, Value]]:
    found = defaultdict(dict)
    for execution, name, value in db.execute(
        "SELECT execution_id, name, COALESCE(int_value, double_value, string_value) FROM ExecutionProperty "
        f"WHERE execution_id IN ({executions}) ORDER BY name"
    ):
        found[execution][name] = value
    return found


def _numbers(ids: Iterable[int]) -> str:
    """For an SQL `IN`: numbers out of the database itself, more of them than parameters are allowed."""
    return ", ".join(str(int(number)) for number in ids) or "NULL"
