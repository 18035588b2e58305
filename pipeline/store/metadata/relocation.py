"""A workspace that was moved or copied: what its metadata names, where it is now.

ML Metadata holds absolute paths. Whoever only reads is shown translated ones (`translate`); a run rewrites
them once (`relocate`), and TFX's cache key is made independent of them (`cache_key_without`).
"""

import contextlib
import copy
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from ml_metadata.proto import metadata_store_pb2

from pipeline.store.metadata.schema_version import made

#: The columns that hold paths, by table of MLMD's schema version 10.
_COLUMNS = {"Artifact": "uri", "ArtifactProperty": "string_value", "ExecutionProperty": "string_value"}
_ARTIFACT = re.compile(r"(/.+)/artifacts/[^/]+/[^/]+/\d+")
_ROOT = "<workspace>"
Replacement: TypeAlias = Callable[[str | None], str | None]
#: Where the data lies, and was found: its content is in the key.
_NO_CONTENT = ("input_base", "origin")


def relocate(database: Path) -> bool:
    """Rewrites the paths of a workspace that was elsewhere before, all of them or none.

    Args:
        database: MLMD's file, in the workspace; nobody else may be using it.

    Returns:
        Whether there were any.
    """
    if not database.exists():
        return False
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as db:
        if not made(db, database):
            return False
        here = _translation(db, database)
        if here is None:
            return False
        db.create_function("here", 1, here, deterministic=True)
        db.execute("BEGIN IMMEDIATE")
        for table, column in _COLUMNS.items():
            db.execute(f"UPDATE {table} SET {column} = here({column}) WHERE {column} IS NOT here({column})")
        db.execute("COMMIT")
    return True


def translate(db: sqlite3.Connection, database: Path) -> None:
    """Has every query of this connection see paths where they are now; nothing is written.

    Args:
        db: open, if only for reading.
        database: its file, in the workspace.
    """
    here = _translation(db, database)
    if here is None:
        return
    db.create_function("here", 1, here, deterministic=True)
    for table, column in _COLUMNS.items():
        names = [row[1] for row in db.execute(f"PRAGMA main.table_info({table})")]
        shown = ", ".join(f"here({name}) AS {name}" if name == column else name for name in names)
        db.execute(f"CREATE TEMP VIEW {table} AS SELECT {shown} FROM main.{table}")  # shadows the table


@contextlib.contextmanager
def cache_key_without(root: str) -> Iterator[None]:
    """Keeps the workspace's place, and that of the data, out of TFX's cache key, while it is entered.

    TFX hashes the paths of inputs and all parameters, so whatever had been done would be done again after a
    move. What lies at those paths is in the key by content: data by its fingerprint, the rest by its makers.

    Args:
        root: the workspace's folder, as artifacts name it.
    """
    from tfx.orchestration.portable import cache_utils

    original = cache_utils.get_cache_context
    without = _replacement({root}, _ROOT)

    def get_cache_context(
        *,
        input_artifacts: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> Any:
        inputs = copy.deepcopy(dict(input_artifacts or {}))
        for artifacts in inputs.values():
            for artifact in artifacts:
                _without(artifact.mlmd_artifact, without)
        told = {
            name: without(value) if isinstance(value, str) else value
            for name, value in (_by_content(parameters or {})).items()
        }
        return original(input_artifacts=inputs, parameters=told, **others)

    cache_utils.get_cache_context = get_cache_context
    try:
        yield
    finally:
        cache_utils.get_cache_context = original


def _by_content(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Of a node that is told its data's fingerprint, what does not say where the data lies."""
    if not parameters.get("fingerprint"):
        return dict(parameters)
    told = {name: value for name, value in parameters.items() if name not in _NO_CONTENT}
    if "config" in told:
        told["config"] = json.dumps(json.loads(told["config"]) | {"path": None}, sort_keys=True)
    return told


def _without(artifact: "metadata_store_pb2.Artifact", without: Replacement) -> None:
    """Replaces paths in an MLMD artifact."""
    artifact.uri = without(artifact.uri)
    for properties in (artifact.properties, artifact.custom_properties):
        for value in properties.values():
            if value.HasField("string_value"):
                value.string_value = without(value.string_value)


def _translation(db: sqlite3.Connection, database: Path) -> Replacement | None:
    """From a text of the metadata to what it is here; None where nothing is elsewhere."""
    root = str(database.resolve().parent)
    found = (
        _ARTIFACT.fullmatch(uri or "") for (uri,) in db.execute("SELECT DISTINCT uri FROM main.Artifact")
    )
    roots = {match[1] for match in found if match} - {root}
    return _replacement(roots, root) if roots else None


def _replacement(roots: set[str], root: str) -> Replacement:
    """Replaces each of `roots` where a path in a text begins with it, the longest first.

    Such a path goes on with a slash, or ends with the text, a quote, a comma or a bracket. A blank is part of
    another folder's name.
    """
    names = "|".join(re.escape(each) for each in sorted(roots, key=len, reverse=True))
    begin = re.compile(rf"(?<![\w./~-])(?:{names})(?=/|$|[\"',\]}}])")

    def replaced(text: str | None) -> str | None:
        return begin.sub(lambda _: root, text) if isinstance(text, str) else text

    return replaced
