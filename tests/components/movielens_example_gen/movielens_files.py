"""Tiny data sets in every layout, for the tests."""

from pathlib import Path

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.files.layouts import recognise
from components.movielens_example_gen.files.pieces import cut
from components.movielens_example_gen.reading.catalog import Item
from components.movielens_example_gen.reading.ratings import read


def film(title: str, *genres: str) -> Item:
    """A film of the catalogue."""
    return Item(title, {"genres": genres} if genres else {})


def person(age=None, gender=None, occupation=None, zip=None) -> dict:
    """A user of the catalogue: what is unknown is left out."""
    known = {"age": age, "gender": gender, "occupation": occupation, "zip": zip}
    return {key: value for key, value in known.items() if value is not None}


def custom(path, **settings) -> DataConfig:
    """One's own ratings; divided at random unless said otherwise: few rows fill every split by no hash."""
    return DataConfig(dataset="custom", path=str(path), **{"split": {"kind": "random"}, **settings})


def write_files(folder: Path, **files: str | bytes) -> Path:
    """Writes files; in a keyword, `__` stands for the dot of a file's name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name.replace("__", ".")).write_bytes(data)
    return folder


def u_item(number: int, title: str, *genres: int) -> str:
    flags = "|".join("1" if place in genres else "0" for place in range(19))
    return f"{number}|{title}|01-Jan-1995||http://example.org|{flags}\n"


def write_100k(folder: Path, ratings: str, films: int = 2) -> Path:
    """A folder as 100K has it: a user 7 and a user 8, and films from 1."""
    items = u_item(1, "Café (1995)", 1, 5) + u_item(2, "unknown", 0)
    items += "".join(u_item(number, f"Film {number}", 1) for number in range(3, films + 1))
    return write_files(
        folder,
        u__data=ratings,
        u__item=items.encode("latin-1"),
        u__user="7|24|M|technician|85711\n8|53|F|other|94043\n",
    )


def read_all(path: Path, config: DataConfig):
    """Rows as (user, movie, rating, timestamp), and the bad ones."""
    rows, bad = [], []
    for piece in cut(recognise(str(path), config).ratings, config.shards):
        result = read(piece)
        columns = result.table.to_pydict()
        rows += zip(*(columns[name] for name in ("user", "movie", "rating", "timestamp")), strict=True)
        bad += result.bad.samples
    return rows, bad
