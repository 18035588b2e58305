"""Ratings files that were damaged on their way."""

import gzip
import io
import random
import resource
import signal
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from benchmarks.campaign.record import Record
from components.movielens_example_gen.files.one_file import read_one_file
from marquee.errors import DataError

CHUNK = 500  # files per trial
_SLOW = 20  # seconds; a file of a few kilobytes that takes longer is a fault
_GROWTH_MIB = 300  # by which the process may grow after the first trial
_HEADERS = (
    "user_id,movie_id,rating,timestamp", "userId,movieId,rating,timestamp", "user,item,rating",
    "user_id:token\titem_id:token\trating:float\ttimestamp:float", "USER ID;MOVIE ID;STARS;DATE", "a,b,c", "",
)  # fmt: skip
_CELLS = (
    "1", "42", "242.0", " 7 ", "u1", "", "nan", "NaN", "inf", "-1", "0.5", "5", "4,5", "11", "1e400",
    "881250949", "881250949000", "2024-02-30", "2024-01-01T00:00:00Z", "-99999999999999",
    '"', '"a,b"', "\x00", "é", "ñ" * 500, "=1+1", "null", "0x1F", "１", "\u202e42",
)  # fmt: skip
_NAMES = (
    "ratings.csv",
    "ratings.csv",
    "ratings.tsv",
    "ratings.dat",
    "u.data",
    "ratings.csv.gz",
    "ratings.zip",
    "ratings",
)
_ENCODINGS = (*["utf-8"] * 8, "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32")


def ratings_files(times: int, out: Path, seed: int, console: Console) -> Record:
    """Reads `times` damaged files as a run would, in this process.

    Each file must be read, with its bad rows counted, or refused by one sentence (`DataError`). Another
    exception, a control character in the sentence, and a file that takes longer than `_SLOW` seconds are
    faults.

    Args:
        times: number of files in all, including those of earlier sessions.
        out: folder of the record.
        seed: random seed of the files; trial n always reads the same.
    """
    record = Record(out / "ratings-files.jsonl")
    with _alarm():
        _read_chunks(record, times, seed, console)
    return record


def _read_chunks(record: Record, times: int, seed: int, console: Console) -> None:
    for number in range(len(record), -(-times // CHUNK)):
        chance = random.Random(seed * 1_000_003 + number)
        came: Counter[str] = Counter()
        faults, slowest = [], 0.0
        for _ in range(CHUNK):
            name, content = damaged_file(chance)
            begin = time.monotonic()
            outcome, fault = _read(name, content)
            slowest = max(slowest, time.monotonic() - begin)
            came[outcome] += 1
            if fault:
                faults.append(fault)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        base = record.trials[0]["memory_mib"] if len(record) else memory
        if memory > base + _GROWTH_MIB:
            faults.append(f"the process grew from {base:.0f} to {memory:.0f} MiB")
        record.add(
            faults[:20], bodies=CHUNK, answers=dict(came), slowest=round(slowest, 2), memory_mib=round(memory)
        )
        console.print(f"{(number + 1) * CHUNK} of {times} files: {dict(came)}, {len(faults)} faults")


def damaged_file(chance: random.Random) -> tuple[str, bytes]:
    """Returns the name and the bytes of a ratings file with something wrong, or of no ratings at all."""
    name, kind = chance.choice(_NAMES), chance.random()
    if kind < 0.05:
        return name, chance.randbytes(chance.randint(0, 3000))
    sound = chance.choice([1.0, 1.0, 0.95, 0.6])  # share of rows without damage
    separator = chance.choice([",", ",", "\t", ";", "::", "|"])
    if chance.random() < 0.6:
        rows = [separator.join(["user_id", "movie_id", "rating", "timestamp"])]
    else:
        rows = [chance.choice(_HEADERS)]
    for _ in range(chance.randint(0, 40)):
        if chance.random() < sound:
            user, movie, rating = chance.randint(1, 9), chance.randint(1, 30), chance.randint(1, 5)
            cells = [str(user), str(movie), str(rating), str(881_250_949 + user)]
        else:
            cells = [chance.choice(_CELLS) for _ in range(chance.randint(0, 6))]
        rows.append(separator.join(cells))
    text = chance.choice(["\n", "\n", "\r\n", "\r"]).join(rows) + chance.choice(["\n", ""])
    content = text.encode(chance.choice(_ENCODINGS), "replace")
    if chance.random() < 0.3 and content:
        place = chance.randrange(len(content))
        content = chance.choice(
            [
                content[:place],
                content[:place] + chance.randbytes(3) + content[place:],
                content[:place] + b"\x00" + content[place:],
                content * 3,
            ]
        )
    if name.endswith(".gz") or chance.random() < 0.03:
        content = gzip.compress(content)[: None if chance.random() < 0.7 else -5]
    if name.endswith(".zip"):
        content = _zipped(content, chance)
    return name, content


def _zipped(content: bytes, chance: random.Random) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        folder = chance.choice(["", "data/", "../", "/etc/", "a/b/c/"])
        archive.writestr(
            f"{folder}{chance.choice(['ratings.csv', 'README', 'u.data', '__MACOSX/._ratings.csv'])}", content
        )
        if chance.random() < 0.3:
            archive.writestr(".DS_Store", b"\x00\x01")
    damaged = buffer.getvalue()
    return damaged if chance.random() < 0.8 else damaged[: chance.randint(0, len(damaged))]


def _read(name: str, content: bytes) -> tuple[str, str]:
    """Reads a file; returns the outcome, and its fault (empty if there is none)."""
    with tempfile.TemporaryDirectory(prefix="marquee-ratings-") as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        signal.alarm(_SLOW)
        try:
            found = read_one_file(path, Path(folder) / "cache")
        except DataError as error:
            said = f"{error.message} {error.hint or ''}".replace(folder, "")
            if any(ord(letter) < 32 and letter != "\n" for letter in said):
                return "refused", f"a control character in {said!r} for {content[:200]!r}"
            return "refused", ""
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(where.filename).name}:{where.lineno}"
            return type(
                error
            ).__name__, f"{type(error).__name__} at {place}: {error} for {name} {content[:200]!r}"
        finally:
            signal.alarm(0)
        return ("read" if found.rows else "read, no rating"), ""


@contextmanager
def _alarm() -> Iterator[None]:
    """Makes SIGALRM end the reading; restores its earlier use afterwards, such as pytest's time limit."""
    before, left = signal.signal(signal.SIGALRM, _late), signal.setitimer(signal.ITIMER_REAL, 0)[0]
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, left)


def _late(*_) -> None:
    raise TimeoutError(f"not read within {_SLOW} s")
