"""What no description can say of MovieLens's files.

- 100K's genres are flags, and a file of its own names them;
- 1M's occupations are codes, and its README names them;
- the recbole package parts the year from the title, and genres by blanks.
"""

from collections.abc import Callable, Sequence

from tfx.dsl.io import fileio

from components.movielens_example_gen.files.data_files import TableFile, genres_beside
from components.movielens_example_gen.reading.values import WrongCell, list_cell
from marquee.errors import DataError

Mended = Callable[[dict[str, str]], dict[str, str]]

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
FLAGS = tuple(f"flag{number}" for number in range(19))

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


def mended_items(file: TableFile) -> Mended:
    """Returns what makes the cells `title` and `genres` of a file's rows; it raises WrongCell."""
    if file.special == "u":
        flags = tuple(zip(_genre_names(genres_beside(file.path)), FLAGS, strict=True))
        return lambda cells: {**cells, "genres": _flagged(cells, flags)}
    if file.special == "recbole":
        return lambda cells: {
            **cells,
            **_recbole_title(cells),
            "genres": list_cell(cells.get("genres", "").split(" ")),
        }
    return lambda cells: cells


def mended_users(file: TableFile) -> Mended:
    """Returns what makes the cell `occupation` of a file's rows; it raises WrongCell."""
    if file.special == "dat":
        return lambda cells: {**cells, "occupation": _occupation(cells["occupation"])}
    return lambda cells: cells


def _flagged(cells: dict[str, str], flags: Sequence[tuple[str, str]]) -> str:
    for name, flag in flags:
        if cells[flag] not in ("0", "1"):
            raise WrongCell(f"genre {name}", cells[flag], "is neither 0 nor 1")
    return list_cell([name for name, flag in flags if cells[flag] == "1"])


def _occupation(code: str) -> str:
    if not (code.isascii() and code.isdigit() and int(code) < len(OCCUPATIONS_1M)):
        raise WrongCell("occupation", code, "is not a code of 1M's")
    return OCCUPATIONS_1M[int(code)]


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
