"""Reads ML Metadata: which runs there were, what each node made and from what, what was pushed."""

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

#: Inputs that a node compares with, or begins from, and whose own history is another model's.
COMPARED_WITH = ("baseline_model", "previous_statistics", "base_model")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Run:
    """A run of a pipeline, its nodes in the order in which they ran."""

    run_id: str
    pipeline: str
    nodes: dict[str, Node] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """`done` when every node is; else the state of the first that is not.

        `pipeline.store.runs.rows` knows more.
        """
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
        contexts: list[tuple[int, str]] = self._ask(_contexts, [])
        return [name for _, name in contexts]

    def made_from(self, *artifacts: Artifact) -> dict[str, Node]:
        """The nodes that made these artifacts and what they were made from, as they once ran, in that order.

        What a node merely compares with (COMPARED_WITH) is not followed: it leads to all earlier runs.
        """
        return self._ask(lambda db: _made_from(db, [each.id for each in artifacts]), {})

    def artifacts(self, type_: str | None = None) -> list[Artifact]:
        """Every artifact that is complete, or those of one type, the newest first."""
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
            translate(db, self._database)  # in a workspace that was moved
            return question(db)

    def _roll_back(self) -> None:
        """Undoes what a killed process left half written, which a reader may not.

        SQLite itself does it, and only where no process is writing: its locks tell.
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
    """Every run, or the one called `run_id`; a handful of queries however many there are."""
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
