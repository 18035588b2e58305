"""Reads runs, the inputs and outputs of their nodes, and pushed models from ML Metadata."""

import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from marquee.errors import MarqueeError
from pipeline.store.metadata.executions import DONE, OUTPUT, Artifact, Node, described, nodes, numbers
from pipeline.store.metadata.relocation import translate
from pipeline.store.metadata.schema_version import made

__all__ = ["COMPARED_WITH", "Artifact", "Lineage", "Node", "Run"]

#: Inputs that a node compares with or starts from, and whose history belongs to another model.
COMPARED_WITH = ("baseline_model", "previous_statistics", "base_model")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Run:
    """A run of a pipeline, with its nodes in the order in which they ran."""

    run_id: str
    pipeline: str
    nodes: dict[str, Node] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """State of the run: `done` if every node is, else the state of the first node that is not.

        `pipeline.store.runs.rows.state` also uses the record of the run.
        """
        unfinished = (n.state for n in self.nodes.values() if n.state not in ("done", "cached"))
        return next(unfinished, "done")

    @property
    def started(self) -> float:
        """Start of the first node as Unix time; 0 without nodes."""
        return min((node.started for node in self.nodes.values()), default=0.0)

    @property
    def seconds(self) -> float:
        """Total duration of the nodes in seconds."""
        return sum(node.seconds for node in self.nodes.values())

    def output(self, node: str, key: str) -> Artifact | None:
        """Returns a node's output, or None if the run has no such node or it made nothing."""
        return self.nodes[node].outputs.get(key) if node in self.nodes else None


class Lineage:
    """Runs in a workspace, read with SQL because MLMD's own client takes seconds to load.

    Args:
        database: MLMD's SQLite file.
    """

    def __init__(self, database: Path):
        self._database = database

    def runs(self, pipeline: str | None = None) -> list[Run]:
        """Returns all runs, or those of one pipeline, newest first; empty if nothing has run.

        Raises:
            MarqueeError: the database is damaged.
        """
        return [run for run in self._read(None) if pipeline in (None, run.pipeline)]

    def run(self, run_id: str | None = None) -> Run | None:
        """Returns one run, or the newest, with its nodes' parameters; None if there is none."""
        if run_id is None:
            run_id = next(iter(self.run_ids()), "")
        return next(iter(self._read(run_id)), None)

    def run_ids(self) -> list[str]:
        """Returns the ids of the runs, newest first."""
        contexts: list[tuple[int, str]] = self._ask(_contexts, [])
        return [name for _, name in contexts]

    def made_from(self, *artifacts: Artifact) -> dict[str, Node]:
        """Returns the nodes that made these artifacts and their inputs, by name, in the order of execution.

        Inputs that a node only compares with (COMPARED_WITH) are not followed: they lead to all earlier runs.
        """
        return self._ask(lambda db: _made_from(db, [each.id for each in artifacts]), {})

    def artifacts(self, type_: str | None = None) -> list[Artifact]:
        """Returns every complete artifact, or those of one type, newest first."""
        return self._ask(lambda db: _all_artifacts(db, type_), [])

    def _read(self, run_id: str | None) -> list[Run]:
        return self._ask(lambda db: _runs(db, run_id), [])

    def _ask(self, question: Callable[[sqlite3.Connection], Found], nothing: Found) -> Found:
        if not self._database.exists():
            return nothing
        try:
            try:
                return self._answer(question, nothing)
            except sqlite3.OperationalError as error:
                if getattr(error, "sqlite_errorname", "") != "SQLITE_READONLY_ROLLBACK":
                    raise
            self._roll_back()
            return self._answer(question, nothing)
        except sqlite3.DatabaseError as error:
            raise MarqueeError(f"{self._database} cannot be read: {error}", _what_to_do(error)) from None

    def _answer(self, question: Callable[[sqlite3.Connection], Found], nothing: Found) -> Found:
        with contextlib.closing(self._opened("ro")) as db:
            if not made(db, self._database):
                return nothing
            translate(db, self._database)  # needed in a workspace that was moved
            return question(db)

    def _roll_back(self) -> None:
        """Rolls back what a killed process left half written, which a read-only connection cannot.

        SQLite does this itself, and only if no process is writing: its locks tell.
        """
        with contextlib.closing(self._opened("rw")) as db:
            db.execute("SELECT 1 FROM sqlite_master").fetchone()

    def _opened(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._database.resolve().as_uri()}?mode={mode}", uri=True)


def _what_to_do(error: sqlite3.DatabaseError) -> str:
    if getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
        return "A run is writing to it. Try again."
    return "Move the workspace away and run again, or restore the file."


def _contexts(db: sqlite3.Connection, run_id: str | None = None) -> list[tuple[int, str]]:
    return db.execute(
        "SELECT c.id, c.name FROM Context c JOIN Type t ON t.id = c.type_id "
        "WHERE t.name = 'pipeline_run' AND (? IS NULL OR c.name = ?) ORDER BY c.id DESC",
        (run_id, run_id),
    ).fetchall()


def _runs(db: sqlite3.Connection, run_id: str | None) -> list[Run]:
    """Returns every run, or the one called `run_id`, with a constant number of queries."""
    contexts = _contexts(db, run_id)
    chosen = numbers(context for context, _ in contexts)
    executions = db.execute(f"SELECT execution_id FROM Association WHERE context_id IN ({chosen})").fetchall()
    by_run: defaultdict[str, dict[str, Node]] = defaultdict(dict)
    pipelines = {}
    for pipeline, node in nodes(db, (each for (each,) in executions), with_parameters=run_id is not None):
        pipelines[node.run_id] = pipeline
        by_run[node.run_id][node.name] = node
    return [Run(name, pipelines.get(name, ""), by_run[name]) for _, name in contexts]


def _made_from(db: sqlite3.Connection, artifacts: Iterable[int]) -> dict[str, Node]:
    seen: set[int] = set()
    made: list[Node] = []
    wanted = set(artifacts)
    while wanted:
        rows = db.execute(
            "SELECT MIN(e.id) FROM Event ev JOIN Execution e ON e.id = ev.execution_id "
            "WHERE ev.type = ? AND e.last_known_state = ? "
            f"AND ev.artifact_id IN ({numbers(wanted)}) GROUP BY ev.artifact_id",
            (OUTPUT, DONE),
        ).fetchall()
        new = {execution for (execution,) in rows} - seen
        seen |= new
        found = [node for _, node in nodes(db, new, with_parameters=True)]
        made += found
        wanted = {
            artifact.id for node in found for key, artifact in node.taken.items() if key not in COMPARED_WITH
        }
    return {node.name: node for node in sorted(made, key=lambda node: node.started)}


def _all_artifacts(db: sqlite3.Connection, type_: str | None) -> list[Artifact]:
    rows = db.execute(
        "SELECT a.id FROM Artifact a JOIN Type t ON t.id = a.type_id WHERE ? IS NULL OR t.name = ?",
        (type_, type_),
    ).fetchall()
    return sorted(described(db, {row[0] for row in rows}), key=lambda each: -each.id)
