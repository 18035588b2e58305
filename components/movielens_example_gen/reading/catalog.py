"""The movies and the users of a data set, by id.

What MovieLens leaves open is settled here:
- a movie that no file describes has its id for a title and no genres;
- "(no genres listed)" and "unknown" are the absence of a genre, not one more;
- several movies may share a title (in 100K 18 do): they stay apart by their ids;
- a user whom no file describes has no demographics, and neither has a data set without a users file.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tfx.dsl.io import fileio

from components.movielens_example_gen.files.layouts import Layout
from components.movielens_example_gen.reading.bad_rows import BadRow, BadRows
from components.movielens_example_gen.reading.columns import MOVIE_COLUMNS, USER_COLUMNS
from components.movielens_example_gen.reading.ids import plain_id, wrong_with
from components.movielens_example_gen.reading.tables import lines_of_text, rows_of_table
from components.movielens_example_gen.reading.times import NUMBER
from marquee.errors import DataError

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
    """A user's demographics; None for those that are unknown."""

    age: float | None
    gender: str | None
    occupation: str | None
    zip_code: str | None


@dataclass
class Catalog:
    """Movies and users by id.

    `users` is None where the data set has no demographics. `bad` are the lines that could not be read,
    `notes` what the user should know of how the files were read, in sentences.
    """

    movies: dict[str, Movie] = field(default_factory=dict)
    users: dict[str, User] | None = None
    bad: BadRows = field(default_factory=BadRows)
    notes: list[str] = field(default_factory=list)


def read_catalog(*layouts: Layout) -> Catalog:
    """Reads the movies and users of a data set, or of its spans; the last description of an id counts.

    Raises:
        DataError: a file is no text, or its header lacks a column that is needed.
    """
    catalog = Catalog(users={} if any(layout.users for layout in layouts) else None)
    for layout in layouts:
        _read(layout, catalog)
    return catalog


# The columns of a file without a header.
FLAGS = tuple(f"flag{number}" for number in range(19))
MOVIE_FIELDS = {
    "u": ("movie", "title", "released", "video", "url", *FLAGS),
    "dat": ("movie", "title", "genres"),
}
USER_FIELDS = {
    "u": ("user", "age", "gender", "occupation", "zip_code"),
    "dat": ("user", "gender", "age", "occupation", "zip_code"),
}
DELIMITERS = {"u": "|", "dat": "::"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def _read(layout: Layout, catalog: Catalog) -> None:
    if layout.movies:
        rows = _rows(layout.movies, layout, MOVIE_FIELDS, MOVIE_COLUMNS, catalog)
        _keep(catalog.movies, layout.movies, rows, "movie", _movie_of(layout), catalog.bad)
    if layout.users:
        assert catalog.users is not None  # it is there as soon as one layout has users
        rows = _rows(layout.users, layout, USER_FIELDS, USER_COLUMNS, catalog)
        _keep(catalog.users, layout.users, rows, "user", _user_of(layout), catalog.bad)


def _rows(
    path: str, layout: Layout, fields: Mapping, wanted: Mapping, catalog: Catalog
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields the number and the named cells of each line with the right number of cells."""
    if layout.kind in fields:
        delimiter, columns = DELIMITERS[layout.kind], fields[layout.kind]
        return lines_of_text(path, delimiter, columns, catalog.bad)
    return rows_of_table(path, wanted, catalog.bad, catalog.notes)


def _keep(into: dict, path: str, rows: Iterator, key: str, build, bad: BadRows) -> None:
    for line, cells in rows:
        cells = {name: _CONTROL.sub(" ", cell).strip() for name, cell in cells.items()} | {
            key: plain_id(cells[key])
        }
        if wrong := wrong_with(cells[key]):
            bad.add(BadRow(path, line, f"{key} id", cells[key], wrong))
            continue
        try:
            into[cells[key]] = build(cells)
        except _WrongCell as error:
            bad.add(BadRow(path, line, *error.args))


class _WrongCell(Exception):
    """A cell that cannot be read: the field, its value, the reason."""


def _movie_of(layout: Layout):
    if layout.kind == "u":
        assert layout.movies is not None  # else there is no row to read
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
    """Restores the title of 100K: recbole removed the year, or the last part in parentheses."""
    title, year = cells.get("title", ""), cells.get("release_year", "")
    if title == year == "unkonwn":  # its word for 100K's movie 267, "unknown"
        return {"title": "unknown"}
    return {"title": f"{title} ({year})" if title and year else title}


def _genre_names(path: str) -> Sequence[str]:
    if not fileio.exists(path):
        return GENRES_100K
    with fileio.open(path, "rb") as file:
        lines = file.read().decode("utf-8", "replace").splitlines()
    names = [line.rsplit("|", 1)[0].strip() for line in lines if line.strip()]
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
            code = cells["occupation"]
            if not (code.isascii() and code.isdigit() and int(code) < len(OCCUPATIONS_1M)):
                raise _WrongCell("occupation", code, "is not a code of 1M's")
            occupation = OCCUPATIONS_1M[int(code)]
        if age and not NUMBER.fullmatch(age):
            raise _WrongCell("age", age, "is not a number")
        gender, zip_code = cells.get("gender") or None, cells.get("zip_code") or None
        return User(float(age) if age else None, gender, occupation or None, zip_code)

    return user
