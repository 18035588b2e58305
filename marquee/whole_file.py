"""Atomic writing of files: readers see a complete file or none."""

import os
from pathlib import Path


def write_whole(file: Path, text: str) -> None:
    """Writes UTF-8 to a file beside `file` and renames it; creates the folder if necessary."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, file)
