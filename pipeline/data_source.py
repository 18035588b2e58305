"""The data a run reads."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataSource:
    """Data that was found.

    Args:
        path: a folder or file of ratings.
        origin: where it came from, in words.
        fingerprint: of its content, so that the cache notices changed data.
    """

    path: str
    origin: str
    fingerprint: str
