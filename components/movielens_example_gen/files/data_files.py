"""The files of a data set, and what their columns mean, as recognition leaves them to the readers."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tfx.dsl.io import fileio

from components.movielens_example_gen.description import EventColumn, Items, Users
from components.movielens_example_gen.reading import times
from trainer.data.description import Description, Feature, Scale

#: How a file is laid out: lines of cells; a JSON object a line; one JSON document; Parquet; a line a user.
Kind = Literal["text", "jsonl", "json", "parquet", "sequences"]
#: Of which layout a data set is: those of MovieLens, or what a configuration describes.
LayoutKind = Literal["u", "dat", "csv", "recbole", "described"]
#: Of which layout a table has something that no description can say.
Special = Literal["", "u", "dat", "recbole"]


@dataclass(frozen=True)
class Meaning:
    """What the columns of a file of interactions mean; by default those of a recognised file of ratings.

    Attributes:
        user, item, time: names of the columns.
        rating, count, event: the column that says what an interaction is worth; at most one of them is not
            None. Without any each is worth 1.
        scale: that of ratings, outside of which a rating is a mistake; None for any number.
        context: features of each interaction that are columns, by key.
        units: by key of a context feature of type time, its unit: a key of `times.UNITS`, or `times.ISO`.
        described: whether a description named the columns: then errors call them by these names.
    """

    user: str = "user"
    item: str = "movie"
    time: str | None = "timestamp"
    rating: str | None = "rating"
    count: str | None = None
    event: EventColumn | None = None
    scale: Scale | None = None
    context: Mapping[str, Feature] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    described: bool = False

    def ids(self) -> dict[str, str]:
        """Returns the columns of ids, by what they are called in a table of ratings."""
        return {"user": self.user, "movie": self.item}

    @property
    def tells_events(self) -> bool:
        """Tells whether the type of each event is kept beside what it is worth."""
        return self.event is not None and self.event.told is not None

    @property
    def strength(self) -> str | None:
        """Returns the column that says what an interaction is worth, if there is one."""
        return self.rating or self.count or (self.event.column if self.event else None)


@dataclass(frozen=True)
class RatingsFile:
    """A file of ratings, or of interactions of any kind; one per line, but for Parquet and sequences.

    Attributes:
        path: where it is.
        delimiter: what parts the fields of a line; one blank stands for any number of them.
        columns: the fields in order, under their names in `meaning`.
        start: the byte at which the first rating starts, after a byte order mark and a header.
        first_line: the number of that line in the file, from 1.
        unit: what times are written in: a key of `times.UNITS`, or `times.ISO`.
        notes: what the user should know of how the file is read, in sentences.
        span: the number of its span; 0 where the data does not come in spans.
        kind: how it is laid out.
        meaning: what its columns mean.
        decimal: the decimal sign of numbers.
        encoding: the encoding of text.
        source: the user's file, where this one is an unpacked copy of it; else empty.
        held_out: whether a predefined split names it for `test`.
    """

    path: str
    delimiter: bytes
    columns: tuple[str, ...]
    start: int
    first_line: int
    unit: str = times.SECONDS
    notes: tuple[str, ...] = ()
    span: int = 0
    kind: Kind = "text"
    meaning: Meaning = Meaning()
    decimal: str = "."
    encoding: str = "utf-8"
    source: str = ""
    held_out: bool = False

    @property
    def shown(self) -> str:
        """Returns the path for messages."""
        return self.source or self.path

    @property
    def time(self) -> str | None:
        """Returns the column of times, if the file has one."""
        return self.meaning.time if self.meaning.time in self.columns else None


@dataclass(frozen=True)
class TableFile:
    """A file of items or of users.

    Attributes:
        path: where it is.
        described: its description; None where its columns are recognised by their names.
        special: what no description can say: `u` for 100K's flags of genres, `dat` for 1M's codes of
            occupations, `recbole` for titles without years; else empty.
        source: the user's file, where this one is an unpacked copy of it; else empty.
    """

    path: str
    described: Items | Users | None = None
    special: Special = ""
    source: str = ""

    @property
    def shown(self) -> str:
        """Returns the path for messages."""
        return self.source or self.path


@dataclass(frozen=True)
class Layout:
    """The files of one data set, or of one span of it.

    Attributes:
        kind: which layout it is.
        ratings: the files of ratings; those that a predefined split names for `test` come last.
        items, users: the files of items and of users; later ones are newer.
        description: the features that these have.
    """

    kind: LayoutKind
    ratings: tuple[RatingsFile, ...]
    items: tuple[TableFile, ...]
    users: tuple[TableFile, ...]
    description: Description

    @property
    def files(self) -> tuple[str, ...]:
        """Returns all files that are read, ratings first."""
        tables = [file.path for file in (*self.items, *self.users)]
        genres = [genres_beside(file.path) for file in self.items if file.special == "u"]
        return (
            *(file.path for file in self.ratings),
            *tables,
            *(path for path in genres if fileio.exists(path)),
        )


def genres_beside(u_item: str) -> str:
    """Returns the path of 100K's file of genres, beside its film file."""
    return os.path.join(os.path.dirname(u_item), "u.genre")
