"""A file that others read: all of it is there, or none."""

import os
from pathlib import Path


def write_whole(file: Path, text: str) -> None:
    """Writes UTF-8 beside `file` and renames; its folder is made where there is none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, file)
