"""Tags and a note of a run, set at its start or at any time later: `labels.json` beside `run.json`.

The labels have a file of their own because a run rewrites `run.json` when it ends.
"""

import fcntl
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from marquee.errors import MarqueeError
from marquee.whole_file import write_whole
from pipeline.store.workspace import Workspace

FILE = "labels.json"
_TAG = re.compile(r"[\w.:/@+-]{1,64}")
_NOTE = 2000  # maximum number of characters


@dataclass(frozen=True)
class Labels:
    """Tags and note of a run.

    Args:
        tags: short names to filter by, in the order in which they were given.
        note: one or two sentences.
    """

    tags: tuple[str, ...] = ()
    note: str = ""


def labels(workspace: Workspace, run_id: str) -> Labels:
    """Returns the labels of a run; empty ones if it has none, or if the file cannot be read."""
    try:
        found = json.loads(_file(workspace, run_id).read_text(encoding="utf-8"))
        return Labels(tuple(map(str, found["tags"])), str(found["note"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Labels()


def label(
    workspace: Workspace,
    run_id: str,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    note: str | None = None,
) -> Labels:
    """Changes the labels of a run; concurrent changes are not lost.

    Args:
        workspace: workspace of the run.
        run_id: id of the run.
        add, remove: tags to add and to remove; adding a present tag or removing an absent one is no error.
        note: new note; None keeps the present one, and an empty string removes it.

    Raises:
        MarqueeError: a tag has an invalid name, the note is too long, or the folder cannot be written.
    """
    add, gone = checked_tags(add), set(remove)
    checked_note(note or "")
    file = _file(workspace, run_id)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file.parent / ".labels.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            there = labels(workspace, run_id)
            tags = tuple(each for each in dict.fromkeys([*there.tags, *add]) if each not in gone)
            changed = Labels(tags, there.note if note is None else note.strip())
            write_whole(file, json.dumps(asdict(changed), ensure_ascii=False, indent=1))
    except OSError as error:
        raise MarqueeError(f"the labels of run {run_id} cannot be written: {error.strerror}") from None
    return changed


def checked_tags(tags: Iterable[str]) -> list[str]:
    """Returns the tags; raises MarqueeError if one is not a valid name."""
    tags = list(tags)
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise MarqueeError(
                f"{tag!r} cannot be a tag", "A tag has 1 to 64 letters, digits and . : / @ + - _, no blanks."
            )
    return tags


def checked_note(note: str) -> str:
    """Returns the note; raises MarqueeError if it is too long."""
    if len(note) > _NOTE:
        raise MarqueeError(f"the note has {len(note):,} letters", f"{_NOTE:,} are the most")
    return note


def _file(workspace: Workspace, run_id: str) -> Path:
    return workspace.reports / run_id / FILE
