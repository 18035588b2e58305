"""Check of the schema version of ML Metadata's tables, which the queries of this package rely on."""

import sqlite3
from pathlib import Path

from marquee.errors import MarqueeError

#: Schema version of ml-metadata 1.x, as stored in the table `MLMDEnv`.
KNOWN = 10


def made(db: sqlite3.Connection, database: Path) -> bool:
    """Returns whether ML Metadata has created its tables; a process killed early leaves none, or a few.

    Args:
        db: open connection.
        database: its file, for the message.

    Raises:
        MarqueeError: the schema version is not KNOWN, so queries might return wrong results.
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
