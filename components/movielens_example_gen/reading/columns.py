"""Recognition of a file's columns by the names in its header.

One table of names and one rule for ratings, movies and users. Names are compared without case, blanks and
punctuation: `movieId`, `movie_id`, `Movie ID` and `MOVIE-ID` are one name.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.movielens_example_gen.reading.times import NUMBER
from marquee.errors import DataError

# By column, the names it goes by, the surest first: a later group counts only where no earlier one is there.
USER = (("userid",), ("user", "uid", "customerid", "viewerid", "visitorid", "memberid", "reviewerid"))
MOVIE = (
    ("movieid", "itemid", "filmid"),
    ("movie", "item", "film", "iid", "productid", "showid", "contentid", "videoid", "bookid", "asin"),
)
RATING = (("rating",), ("ratings", "stars", "score", "userrating", "ratingvalue", "overall"))
TIMESTAMP = (
    ("timestamp",),
    ("unixtimestamp", "unixtime", "unixreviewtime", "ratingtimestamp", "time", "ratingtime", "eventtime"),
    ("datetime", "ratedat", "createdat", "watchedat", "date", "ratingdate", "ts"),
)
TITLE = (
    ("title", "movietitle", "filmtitle", "itemtitle"),
    ("name", "moviename", "filmname", "itemname", "movie", "film", "primarytitle", "originaltitle"),
)
GENRES = (("genres",), ("genre", "class", "moviegenres", "moviegenre", "category", "categories"))
AGE = (("age", "rawuserage"), ("userage", "years"))
GENDER = (("gender", "usergender"), ("sex",))
OCCUPATION = (("occupation", "useroccupation", "useroccupationtext"), ("job", "profession", "work"))
ZIP_CODE = (("zipcode", "userzipcode"), ("zip", "postalcode", "postcode", "plz"))

#: The columns of each file, those that it cannot do without first; `id` alone is a name of the one it is of.
RATINGS_COLUMNS = {"user": USER, "movie": MOVIE, "rating": RATING, "timestamp": TIMESTAMP}
MOVIE_COLUMNS = {
    "movie": (MOVIE[0], ("id",), MOVIE[1]),
    "title": TITLE,
    "genres": GENRES,
    "release_year": (("releaseyear",),),
}
USER_COLUMNS = {
    "user": (USER[0], ("id",), USER[1]),
    "age": AGE,
    "gender": GENDER,
    "occupation": OCCUPATION,
    "zip": ZIP_CODE,
}
DELIMITERS = (",", "\t", ";", "|")


@dataclass(frozen=True)
class Header:
    """The recognised header of a file.

    Attributes:
        delimiter: the delimiter of the fields.
        columns: a name for each field in order: one of the table's keys, or `#3` for one that is not used.
        names: by key, the column's name in the file.
        unused: the names in the file of the columns that are not used.
    """

    delimiter: str
    columns: tuple[str, ...]
    names: Mapping[str, str]
    unused: tuple[str, ...]


def read_header(path: str, line: str, wanted: Mapping[str, Sequence], needed: Sequence[str]) -> Header:
    """Finds the wanted columns in a file's first line.

    Args:
        path: the file, for the messages.
        line: its first line.
        wanted: by column, its names; see above.
        needed: the columns that must be there.

    Raises:
        DataError: one of those is not there, or two columns have names of the same one.
    """
    delimiter = max(DELIMITERS, key=lambda each: _found(_fields(line, each), wanted))
    fields = _fields(line, delimiter)
    places = {key: _place(path, key, fields, groups) for key, groups in wanted.items()}
    missing = [key for key in needed if places[key] is None]
    if missing:
        missed = " and ".join(_WORDS.get(key, key) for key in missing)
        if (
            len(missing) == len(needed)
            and all(NUMBER.fullmatch(field) for field in fields if field)
            and any(fields)
        ):
            raise DataError(
                f"{path}, line 1: this is no header, all of it is numbers: {line[:100]!r}",
                f"Put a line with the names in front, such as {delimiter.join(_SUCH[: len(fields)])!r}.",
            )
        raise DataError(
            f"{path}, line 1: no column for {missed}: the header is {line[:100]!r}", _hint(needed, wanted)
        )
    columns = [f"#{place}" for place in range(len(fields))]
    taken: set[int] = set()
    for key, place in places.items():
        if place is not None and place not in taken:  # `movie` may be an id or a title, and not both
            columns[place] = key
            taken.add(place)
    names = {key: fields[place] for place, key in enumerate(columns) if not key.startswith("#")}
    unused = tuple(
        fields[place] or f"column {place + 1}" for place in range(len(fields)) if place not in taken
    )
    return Header(delimiter, tuple(columns), names, unused)


_SUCH = ("user_id", "movie_id", "rating", "timestamp")
_WORDS = {"user": "the user's id", "movie": "the movie's id"}


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # longer than any header
        cells = line.split(delimiter)
    # recbole writes a field's type behind its name: `user_id:token`.
    return [cell.strip().strip('"').split(":")[0].strip() for cell in cells]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _found(fields: list[str], wanted: Mapping[str, Sequence]) -> int:
    names = {_plain(field) for field in fields}
    return sum(any(names & set(group) for group in groups) for groups in wanted.values())


def _place(path: str, key: str, fields: list[str], groups: Sequence) -> int | None:
    plain = [_plain(field) for field in fields]
    for group in groups:
        places = [place for place, name in enumerate(plain) if name in group]
        if len(places) > 1:
            both = " and ".join(repr(fields[place][:40]) for place in places)
            raise DataError(
                f"{path}, line 1: a column is there twice: {both} are both names of {_WORDS.get(key, key)}",
                "Rename the one that is not meant.",
            )
        if places:
            return places[0]
    return None


def _hint(needed: Sequence[str], wanted: Mapping[str, Sequence]) -> str:
    known = "; ".join(f"{_WORDS.get(key, key)}: {', '.join(wanted[key][0])}" for key in needed)
    return f"Rename the columns in the first line. Known names, written in any case: {known}."
