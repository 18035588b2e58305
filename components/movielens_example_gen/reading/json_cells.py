"""JSON values as cells: text as it is, numbers as JSON writes them, lists as `values.list_cell`."""

from collections.abc import Mapping
from typing import Any

import orjson

from components.movielens_example_gen.reading.values import list_cell


def cells_of(entry: Mapping[str, Any]) -> dict[str, str]:
    """Returns the cells of a JSON object, by key; raises TypeError for anything else."""
    if not isinstance(entry, dict):
        raise TypeError("not an object")
    return {key: value if isinstance(value, str) else cell_of(value) for key, value in entry.items()}


def cell_of(value: Any) -> str:
    """Returns a JSON value as a cell; null is an empty one."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return list_cell([cell_of(member) for member in value])
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    return repr(value)


def object_of(line: str) -> tuple[dict[str, str], str]:
    """Returns the cells of a line of JSON Lines, and what is wrong with it, or nothing."""
    try:
        return cells_of(orjson.loads(line)), ""
    except orjson.JSONDecodeError as error:
        return {}, f"is no JSON: {error}"
    except TypeError:
        return {}, "is no JSON object"
