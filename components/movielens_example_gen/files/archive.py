"""Safe unpacking of untrusted archives: zip, tar, or one compressed file."""

import bz2
import gzip
import lzma
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal, TypeAlias

from components.movielens_example_gen.files.contents import PACKED, is_junk
from marquee.errors import DataError

MOST_BYTES = 8 << 30  # ml-32m unpacks to 1.2 GB
MOST_FILES = 1_000
DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    NotImplementedError,  # a compression that zipfile does not know
    RuntimeError,  # a password
    FileExistsError,  # members that are a file and a folder at once
    NotADirectoryError,
    IsADirectoryError,
    UnicodeError,
)
_ZIP = b"PK"
_Open: TypeAlias = Callable[[Path, Literal["rb"]], Any]


def _zstd(path: Path, mode: Literal["rb"]) -> Any:
    import pyarrow as pa  # others are found without it

    return pa.CompressedInputStream(pa.OSFile(str(path), mode), "zstd")


_COMPRESSED: dict[bytes, _Open] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"\x28\xb5\x2f\xfd": _zstd,
}
_TAR = slice(257, 262)


def is_archive(path: Path) -> bool:
    """Tells whether `unpack` can unpack a file, by its name or its first bytes."""
    if not path.is_file():
        return False
    return (
        path.name.lower().endswith(PACKED)
        or _opened(path) is not None
        or _first(path).startswith(b"PK\x03\x04")
    )


def compressed_file(path: Path) -> str | None:
    """Returns the name of the single file that is compressed in `path`; None for an archive of files."""
    opened = _opened(path)
    if opened is None or _is_tar(path):
        return None
    return path.stem if path.suffix.lower() in (".gz", ".bz2", ".xz", ".zst") else path.name


def unpack(archive: Path, destination: Path, *others: Path) -> Path:
    """Unpacks `archive` so that `destination` holds its files, whole or not at all.

    An archive's single top folder is taken off: `ml-100k/u.data` becomes `destination/u.data`. What operating
    systems put beside it (`__MACOSX`, `.DS_Store`) is left out.

    Args:
        archive: a zip or tar archive, or one file that is compressed by gzip, bzip2, xz or zstd.
        destination: the folder to make.
        others: files to be beside it there, unpacked if they are compressed.

    Raises:
        DataError: it is not an archive or is damaged, a member would land outside the destination, is a
            link, or there is unreasonably much of it.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".unpacking-") as folder:
        whole = Path(folder) / "whole"
        whole.mkdir()
        kind = "zip archive" if _first(archive).startswith(_ZIP) or archive.suffix == ".zip" else "archive"
        try:
            if kind == "zip archive":
                _unpack_zip(archive, whole)
            elif _is_tar(archive):
                _unpack_tar(archive, whole)
            else:
                for each in (archive, *others):
                    _decompress(each, whole)
        except DAMAGE as error:
            raise DataError(f"{archive}: not a whole {kind} ({error})", "Fetch it again.") from None
        except OSError as error:
            if error.errno is not None:  # the disk's, and not the archive's
                raise
            raise DataError(f"{archive}: not a whole {kind} ({error})", "Fetch it again.") from None
        entries = list(whole.iterdir())
        (entries[0] if len(entries) == 1 and entries[0].is_dir() else whole).rename(destination)
    return destination


def _unpack_zip(archive: Path, whole: Path) -> None:
    with zipfile.ZipFile(archive) as zipped:
        members = [member for member in zipped.infolist() if not member.is_dir()]
        if any(member.filename == "[Content_Types].xml" for member in members):
            raise DataError(
                f"{archive}: this is an Office document (an Excel workbook?), not an archive of ratings",
                "Save the sheet as CSV in UTF-8.",
            )
        for member in members:
            _check_place(archive, member.filename)
            if stat.S_ISLNK(member.external_attr >> 16):
                raise DataError(
                    f"{archive}: member {member.filename!r} is a link", "Use GroupLens's archive."
                )
        _check_size(archive, len(members), sum(member.file_size for member in members))
        for member in members:
            if not _is_junk(member.filename):
                # zipfile reads no more than the size that the member declares.
                with zipped.open(member) as source:
                    _write(source, whole / member.filename)


def _unpack_tar(archive: Path, whole: Path) -> None:
    with tarfile.open(archive, "r:*") as packed:
        count = size = 0
        for member in packed:
            if member.isdir():
                continue
            _check_place(archive, member.name)
            if not member.isfile():
                raise DataError(
                    f"{archive}: member {member.name!r} is a link or a device", "Pack files alone."
                )
            count, size = count + 1, size + member.size
            _check_size(archive, count, size)
            if not _is_junk(member.name):
                source = packed.extractfile(member)
                assert source is not None  # a file has content
                with source:
                    _write(source, whole / member.name)


def is_compressed(path: Path) -> bool:
    """Tells whether a file is compressed and no archive of files, by its first bytes."""
    return _opened(path) is not None and not _is_tar(path)


def is_archive_of_files(path: Path) -> bool:
    """Tells whether a file is a zip or tar archive, by its first bytes."""
    return path.is_file() and (_first(path).startswith(b"PK\x03\x04") or _is_tar(path))


def expand(path: Path, target: Path) -> None:
    """Writes the content of a compressed file.

    Raises:
        DataError: it is damaged, or there is unreasonably much of it.
    """
    opened = _opened(path)
    assert opened is not None  # `is_compressed`
    try:
        _write_limited(opened, path, target)
    except (*DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataError(f"{path}: not a whole compressed file ({error})", "Fetch it again.") from None


def _decompress(path: Path, whole: Path) -> None:
    opened = _opened(path)
    if opened is None:
        if path.name.lower().endswith(PACKED):
            raise EOFError(f"{path.name} is not what its name says")
        shutil.copyfile(path, whole / path.name)
        return
    _write_limited(opened, path, whole / (compressed_file(path) or path.name))


def _write_limited(opened: _Open, path: Path, target: Path) -> None:
    size = 0
    with opened(path, "rb") as source, target.open("wb") as file:
        while block := source.read(1 << 20):
            size += len(block)
            _check_size(path, 1, size)
            file.write(block)


def _first(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(512)


def _opened(path: Path) -> _Open | None:
    first = _first(path)
    return next((opened for magic, opened in _COMPRESSED.items() if first.startswith(magic)), None)


def _is_tar(path: Path) -> bool:
    opened = _opened(path)
    try:
        with (opened or Path.open)(path, "rb") as file:
            return file.read(512)[_TAR] == b"ustar"
    except (*DAMAGE, OSError):
        return False


def _is_junk(name: str) -> bool:
    return any(is_junk(part) for part in PurePosixPath(name).parts)


def _check_place(archive: Path, name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.parts or ":" in path.parts[0]:
        raise DataError(
            f"{archive}: member {name!r} would be written outside the destination",
            "This is no archive of GroupLens's; fetch it from grouplens.org.",
        )


def _check_size(archive: Path, files: int, size: int) -> None:
    if size > MOST_BYTES or files > MOST_FILES:
        raise DataError(
            f"{archive}: {files:,} files of {size:,} bytes are more than any MovieLens release",
            "Unpack it yourself, and set data.path to the folder.",
        )


def _write(source: IO[bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
