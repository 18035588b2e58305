"""Users of a bulk run: a file of ids, one per line, that is never completely in memory."""

import codecs
import hashlib
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from serving.errors import ServingError


class UserIds:
    """User ids of a file in its order; a context manager that keeps the file open.

    The file is read twice: first completely, to count and to check, and then part by part. It stays open in
    between, so that it remains readable if the model's version is pruned meanwhile.

    Args:
        path: UTF-8 file with one id per line; blank lines are skipped, and repeated ids are answered again.
        known: ids of the users that the model knows; None if all are known.

    Attributes:
        count: number of ids.
        strangers: number of ids that are not in `known`.
        digest: SHA-256 over the ids in their order.

    Raises:
        ServingError: the file does not exist, a line is not UTF-8, or there are no ids.
    """

    def __init__(self, path: Path, known: Collection[bytes] | None = None):
        self.count = self.strangers = 0
        self._file = _opened(path)
        try:
            self.digest = self._scan(path, known)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "UserIds":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def parts(self, size: int) -> Iterator[list[bytes]]:
        """Yields lists of `size` ids; the last one may have fewer."""
        ids = self._ids()
        while part := [user for _, user in islice(ids, size)]:
            yield part

    def _scan(self, path: Path, known: Collection[bytes] | None) -> str:
        digest = hashlib.sha256()
        for number, user in self._ids():
            try:
                user.decode()
            except UnicodeDecodeError as error:
                raise ServingError(
                    f"{path}, line {number}: {user!r} is not UTF-8 ({error.reason})",
                    "Save the file as UTF-8.",
                ) from None
            digest.update(user + b"\n")
            self.count += 1
            self.strangers += known is not None and user not in known
        if not self.count:
            raise ServingError(f"{path} holds no user ids", "Write one id a line.")
        return digest.hexdigest()

    def _ids(self) -> Iterator[tuple[int, bytes]]:
        """Yields (line number, id)."""
        self._file.seek(0)
        for number, line in enumerate(self._file, start=1):
            user = line.rstrip(b"\r\n")
            if number == 1:
                user = user.removeprefix(codecs.BOM_UTF8)
            if user:
                yield number, user


def known_users(path: Path) -> frozenset[bytes] | None:
    """Returns the ids of a model's own file; None if there is no such file."""
    if not path.is_file():
        return None
    return frozenset(path.read_bytes().splitlines())


def _opened(path: Path) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise ServingError(f"The user ids in {path} cannot be read: {error.strerror}") from None
