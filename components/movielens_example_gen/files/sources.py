"""Where a data set comes from: the user's path, the cache, GroupLens, or the package that carries 100K."""

import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.files.archive import (
    compressed_file,
    is_archive,
    is_archive_of_files,
    unpack,
)
from components.movielens_example_gen.files.contents import holds_ratings, is_junk
from marquee.errors import DataError

GROUPLENS_URL = "https://files.grouplens.org/datasets/movielens"
URL_VARIABLE = "MARQUEE_GROUPLENS_URL"  # for a mirror, and for the tests

# GroupLens's own .md5 files. latest-small has none: GroupLens replaces it from time to time.
MD5 = {
    "ml-100k": "0e33842e24a9c977be4e0107933c0723",
    "ml-1m": "c4d9eecfca2ab87c1945afe126590906",
    "ml-10m": "ce571fd55effeba0271552578f2648bd",
    "ml-latest-small": None,
    "ml-20m": "cd245b17a1ae2cc31bb14903e1204af3",
    "ml-25m": "6b51fb2759a8657d3bfcbfc42b592ada",
    "ml-32m": "d472be332d4daa821edc399621853b57",
}

Report = Callable[[str], None]
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Located:
    """A data set on this machine.

    Attributes:
        path: its folder, or its one file of ratings.
        origin: where it came from, the same whether just downloaded or found in the cache.
    """

    path: Path
    origin: str


def locate(
    config: DataConfig,
    cache_dir: Path,
    report: Report = lambda line: None,
    progress: Progress = lambda done, total: None,
) -> Located:
    """Finds the data set: `config.path`, else the cache, else GroupLens, else (100K only) recbole's copy.

    Args:
        config: which data set, and perhaps where.
        cache_dir: where downloads are kept, a folder a data set.
        report: told, in a line each, what is being tried.
        progress: told the bytes received and, if the server says, of how many.

    Raises:
        DataError: the path does not exist; a download is not what GroupLens published; or there is no way
            to the data, and then the message names all four.
    """
    if config.path is not None:
        return _at_path(Path(config.path).expanduser(), config, cache_dir)
    cached = cache_dir / config.dataset
    origin = f"GroupLens, {config.dataset}.zip"
    if cached.is_dir():
        return Located(cached, origin)
    url = f"{os.environ.get(URL_VARIABLE, GROUPLENS_URL).rstrip('/')}/{config.dataset}.zip"
    report(f"Downloading {url}")
    try:
        return Located(_download(url, config.dataset, cached, progress), origin)
    except (httpx.HTTPError, httpx.InvalidURL, ImportError) as error:  # ImportError: a SOCKS proxy
        reason = str(error) or type(error).__name__
    report(f"No way to GroupLens: {reason}")
    packaged = _recbole() if config.dataset == "ml-100k" else None
    if packaged:
        report("Using the copy of MovieLens 100K in the recbole package")
        return Located(packaged, "MovieLens 100K in the recbole package")
    carried = "is not installed" if config.dataset == "ml-100k" else "carries ml-100k only"
    raise DataError(
        f"{config.dataset} could not be had in any of four ways:\n"
        f"  1. data.path (or --data PATH): not given\n"
        f"  2. the cache: no folder {cached}\n"
        f"  3. GroupLens: {url}: {reason}\n"
        f"  4. the recbole package: {carried}",
        f"Download {config.dataset}.zip where there is a way to it, and name it with data.path (or --data).",
    )


def _at_path(path: Path, config: DataConfig, cache_dir: Path) -> Located:
    if not path.exists():
        raise DataError(f"data.path: {path} does not exist", "Name a folder, an archive or a ratings file.")
    if config.described is not None:
        return Located(_described(path, config, cache_dir), str(path))
    if not is_archive(path):
        return Located(path, str(path))
    alone = compressed_file(path)
    beside = _beside(path) if alone else []
    content = hashlib.md5("".join(map(_md5, (path, *beside))).encode(), usedforsecurity=False).hexdigest()
    unpacked = cache_dir / f"{path.name.split('.')[0]}-{content[:12]}"
    folder = unpacked if unpacked.is_dir() else unpack(path, unpacked, *beside)
    return Located(folder / alone if alone else _ratings_in(folder, path, config), str(path))


def _described(path: Path, config: DataConfig, cache_dir: Path) -> Path:
    """Returns described files in a form that can be read: unpacked."""
    from components.movielens_example_gen.files.unpacked import base_of, unpacked  # they read files: slow

    described = config.described
    assert described is not None  # the caller has looked
    if not is_archive_of_files(path):
        return unpacked(path, config, cache_dir)
    folder = cache_dir / f"{path.name.split('.')[0]}-{_md5(path)[:12]}"
    folder = folder if folder.is_dir() else unpack(path, folder)
    base = folder if config.spans else base_of(folder, path, described)
    return unpacked(base, config, cache_dir, f"{path}/{base.relative_to(folder)}".removesuffix("/."))


def _beside(path: Path) -> list[Path]:
    """Returns the files of movies and users beside one compressed file of ratings."""
    tables = ((path.with_name(name), path.with_name(f"{name}.gz")) for name in ("movies.csv", "users.csv"))
    found = (next((each for each in names if each.is_file()), None) for names in tables)
    return [each for each in found if each and each != path]


def _ratings_in(folder: Path, archive: Path, config: DataConfig) -> Path:
    """Returns the folder or file with the ratings in an unpacked archive."""
    if config.spans or holds_ratings(os.listdir(folder)):
        return folder
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not is_junk(path.name))
    folders = {path.parent for path in files if holds_ratings([path.name])}
    if len(folders) == 1:
        return folders.pop()
    tables = [path for path in files if path.suffix.lower() in (".csv", ".tsv", ".txt")]
    tables = [path for path in tables if not path.stem.lower().startswith(("readme", "license"))]
    if config.dataset == "custom" and not folders and len(tables) == 1:
        return tables[0]
    names = [str(path.relative_to(folder)) for path in files]
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    listed = ", ".join(name if name.isprintable() else repr(name) for name in names[:20]) + more
    raise DataError(
        f"{archive}: {'several folders with ratings' if folders else 'no ratings'} in this archive; "
        f"it holds {listed or 'nothing'}",
        "Unpack it, and name the folder or the file that is meant.",
    )


def _download(url: str, dataset: str, destination: Path, progress: Progress) -> Path:
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".downloading-") as folder:
        archive = Path(folder) / f"{dataset}.zip"
        _fetch(url, archive, progress)
        expected = MD5[dataset]
        if expected and (found := _md5(archive)) != expected:
            raise DataError(
                f"{url}: the checksum (MD5) is {found}, and GroupLens published {expected}",
                "It was changed or damaged on its way: try again, or download it by hand and use --data.",
            )
        return unpack(archive, destination)


def _fetch(url: str, target: Path, progress: Progress) -> None:
    """Downloads a file; raises httpx.HTTPError if it is unreachable, DataError if it ends too early."""
    timeout = httpx.Timeout(30, connect=5)  # a machine without a network should learn it at once
    with httpx.stream("GET", url, timeout=timeout, follow_redirects=True) as response:
        response.raise_for_status()
        total = int(response.headers["content-length"]) if "content-length" in response.headers else None
        done = 0
        try:
            with target.open("wb") as file:
                for block in response.iter_raw():
                    file.write(block)
                    done += len(block)
                    progress(done, total)
        except httpx.RemoteProtocolError:
            pass  # the connection was closed early: said below, with the sizes
    if total is not None and done != total:
        raise DataError(f"{url}: the download ended after {done:,} of {total:,} bytes", "Run it again.")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _recbole() -> Path | None:
    """Returns the folder in the package, found without importing it, which would need PyTorch."""
    spec = importlib.util.find_spec("recbole")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "dataset_example" / "ml-100k"
        if (path / "ml-100k.inter").is_file():
            return path
    return None
