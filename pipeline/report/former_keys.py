"""Keys of files that earlier versions wrote, which called items of every data set films."""

from collections.abc import Mapping
from typing import Any

_KEYS = {"films": "items", "unknown_films": "unknown_items"}
_SLICES = {"film_popularity": "item_popularity"}


def by_role(details: dict[str, Any]) -> dict[str, Any]:
    """Returns the content of `details.json` with the keys of this version, whichever wrote it.

    Features of the data have keys of their own, which may be any word, and are left alone.
    """
    found = dict(details)
    if data := found.get("data"):
        found["data"] = _renamed(data, _KEYS) | {
            key: _parts(data[key]) for key in ("splits", "words") if key in data
        }
        if "concentration" in data:
            found["data"]["concentration"] = _renamed(data["concentration"], _KEYS)
        if "genres" in data:  # of MovieLens alone, before data were described
            found["data"]["genres"] = [_renamed(row, _KEYS) for row in data["genres"]]
    if "slices" in (ratings := found.get("ratings") or {}):
        found["ratings"] = {**ratings, "slices": _renamed(ratings["slices"], _SLICES)}
    return found


def items_in(search: Mapping[str, float]) -> int:
    """Returns the number of items that were searched, from `search` in a retrieval model's `metrics.json`."""
    return int(search["items"] if "items" in search else search["films"])


def _renamed(values: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    return {keys.get(key, key): value for key, value in values.items()}


def _parts(by_name: Mapping[str, Any]) -> dict[str, Any]:
    """Renames in each split, or in each row of each feature."""
    return {
        name: [_renamed(row, _KEYS) for row in part] if isinstance(part, list) else _renamed(part, _KEYS)
        for name, part in by_name.items()
    }
