"""Translation of the paths in the metadata of a workspace that was moved or copied.

ML Metadata holds absolute paths. Readers see translated paths (`translate`). A run rewrites the paths once
(`relocate`), and TFX's cache key is made independent of them (`cache_key_without`).
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

#: Columns that hold paths, by table of MLMD's schema version 10.
_COLUMNS = {"Artifact": "uri", "ArtifactProperty": "string_value", "ExecutionProperty": "string_value"}
_ARTIFACT = re.compile(r"(/.+)/artifacts/[^/]+/[^/]+/\d+")
_ROOT = "<workspace>"
Replacement: TypeAlias = Callable[[str | None], str | None]
#: Parameters that say where the data lies; the key holds the fingerprint of its content.
_NO_CONTENT = ("input_base", "origin")


def relocate(database: Path) -> bool:
    """Rewrites the paths of a workspace that was moved, in one transaction.

    Args:
        database: MLMD's file, in the workspace; no other process may be using it.

    Returns:
        Whether any path was rewritten.
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
    """Makes every query of this connection return the current paths; nothing is written.

    Args:
        db: open connection, possibly read-only.
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
    """Excludes the locations of workspace and data from TFX's cache key inside a `with` block.

    TFX hashes the paths of inputs and all parameters, so after a move every node would run again. The key
    still covers the content at those paths: data by its fingerprint, artifacts by the nodes that made them.

    Args:
        root: folder of the workspace, as in the URIs of artifacts.
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
    """Drops the location of the data from a node's parameters if they hold the data's fingerprint."""
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
    """Returns the translation of texts of the metadata to current paths; None if nothing was moved."""
    root = str(database.resolve().parent)
    found = (
        _ARTIFACT.fullmatch(uri or "") for (uri,) in db.execute("SELECT DISTINCT uri FROM main.Artifact")
    )
    roots = {match[1] for match in found if match} - {root}
    return _replacement(roots, root) if roots else None


def _replacement(roots: set[str], root: str) -> Replacement:
    """Returns a function that replaces `roots`, the longest first, where a path in a text begins with one.

    After the root comes a slash, the end of the text, a quote, a comma or a bracket. A blank would be part of
    another folder's name.
    """
    names = "|".join(re.escape(each) for each in sorted(roots, key=len, reverse=True))
    begin = re.compile(rf"(?<![\w./~-])(?:{names})(?=/|$|[\"',\]}}])")

    def replaced(text: str | None) -> str | None:
        return begin.sub(lambda _: root, text) if isinstance(text, str) else text

    return replaced
