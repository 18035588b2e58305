"""How an id is read: one rule for ratings, movies and users, so that what is the same id stays the same.

- Blanks around it are no part of it.
- A whole number that was written as a float is that number: `242.0`, which pandas writes as soon as one id in
  a column is missing, is `242`.
- Everything else is kept as it is, leading zeros too: `007` and `7` are two ids.
"""

import re

import pyarrow as pa

_FLOAT = re.compile(r"(-?\d+)\.0", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def plain_id(text: str) -> str:
    """The id that a cell holds; empty where it holds none."""
    stripped = text.strip()
    match = _FLOAT.fullmatch(stripped)
    return match[1] if match else stripped


def without_zeros(id: str) -> str:
    """An id of digits without its leading zeros; any other as it is."""
    return (id.lstrip("0") or "0") if id.isascii() and id.isdigit() else id


def wrong_with(id: str) -> str:
    """Why a plain id cannot be one, or nothing."""
    if not id:
        return "is empty"
    return "holds a control character" if _CONTROL.search(id) else ""


def plain_ids(column: pa.Array) -> pa.Array:
    """A column of text as plain ids: each distinct one is looked at once.

    Raises:
        ValueError: one of them cannot be an id.
    """
    coded = column.dictionary_encode()
    written = coded.dictionary.to_pylist()
    plain = [plain_id(each) for each in written]
    if any(map(wrong_with, plain)):
        raise ValueError("an id that is none")
    return column if plain == written else pa.array(plain, pa.string()).take(coded.indices)
