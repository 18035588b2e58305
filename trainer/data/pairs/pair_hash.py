"""A stable 64-bit hash of a rating's user and item, which draws splits and identifies trained rows.

It depends on the two ids alone, not on the machine, the process, the file or the position of the row.
Different spellings of one id (`242`, ` 242`, `242.0`, `0242`) have the same hash.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

_NUMBER = re.compile(r"0*(\d+)(?:\.0*)?", re.ASCII)


def id_hashes(ids: Iterable[str]) -> np.ndarray:
    """Returns the hash of each id, uint64; pass distinct ids, since they are hashed one by one."""
    digests = b"".join(hashlib.blake2b(_plain(each).encode(), digest_size=8).digest() for each in ids)
    return np.frombuffer(digests, "<u8").astype(np.uint64, copy=False)


def mixed(users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Returns the hash of each pair of id hashes, uint64, by the finalizer of SplitMix64."""
    with np.errstate(over="ignore"):
        pairs = users * np.uint64(0x9E3779B97F4A7C15) + items
        pairs = (pairs ^ (pairs >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        pairs = (pairs ^ (pairs >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return pairs ^ (pairs >> np.uint64(31))


def pair_hashes(users: Sequence, items: Sequence) -> np.ndarray:
    """Returns the hash of each row's pair, uint64, for two columns of raw ids (str, or UTF-8 bytes)."""
    return mixed(column_hashes(users), column_hashes(items))


def lots(pairs: np.ndarray) -> np.ndarray:
    """Maps each pair's hash to a uniform number from 0 to 1: float64 from the hash's upper 53 bits."""
    return (pairs >> np.uint64(11)) / float(1 << 53)


def column_hashes(ids: Sequence) -> np.ndarray:
    """Returns the hash of each id of a column with repeated ids (str, or UTF-8 bytes): uint64."""
    codes, distinct = pd.factorize(np.asarray(ids, dtype=object))
    return id_hashes(distinct)[codes]


def _plain(written) -> str:
    text = written.decode("utf-8", "replace") if isinstance(written, bytes) else str(written)
    text = text.strip()
    number = _NUMBER.fullmatch(text)
    return number[1] if number else text
