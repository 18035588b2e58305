"""A stable 64-bit hash of a rating's user and item: what splits are drawn by and trained rows are known by.

It depends on the two ids alone, and on nothing of the machine, the process, the file or the row's place. Ids
that only the way of writing tells apart (`242`, ` 242`, `242.0`, `0242`) have one hash.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

_NUMBER = re.compile(r"0*(\d+)(?:\.0*)?", re.ASCII)


def id_hashes(ids: Iterable[str]) -> np.ndarray:
    """The hash of each id, uint64. Meant for distinct ids: it is the one step that takes them one by one."""
    digests = b"".join(hashlib.blake2b(_plain(each).encode(), digest_size=8).digest() for each in ids)
    return np.frombuffer(digests, "<u8").astype(np.uint64, copy=False)


def mixed(users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """The hash of each pair of id hashes, uint64: the finalizer of SplitMix64."""
    with np.errstate(over="ignore"):
        pairs = users * np.uint64(0x9E3779B97F4A7C15) + items
        pairs = (pairs ^ (pairs >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        pairs = (pairs ^ (pairs >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return pairs ^ (pairs >> np.uint64(31))


def pair_hashes(users: Sequence, items: Sequence) -> np.ndarray:
    """The hash of each row's pair, uint64, from two columns of raw ids (str, or UTF-8 bytes)."""
    return mixed(column_hashes(users), column_hashes(items))


def lots(pairs: np.ndarray) -> np.ndarray:
    """A number from 0 to 1 for each pair's hash, spread evenly: float64 from the hash's upper 53 bits."""
    return (pairs >> np.uint64(11)) / float(1 << 53)


def column_hashes(ids: Sequence) -> np.ndarray:
    """The hash of each id of a column, uint64, in which ids repeat (str, or UTF-8 bytes)."""
    codes, distinct = pd.factorize(np.asarray(ids, dtype=object))
    return id_hashes(distinct)[codes]


def _plain(written) -> str:
    text = written.decode("utf-8", "replace") if isinstance(written, bytes) else str(written)
    text = text.strip()
    number = _NUMBER.fullmatch(text)
    return number[1] if number else text
