"""A small ML Metadata made by hand: the tables, and the columns of them, that are read."""

import itertools
import sqlite3
from pathlib import Path

TABLES = """
CREATE TABLE MLMDEnv (schema_version INTEGER PRIMARY KEY);
INSERT INTO MLMDEnv VALUES (10);
CREATE TABLE Type (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE Context (id INTEGER PRIMARY KEY, type_id INT, name TEXT);
CREATE TABLE ParentContext (context_id INT, parent_context_id INT);
CREATE TABLE Execution (id INTEGER PRIMARY KEY, type_id INT, last_known_state INT,
                        create_time_since_epoch INT, last_update_time_since_epoch INT);
CREATE TABLE ExecutionProperty (execution_id INT, name TEXT, is_custom_property INT, int_value INT,
                                double_value REAL, string_value TEXT);
CREATE TABLE Association (context_id INT, execution_id INT);
CREATE TABLE Event (id INTEGER PRIMARY KEY, artifact_id INT, execution_id INT, type INT);
CREATE TABLE EventPath (event_id INT, is_index_step INT, step_index INT, step_key TEXT);
CREATE TABLE Artifact (id INTEGER PRIMARY KEY, type_id INT, uri TEXT);
CREATE TABLE ArtifactProperty (artifact_id INT, name TEXT, is_custom_property INT, int_value INT,
                               double_value REAL, string_value TEXT);
"""
STATES = {"running": 2, "done": 3, "failed": 4, "cached": 5, "cancelled": 6}


class Store:
    """Writes `metadata.db`; a node takes a second, and begins when the one before it ended.

    Examples:
        store = Store(tmp_path / "metadata.db")
        data = store.artifact("Examples", tmp_path / "examples")
        store.run("r1").node("Gen", outputs={"examples": data})
    """

    def __init__(self, file: Path, pipeline: str = "films"):
        self._db = sqlite3.connect(file)
        self._db.executescript(f"PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; {TABLES}")
        self.pipeline = pipeline
        self._clock = itertools.count(1_000_000, 1000)
        self._parent = self._context("pipeline", pipeline)

    def artifact(self, kind: str, folder: Path, **properties: str | int) -> int:
        """The number of a new artifact, its folder made."""
        folder.mkdir(parents=True, exist_ok=True)
        number = self._insert("Artifact", type_id=self._type(kind), uri=str(folder))
        for name, value in properties.items():
            self._property("ArtifactProperty", artifact_id=number, name=name, value=value)
        return number

    def run(self, name: str) -> "StoredRun":
        """A new run."""
        context = self._context("pipeline_run", name)
        self._insert("ParentContext", context_id=context, parent_context_id=self._parent)
        return StoredRun(self, context)

    def _context(self, kind: str, name: str) -> int:
        known = self._db.execute(
            "SELECT id FROM Context WHERE type_id = ? AND name = ?", (self._type(kind), name)
        ).fetchone()
        return known[0] if known else self._insert("Context", type_id=self._type(kind), name=name)

    def _type(self, name: str) -> int:
        self._db.execute("INSERT OR IGNORE INTO Type (name) VALUES (?)", (name,))
        return self._db.execute("SELECT id FROM Type WHERE name = ?", (name,)).fetchone()[0]

    def _property(self, table: str, name: str, value: str | int, **owner: int) -> None:
        column = "int_value" if isinstance(value, int) else "string_value"
        self._insert(table, **owner, name=name, is_custom_property=1, **{column: value})

    def _insert(self, table: str, **values) -> int:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        number = self._db.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values())
        ).lastrowid
        self._db.commit()
        return number


class StoredRun:
    """A run in a Store."""

    def __init__(self, store: Store, context: int):
        self._store = store
        self._run = context

    def node(
        self,
        name: str,
        state: str = "done",
        inputs: dict[str, int] | None = None,
        outputs: dict[str, int] | None = None,
        kind: str = "",
        **parameters: str | int,
    ) -> "StoredRun":
        """A node that ran after those before it."""
        store = self._store
        start = next(store._clock)
        execution = store._insert(
            "Execution",
            type_id=store._type(kind or f"some.{name}"),
            last_known_state=STATES[state],
            create_time_since_epoch=start,
            last_update_time_since_epoch=start + 1000,
        )
        for context in (self._run, store._context("node", f"{store.pipeline}.{name}")):
            store._insert("Association", context_id=context, execution_id=execution)
        for event, artifacts in ((3, inputs or {}), (4, outputs or {})):
            for key, artifact in artifacts.items():
                number = store._insert("Event", artifact_id=artifact, execution_id=execution, type=event)
                store._insert("EventPath", event_id=number, is_index_step=0, step_key=key)
                store._insert("EventPath", event_id=number, is_index_step=1, step_index=0)
        for key, value in parameters.items():
            store._property("ExecutionProperty", execution_id=execution, name=key, value=value)
        return self
