"""Normalization of ids: one rule for ratings, movies and users, so that equal ids stay equal.

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
    """Returns the id in a cell; empty if there is none."""
    stripped = text.strip()
    match = _FLOAT.fullmatch(stripped)
    return match[1] if match else stripped


def without_zeros(id: str) -> str:
    """Removes the leading zeros of an id of digits; other ids stay unchanged."""
    return (id.lstrip("0") or "0") if id.isascii() and id.isdigit() else id


def wrong_with(id: str) -> str:
    """Returns why a plain id is invalid, or an empty string."""
    if not id:
        return "is empty"
    if id.lower() == "nan":
        return "is NaN, which stands for a missing id"
    return "holds a control character" if _CONTROL.search(id) else ""


def plain_ids(column: pa.Array) -> pa.Array:
    """Converts a column of text to plain ids; each distinct value is processed once.

    Raises:
        ValueError: one of them cannot be an id.
    """
    coded = column.dictionary_encode()
    written = coded.dictionary.to_pylist()
    plain = [plain_id(each) for each in written]
    if any(map(wrong_with, plain)):
        raise ValueError("an id that is none")
    return column if plain == written else pa.array(plain, pa.string()).take(coded.indices)
