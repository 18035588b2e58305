"""Version of ML Metadata's tables that the queries of this folder are written for."""

import sqlite3
from pathlib import Path

from marquee.errors import MarqueeError

#: Of ml-metadata 1.x, as it stands in the table `MLMDEnv`.
KNOWN = 10


def made(db: sqlite3.Connection, database: Path) -> bool:
    """Whether ML Metadata has made its tables; a process that is killed early leaves none, or a few.

    Args:
        db: open.
        database: its file, for the message.

    Raises:
        MarqueeError: they are of another version than KNOWN: queries might answer, and be wrong.
    """
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'MLMDEnv'").fetchone():
        return False
    found = db.execute("SELECT schema_version FROM MLMDEnv").fetchone()
    if found is None:
        return False
    if found[0] != KNOWN:
        raise MarqueeError(
            f"{database} has version {found[0]} of ML Metadata's tables; this Marquee reads version {KNOWN}",
            "Use the ml-metadata of requirements.lock, or another --workspace.",
        )
    return True
