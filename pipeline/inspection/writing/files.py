"""Writing of the proposed files: both or none, and never over others without being told to."""

import os
from collections.abc import Mapping
from pathlib import Path

from marquee.errors import DataError


def refuse_overwriting(files: list[Path], force: bool) -> None:
    """Raises DataError if a file exists that may not be overwritten, or its folder does not."""
    for file in files:
        if file.is_dir():
            raise DataError(f"{file}: this is a folder", "Name a file with --out, such as mine.yaml.")
        if not file.parent.is_dir():
            raise DataError(
                f"{file}: there is no folder {file.parent}", "Make it, or name another file with --out."
            )
        if file.exists() and not force:
            raise DataError(
                f"{file} exists already, and was not changed",
                "Write another file with --out FILE, or this one again with --force.",
            )


def write_all(texts: Mapping[Path, str]) -> None:
    """Writes files beside their places, then renames them: none of them is ever there in part."""
    parts = {file: file.with_name(f".{file.name}.{os.getpid()}.part") for file in texts}
    try:
        for file, text in texts.items():
            parts[file].write_text(text, encoding="utf-8")
        for file, part in parts.items():
            os.replace(part, file)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
