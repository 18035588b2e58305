"""Joins of the ratings with the movies and users files; too few matches stop the run."""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.movielens_example_gen.files.data_files import Layout, TableFile
from components.movielens_example_gen.reading.catalog import Catalog, Item
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
        told: what is true of these, in words.
        loosely: of those, by id in the ratings the id in the file, where the two differ by leading zeros.
    """

    file: str
    rated: int
    matched: int
    told: str
    loosely: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Joins:
    """The joins with the movies and the users; None if there is no such file."""

    movies: Join | None = None
    users: Join | None = None

    def applied(self, catalog: Catalog) -> Catalog:
        """The catalogue, with what was found under another spelling under that of the ratings as well."""
        tables: tuple[tuple[Join | None, dict[str, Any] | None], ...] = (
            (self.movies, catalog.items),
            (self.users, catalog.users),
        )
        for join, table in tables:
            if join:
                assert table is not None  # what was looked up was looked up in it
                table.update({id: table[described] for id, described in join.loosely.items()})
        return catalog

    def described(self, catalog: Catalog) -> dict[str, Item]:
        """The items that the files describe, each once, under the spelling of the ratings."""
        renamed = {there: id for id, there in self.movies.loosely.items()} if self.movies else {}
        return {renamed.get(id, id): item for id, item in catalog.items.items()}

    def notes(self) -> list[str]:
        """Describes the joins in sentences."""
        found = []
        for join in (self.movies, self.users):
            if join:
                found.append(f"{join.file}: {join.matched:,} of {join.rated:,} {join.told}")
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
    movie_files = _names(file for layout in layouts for file in layout.items)
    user_files = _names(file for layout in layouts for file in layout.users)
    nouns = catalog.description.nouns
    which, told = "rated films", "rated films have a title"
    if layouts[-1].kind == "described":
        which, told = nouns.of_items(), f"{nouns.of_items()} with interactions are described"
    who = nouns.of_users()
    return Joins(
        _join(movie_files, which, told, movies, catalog.items, least) if movie_files else None,
        _join(user_files, who, f"{who} are described", users, catalog.users or {}, least)
        if user_files
        else None,
    )


def _names(files: Iterable[TableFile]) -> str:
    return ", ".join(dict.fromkeys(os.path.basename(file.shown) for file in files))


def _join(
    file: str, what: str, told: str, rated: Sequence[str], described: Collection[str], least: float
) -> Join:
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
    return Join(file, len(rated), matched, told, loosely)


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
