"""Unpacking a zip archive that a stranger may have made."""

import shutil
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from trainer.errors import DataError

MOST_BYTES = 8 << 30  # ml-32m unpacks to 1.2 GB
MOST_FILES = 1_000
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,  # a compression that zipfile does not know
    RuntimeError,  # a password
    FileExistsError,  # members that are a file and a folder at once
    NotADirectoryError,
    IsADirectoryError,
)


def unpack(archive: Path, destination: Path) -> Path:
    """Unpacks `archive` so that `destination` holds its files, whole or not at all.

    An archive's single top folder is taken off: `ml-100k/u.data` becomes `destination/u.data`.

    Raises:
        DataError: it is not a zip archive or is damaged, a member would land outside the destination, is a
            link, or there is unreasonably much of it.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".unpacking-") as folder:
        whole = Path(folder) / "whole"
        whole.mkdir()
        try:
            with zipfile.ZipFile(archive) as zipped:
                members = [member for member in zipped.infolist() if not member.is_dir()]
                _check(archive, members)
                for member in members:
                    _extract(zipped, member, whole / member.filename)
        except DAMAGE as error:
            raise DataError(f"{archive}: not a whole zip archive ({error})", "Fetch it again.") from None
        entries = list(whole.iterdir())
        (entries[0] if len(entries) == 1 and entries[0].is_dir() else whole).rename(destination)
    return destination


def _check(archive: Path, members: list[zipfile.ZipInfo]) -> None:
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise DataError(
                f"{archive}: member {member.filename!r} would be written outside the destination",
                "This is no archive of GroupLens's; fetch it from grouplens.org.",
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise DataError(f"{archive}: member {member.filename!r} is a link", "Use GroupLens's archive.")
    size = sum(member.file_size for member in members)
    if size > MOST_BYTES or len(members) > MOST_FILES:
        raise DataError(
            f"{archive}: {len(members):,} files of {size:,} bytes are more than any MovieLens release",
            "Unpack it yourself, and set data.path to the folder.",
        )


def _extract(zipped: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # zipfile reads no more than the size that the member declares, and `_check` has added those up.
    with zipped.open(member) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
