"""Whom a bulk run answers: a file of user ids, one a line, that is never whole in memory."""

import codecs
import hashlib
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from serving.errors import ServingError


class UserIds:
    """The ids of a file in its order; a context manager that keeps the file open.

    The file is read twice: here, to count and to check, and then part by part. It stays open between, so a
    version of a model that is pruned meanwhile takes nothing away.

    Args:
        path: UTF-8, one id a line; blank lines are passed over, and who stands there twice is answered twice.
        known: the ids to count strangers against; all are known where it is None.

    Attributes:
        count: how many there are.
        strangers: how many of them are not `known`.
        digest: SHA-256 over the ids in their order.

    Raises:
        ServingError: no such file, a line that is not UTF-8, no ids at all.
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
        """`size` ids at a time, the last time fewer."""
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
        """(line number, id)."""
        self._file.seek(0)
        for number, line in enumerate(self._file, start=1):
            user = line.rstrip(b"\r\n")
            if number == 1:
                user = user.removeprefix(codecs.BOM_UTF8)
            if user:
                yield number, user


def known_users(path: Path) -> frozenset[bytes] | None:
    """The ids of a model's own file; None where there is no such file."""
    if not path.is_file():
        return None
    return frozenset(path.read_bytes().splitlines())


def _opened(path: Path) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise ServingError(f"The user ids in {path} cannot be read: {error.strerror}") from None
