"""The movies and the users of a data set, by id.

What MovieLens leaves open is settled here:
- a movie that no file describes has its id for a title and no genres;
- "(no genres listed)" and "unknown" are the absence of a genre, not one more;
- several movies may share a title (in 100K 18 do): they stay apart by their ids;
- a user whom no file describes has no demographics, and neither has a data set without a users file.
"""

import csv
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tfx.dsl.io import fileio

from components.movielens_example_gen.bad_rows import BadRow, BadRows
from components.movielens_example_gen.layouts import Layout
from components.movielens_example_gen.ratings import NUMBER
from trainer.errors import DataError

# u.item's flags, for a folder without u.genre.
GENRES_100K = (
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)
NO_GENRE = {"", "unknown", "(no genres listed)"}

# 1M codes occupations by these places; the names are those of its README.
OCCUPATIONS_1M = (
    "other",
    "academic/educator",
    "artist",
    "clerical/admin",
    "college/grad student",
    "customer service",
    "doctor/health care",
    "executive/managerial",
    "farmer",
    "homemaker",
    "K-12 student",
    "lawyer",
    "programmer",
    "retired",
    "sales/marketing",
    "scientist",
    "self-employed",
    "technician/engineer",
    "tradesman/craftsman",
    "unemployed",
    "writer",
)


@dataclass(frozen=True)
class Movie:
    """A movie's title, as "Title (year)", and its genres."""

    title: str
    genres: tuple[str, ...]


@dataclass(frozen=True)
class User:
    """What a user said of themselves; None where they did not."""

    age: float | None
    gender: str | None
    occupation: str | None
    zip_code: str | None


@dataclass
class Catalog:
    """Movies and users by id.

    `users` is None where the data set has no demographics. `bad` are the lines that could not be read.
    """

    movies: dict[str, Movie] = field(default_factory=dict)
    users: dict[str, User] | None = None
    bad: BadRows = field(default_factory=BadRows)


def read_catalog(*layouts: Layout) -> Catalog:
    """Reads the movies and users of a data set, or of its spans: what is described again is as said last.

    Raises:
        DataError: a file's header lacks a column that is needed.
    """
    catalog = Catalog(users={} if any(layout.users for layout in layouts) else None)
    for layout in layouts:
        _read(layout, catalog)
    return catalog


def _read(layout: Layout, catalog: Catalog) -> None:
    if layout.movies:
        movie = _movie_of(layout)
        for line, cells in _lines(layout.movies, layout, MOVIE_COLUMNS[layout.kind], catalog.bad):
            _keep(catalog.movies, layout.movies, line, cells, "movie", movie, catalog.bad)
    if layout.users:
        user = _user_of(layout)
        for line, cells in _lines(layout.users, layout, USER_COLUMNS[layout.kind], catalog.bad):
            _keep(catalog.users, layout.users, line, cells, "user", user, catalog.bad)


# The columns of a file without a header; None where the header names them.
FLAGS = tuple(f"flag{number}" for number in range(19))
MOVIE_COLUMNS = {
    "u": ("movie", "title", "released", "video", "url", *FLAGS),
    "dat": ("movie", "title", "genres"),
    "csv": None,
    "recbole": None,
}
USER_COLUMNS = {
    "u": ("user", "age", "gender", "occupation", "zip_code"),
    "dat": ("user", "gender", "age", "occupation", "zip_code"),
    "csv": None,
    "recbole": None,
}
DELIMITERS = {"u": "|", "dat": "::", "csv": ",", "recbole": "\t"}
SAME = {
    "userId": "user",
    "user_id": "user",
    "movieId": "movie",
    "movie_id": "movie",
    "item_id": "movie",
    "movie_title": "title",
    "class": "genres",
}


def _lines(
    path: str, layout: Layout, columns: tuple[str, ...] | None, bad: BadRows
) -> Iterator[tuple[int, dict]]:
    """The number and the named cells of each line that has as many as it should."""
    delimiter = DELIMITERS[layout.kind]
    rows = _csv_rows(path) if delimiter == "," else _plain_rows(path, delimiter)
    if columns is None:
        _, header = next(rows, (1, []))
        columns = tuple(SAME.get(name, name) for name in (cell.strip().split(":")[0] for cell in header))
        key = "movie" if path == layout.movies else "user"
        if key not in columns:
            raise DataError(
                f"{path}, line 1: no column for the {key}'s id among {', '.join(columns) or 'nothing'}",
                f"Name it {key}_id or {key}Id.",
            )
    for line, cells in rows:
        if len(cells) == len(columns):
            yield line, dict(zip(columns, (cell.strip() for cell in cells), strict=True))
        elif any(cell.strip() for cell in cells):
            wrong = f"has {len(cells)} fields and not {len(columns)}"
            bad.add(BadRow(path, line, "line", delimiter.join(cells), wrong))


def _plain_rows(path: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(_text(path).split("\n"), start=1):
        yield number, line.removesuffix("\r").split(delimiter)


def _csv_rows(path: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(_text(path), newline=""))
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}", "Repair the line.") from None


def _text(path: str) -> str:
    """A file's text: UTF-8, or latin-1 as the older data sets are."""
    with fileio.open(path, "rb") as file:
        data = file.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _keep(into: dict, path: str, line: int, cells: dict, key: str, build, bad: BadRows) -> None:
    if not cells[key]:
        bad.add(BadRow(path, line, f"{key} id", "", "is empty"))
        return
    try:
        into[cells[key]] = build(cells)
    except _WrongCell as wrong:
        bad.add(BadRow(path, line, *wrong.args))


class _WrongCell(Exception):
    """A cell that cannot be read: the field, its value, the reason."""


def _movie_of(layout: Layout):
    if layout.kind == "u":
        names = _genre_names(os.path.join(os.path.dirname(layout.movies), "u.genre"))
        flags = tuple(zip(names, FLAGS, strict=True))

        def movie(cells: dict) -> Movie:
            for name, flag in flags:
                if cells[flag] not in ("0", "1"):
                    raise _WrongCell(f"genre {name}", cells[flag], "is neither 0 nor 1")
            return _movie(cells, [name for name, flag in flags if cells[flag] == "1"])

        return movie
    if layout.kind == "recbole":
        return lambda cells: _movie(cells | _recbole_title(cells), cells.get("genres", "").split(" "))
    return lambda cells: _movie(cells, cells.get("genres", "").split("|"))


def _movie(cells: dict, genres: list[str]) -> Movie:
    kept = tuple(genre for genre in (genre.strip() for genre in genres) if genre not in NO_GENRE)
    return Movie(cells.get("title") or cells["movie"], kept)


def _recbole_title(cells: dict) -> dict:
    """The title as 100K has it: recbole took out the year, or whatever stood last in parentheses."""
    title, year = cells.get("title", ""), cells.get("release_year", "")
    if title == year == "unkonwn":  # its word for 100K's movie 267, "unknown"
        return {"title": "unknown"}
    return {"title": f"{title} ({year})" if title and year else title}


def _genre_names(path: str) -> Sequence[str]:
    if not fileio.exists(path):
        return GENRES_100K
    names = [line.rsplit("|", 1)[0].strip() for line in _text(path).splitlines() if line.strip()]
    if len(names) != len(FLAGS):
        raise DataError(
            f"{path}: {len(names)} genres and not {len(FLAGS)}", "It was cut off; fetch it again."
        )
    return names


def _user_of(layout: Layout):
    coded = layout.kind == "dat"

    def user(cells: dict) -> User:
        age, occupation = cells.get("age"), cells.get("occupation")
        if coded:
            if not (occupation.isascii() and occupation.isdigit() and int(occupation) < len(OCCUPATIONS_1M)):
                raise _WrongCell("occupation", occupation, "is not a code of 1M's")
            occupation = OCCUPATIONS_1M[int(occupation)]
        if age and not NUMBER.fullmatch(age):
            raise _WrongCell("age", age, "is not a number")
        gender, zip_code = cells.get("gender") or None, cells.get("zip_code") or None
        return User(float(age) if age else None, gender, occupation or None, zip_code)

    return user
