"""Joins of the ratings with the movies and users files; too few matches stop the run."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.movielens_example_gen.files.layouts import Layout
from components.movielens_example_gen.reading.catalog import Catalog
from components.movielens_example_gen.reading.ids import without_zeros
from marquee.errors import DataError

_EXAMPLES = 3


@dataclass(frozen=True)
class Join:
    """The join of the ratings' ids with one file.

    Attributes:
        file: the name of the file.
        rated: the number of distinct ids in the ratings.
        matched: the number of them that the file describes.
        loosely: of those, by id in the ratings the id in the file, where the two differ by leading zeros.
    """

    file: str
    rated: int
    matched: int
    loosely: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Joins:
    """The joins with the movies and the users; None if there is no such file."""

    movies: Join | None = None
    users: Join | None = None

    def applied(self, catalog: Catalog) -> Catalog:
        """The catalogue, with what was found under another spelling under that of the ratings as well."""
        tables: tuple[tuple[Join | None, dict[str, Any] | None], ...] = (
            (self.movies, catalog.movies),
            (self.users, catalog.users),
        )
        for join, table in tables:
            if join:
                assert table is not None  # what was looked up was looked up in it
                table.update({id: table[described] for id, described in join.loosely.items()})
        return catalog

    def notes(self) -> list[str]:
        """Describes the joins in sentences."""
        found = []
        for join, which in ((self.movies, "rated films have a title"), (self.users, "users are described")):
            if join:
                found.append(f"{join.file}: {join.matched:,} of {join.rated:,} {which}")
            if join and join.loosely:
                id, described = next(iter(join.loosely.items()))
                found.append(
                    f"{join.file}: {len(join.loosely):,} ids were matched without their leading zeros "
                    f"({described!r} there is {id!r} in the ratings)"
                )
        return found

    def as_dict(self) -> dict:
        """For JSON: file, rated, matched and how many loosely, by `movies` and `users`."""
        return {
            name: {
                "file": join.file,
                "rated": join.rated,
                "matched": join.matched,
                "matched_without_zeros": len(join.loosely),
            }
            for name, join in (("movies", self.movies), ("users", self.users))
            if join
        }


def join_all(
    layouts: Sequence[Layout], catalog: Catalog, movies: Sequence[str], users: Sequence[str], least: float
) -> Joins:
    """Looks up the ids of the ratings in what the files describe.

    Args:
        layouts: the files.
        catalog: what they describe.
        movies, users: the ids that occur in the ratings.
        least: the share of them that must be described.

    Raises:
        DataError: fewer are.
    """
    movie_files = _names(layout.movies for layout in layouts)
    user_files = _names(layout.users for layout in layouts)
    return Joins(
        _join(movie_files, "rated films", movies, catalog.movies, least) if movie_files else None,
        _join(user_files, "users", users, catalog.users or {}, least) if user_files else None,
    )


def _names(paths) -> str:
    return ", ".join(dict.fromkeys(os.path.basename(path) for path in paths if path))


def _join(file: str, what: str, rated: Sequence[str], described: Collection[str], least: float) -> Join:
    missing = [id for id in rated if id not in described]
    loosely = _loosely(missing, described)
    matched = len(rated) - len(missing) + len(loosely)
    if matched < least * len(rated):
        there = set(rated)
        others = [id for id in described if id not in there]
        raise DataError(
            f"{file}: only {matched:,} of {len(rated):,} {what} are in it. In the ratings: "
            f"{_some([id for id in missing if id not in loosely])}; in {file}: {_some(others)}",
            "Write the ids in the same way in both, or take the file away to do without it; if so little is "
            "meant to be described, set data.min_described.",
        )
    return Join(file, len(rated), matched, loosely)


def _loosely(missing: Sequence[str], described: Collection[str]) -> dict[str, str]:
    """Of ids that are nowhere described, those that are but for leading zeros, one of each meant by one."""
    if not missing:
        return {}
    wanted, there = _by_number(missing), _by_number(described)
    return {
        ids[0]: there[number][0]
        for number, ids in wanted.items()
        if len(ids) == 1 and len(there.get(number, ())) == 1
    }


def _by_number(ids: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for id in ids:
        found.setdefault(without_zeros(id), []).append(id)
    return found


def _some(ids: Sequence[str]) -> str:
    more = ", …" if len(ids) > _EXAMPLES else ""
    return ", ".join(repr(id[:40]) for id in ids[:_EXAMPLES]) + more if ids else "none"
