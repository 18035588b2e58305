"""Recognition of the MovieLens releases, which Marquee reads without a description."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.inspection.looking.opening import opened


@dataclass(frozen=True)
class Release:
    """A MovieLens release.

    Attributes:
        dataset: its name, as `data.dataset`.
        config: the ready-made configuration that is nearest to it.
        why: what gave it away.
    """

    dataset: str
    config: str
    why: str


#: By data set, its number of ratings; those of one layout from the smallest on.
_CSV = {"ml-latest-small": 100_836, "ml-20m": 20_000_263, "ml-25m": 25_000_095, "ml-32m": 32_000_204}
_DAT = {"ml-1m": 1_000_209, "ml-10m": 10_000_054}
_HEADERS = {"ratings.csv": b"userId,movieId,rating,timestamp", "movies.csv": b"movieId,title,genres"}


def recognise_movielens(folder: Path) -> Release | None:
    """Recognises a folder of MovieLens by its files, their headers and their size."""
    if not folder.is_dir():
        return None
    names = {path.name for path in folder.iterdir()}
    if {"u.data", "u.item", "u.user"} <= names and _lines(folder / "u.data") == 100_000:
        return Release("ml-100k", "ml-100k", "u.data with 100,000 ratings, u.item and u.user")
    if {"ratings.dat", "movies.dat"} <= names:
        dataset = _nearest(_DAT, folder / "ratings.dat", 24)
        if dataset and (dataset == "ml-10m" or "users.dat" in names):
            return Release(dataset, "ml-1m", f"ratings.dat and movies.dat of the size of {dataset}")
    if {"ratings.csv", "movies.csv", "links.csv"} <= names and all(
        _first(folder / name).strip() == header for name, header in _HEADERS.items()
    ):
        dataset = _nearest(_CSV, folder / "ratings.csv", 25)
        if dataset:
            config = "ml-latest-small" if dataset == "ml-latest-small" else "ml-25m"
            return Release(dataset, config, f"ratings.csv, movies.csv and links.csv of the size of {dataset}")
    return None


def _lines(path: Path) -> int:
    with opened(path) as file:
        return sum(1 for _ in file.content)


def _first(path: Path) -> bytes:
    with opened(path) as file:
        return file.content.readline(200)


def _nearest(sizes: dict[str, int], path: Path, row: int) -> str | None:
    """Returns the release whose number of ratings fits a file's bytes, give or take a tenth."""
    rows = path.stat().st_size / row
    return next((name for name, count in sizes.items() if abs(rows - count) < 0.12 * count), None)
