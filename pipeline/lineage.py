"""Reads ML Metadata: which runs there were, what each node made, what was pushed."""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from trainer.errors import MarqueeError

# Execution states as MLMD numbers them (metadata_store.proto).
_STATES = {1: "new", 2: "running", 3: "done", 4: "failed", 5: "cached", 6: "cancelled"}
_PLUMBING = ("Resolver", "Importer")
_INPUT, _OUTPUT = 3, 4  # types of an Event


@dataclass(frozen=True)
class Artifact:
    """An output of a node.

    Args:
        uri: its folder.
        properties: custom properties, by name.
    """

    uri: str
    properties: dict[str, str | int | float]

    @property
    def path(self) -> Path:
        """The folder as a path."""
        return Path(self.uri)


@dataclass(frozen=True)
class Node:
    """What a node did in a run.

    Args:
        name: its id.
        state: `done`, `cached`, `failed`, `cancelled`, `running` or `new`.
        seconds: how long it took.
        started: when it began, in Unix seconds.
        outputs: what it made, or took from the cache.
        inputs: the nodes of this run whose outputs it read.
    """

    name: str
    state: str
    seconds: float
    started: float
    outputs: dict[str, Artifact]
    inputs: tuple[str, ...] = ()


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
        if not self._database.exists():
            return []
        try:
            found = self._runs()
        except sqlite3.DatabaseError as error:
            raise MarqueeError(
                f"{self._database} cannot be read: {error}",
                "Move the workspace away and run again, or restore the file.",
            ) from None
        return [run for run in found if pipeline in (None, run.pipeline)]

    def _runs(self) -> list[Run]:
        with sqlite3.connect(f"{self._database.resolve().as_uri()}?mode=ro", uri=True) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'Context'").fetchone():
                return []
            contexts = db.execute(
                "SELECT c.id, c.name FROM Context c "
                "JOIN Type t ON t.id = c.type_id WHERE t.name = 'pipeline_run' ORDER BY c.id DESC"
            ).fetchall()
            return [self._run(db, *context) for context in contexts]

    def run(self, run_id: str | None = None) -> Run | None:
        """One run, or the newest; None when there is none."""
        return next((run for run in self.runs() if run_id in (None, run.run_id)), None)

    def _run(self, db: sqlite3.Connection, context: int, run_id: str) -> Run:
        rows = db.execute(
            "SELECT e.id, e.last_known_state, e.create_time_since_epoch, e.last_update_time_since_epoch, "
            "n.name, et.name FROM Association a JOIN Execution e ON e.id = a.execution_id "
            "JOIN Type et ON et.id = e.type_id "
            "JOIN Association an ON an.execution_id = e.id JOIN Context n ON n.id = an.context_id "
            "JOIN Type nt ON nt.id = n.type_id AND nt.name = 'node' WHERE a.context_id = ? ORDER BY e.id",
            (context,),
        ).fetchall()
        pipeline = db.execute(
            "SELECT p.name FROM ParentContext pc JOIN Context p ON p.id = pc.parent_context_id "
            "WHERE pc.context_id = ?",
            (context,),
        ).fetchone()
        name = pipeline[0] if pipeline else rows[0][4].rsplit(".", 1)[0] if rows else ""
        nodes, makers = {}, {}
        for execution, state, start, end, node, kind in rows:
            if kind.rsplit(".", 1)[-1] in _PLUMBING:
                continue
            node = node.removeprefix(f"{name}.")
            read = {makers[artifact] for artifact in _artifacts(db, execution, _INPUT) if artifact in makers}
            nodes[node] = Node(
                name=node,
                state=_STATES.get(state, "?"),
                seconds=(end - start) / 1000,
                started=start / 1000,
                outputs=_outputs(db, execution),
                inputs=tuple(maker for maker in nodes if maker in read),
            )
            makers |= dict.fromkeys(_artifacts(db, execution, _OUTPUT), node)
        return Run(run_id, name, nodes)


def _artifacts(db: sqlite3.Connection, execution: int, kind: int) -> list[int]:
    rows = db.execute(
        "SELECT artifact_id FROM Event WHERE execution_id = ? AND type = ?", (execution, kind)
    ).fetchall()
    return [artifact for (artifact,) in rows]


def _outputs(db: sqlite3.Connection, execution: int) -> dict[str, Artifact]:
    rows = db.execute(
        "SELECT a.id, a.uri, p.step_key FROM Event e JOIN Artifact a ON a.id = e.artifact_id "
        "JOIN EventPath p ON p.event_id = e.id AND p.is_index_step = 0 "
        "WHERE e.execution_id = ? AND e.type = ?",
        (execution, _OUTPUT),
    ).fetchall()
    return {key: Artifact(uri, _properties(db, artifact)) for artifact, uri, key in rows}


def _properties(db: sqlite3.Connection, artifact: int) -> dict[str, str | int | float]:
    rows = db.execute(
        "SELECT name, COALESCE(int_value, double_value, string_value) FROM ArtifactProperty "
        "WHERE artifact_id = ? AND is_custom_property = 1",
        (artifact,),
    )
    return dict(rows.fetchall())
