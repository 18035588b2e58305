"""Opening of a file as it is, or unpacked while it is read: gzip, bzip2, xz and zstd by their first bytes."""

import bz2
import gzip
import lzma
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from marquee.errors import DataError

#: First bytes, and what a reader of the file calls it.
PACKINGS = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
_DAMAGE = (gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError)


def packing(path: Path) -> str | None:
    """Returns how a file is packed; None for one that is not.

    Raises:
        DataError: it cannot be read.
    """
    with damage_told(path), path.open("rb") as file:
        first = file.read(6)
    return next((name for start, name in PACKINGS.items() if first.startswith(start)), None)


@dataclass(frozen=True)
class Opened:
    """An open file.

    Attributes:
        content: what is in it, unpacked.
        file: the file itself.
        size: the bytes of that.
    """

    content: IO[bytes]
    file: IO[bytes]
    size: int

    @property
    def done(self) -> float:
        """Returns the part of the file that has been read, more than 0 and at most 1."""
        return min(1.0, max(self.file.tell(), 1) / max(self.size, 1))


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """Opens a file to be read from its start, unpacked.

    Raises:
        DataError: it cannot be read, or is damaged.
    """
    kind = packing(path)
    with damage_told(path), path.open("rb") as file:
        yield Opened(_unpacked(file, kind), file, os.fstat(file.fileno()).st_size)


def _unpacked(file: IO[bytes], kind: str | None) -> IO[bytes]:
    packed: Any
    if kind == "gzip":
        packed = gzip.GzipFile(fileobj=file)
    elif kind == "bzip2":
        packed = bz2.BZ2File(file)
    elif kind == "xz":
        packed = lzma.LZMAFile(file)  # noqa: SIM115
    elif kind == "zstd":
        import io

        import pyarrow as pa

        packed = io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(file), "zstd"))
    else:
        packed = file
    return packed


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Raises DataError in place of the errors of a file that cannot be read or is not whole."""
    try:
        yield
    except _DAMAGE as error:
        raise DataError(f"{path}: a damaged file ({error})", "It was cut off; fetch it again.") from None
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read: {error.strerror or error}", "Give this user the right to read it."
        ) from None
