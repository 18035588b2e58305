"""From files to a proposal: every file is read, the interactions are found, and what joins them."""

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pydantic

from components.movielens_example_gen.description import Described, Interactions, Items, Users
from marquee.errors import ConfigError, DataError
from pipeline.inspection.guessing.feature_types import FeatureGuess, guess_feature
from pipeline.inspection.guessing.joins import Join, find_join
from pipeline.inspection.guessing.roles import Roles, guess_roles, with_names
from pipeline.inspection.guessing.told_with import one_each, owner_of
from pipeline.inspection.looking.files import DataFile, apart, find_files
from pipeline.inspection.looking.profiles import Profile
from pipeline.inspection.looking.tables import BY_ID, Table, read_table
from pipeline.inspection.names import ITEM_NOUNS, USER_NOUNS, noun, title_of
from pipeline.inspection.proposal import Part, Proposal
from pipeline.inspection.writing.by_hand import template
from trainer.data.description import RESERVED, Features, Nouns, Number
from trainer.data.names import GivenNames, names_of_nouns

_USERS, _ITEMS = {**USER_NOUNS, "user": ("user",)}, {**ITEM_NOUNS, "item": ("item",)}
FEWEST_ROWS = 50
_YEAR = r"\((\d{4})\)\s*$"


def propose(path: Path, report: Callable[[str], None] = lambda line: None) -> Proposal:
    """Looks at files and proposes what they are.

    Args:
        path: a file, a folder or an archive.
        report: told, in a line each, what is being read.

    Raises:
        DataError: there is nothing to read, or nothing in it that could be users and items; the message has
            what was seen and a description to fill in.
    """
    with tempfile.TemporaryDirectory(prefix="marquee-inspect-") as folder:
        tables, unused = _read_all(path, find_files(path, Path(folder)), report)
        return _proposed(path, tables, unused)


def _read_all(
    path: Path, files: Sequence[DataFile], report: Callable[[str], None]
) -> tuple[list[Table], list[tuple[str, str]]]:
    tables, unused = [], []
    for file in files:
        report(f"reading {file.name}")
        try:
            table = read_table(file)
            if len(file.paths) > 1 and not _one_table(file, table):
                folder = file.paths[0].parents[len(Path(file.name).parts) - 1]
                tables += [read_table(each) for each in apart(file, folder)]
            else:
                tables.append(table)
        except DataError as error:
            if len(files) == 1:
                raise
            unused.append((file.name, error.message.split(": ", 1)[-1]))
    if not tables:
        seen = "\n".join(f"  {name}: {why}" for name, why in unused)
        raise DataError(
            f"{path}: none of its files is a table:\n{seen}", "Name the file of interactions itself."
        )
    return tables, unused


def _one_table(file: DataFile, first: Table) -> bool:
    last = read_table(replace(file, paths=file.paths[-1:]))
    return last.recognised.format == first.recognised.format and list(last.columns) == list(first.columns)


def _proposed(path: Path, tables: list[Table], unused: list[tuple[str, str]]) -> Proposal:
    found = [(table, roles) for table in tables if (roles := guess_roles(table))]
    documents = [table for table, _ in found if table.format.kind == "json"]
    found = [(table, roles) for table, roles in found if table.format.kind != "json"]
    if documents and not found:
        source = documents[0].file.paths[0]
        raise DataError(
            f"{source}: interactions in one JSON document, which cannot be read in parts",
            f"Write one object per line: jq -c '.[]' {source} > {source.stem}.jsonl",
        )
    if not found:
        raise DataError(
            f"{path}: no file has a column of users and one of items\n{_seen(tables)}", template(path, tables)
        )
    found.sort(key=lambda each: _like_interactions(each[0], each[1], tables), reverse=True)
    table, roles = found[0]
    users, items = (table.profiles[guess.column].distinct for guess in (roles.user, roles.item))
    doubts = list(roles.doubts)
    if users < 2 or items < 2 or table.total < FEWEST_ROWS:
        doubts.append(
            f"{table.total:,} rows of {users:,} users and {items:,} items are too few to learn anything from"
        )
    rivals = [one for one, its in found[1:] if _like_interactions(one, its, tables)[:2] == (True, True)]
    if rivals:
        listed = ", ".join(each.name for each in rivals[:3])
        doubts.insert(
            0,
            f"{table.name} and {listed} could all be interactions; took {table.name}: change "
            "interactions.path if that is wrong",
        )
    return _Proposing(path, table, roles, tables, unused, doubts).proposal()


def _like_interactions(table: Table, roles: Roles, tables: list[Table]) -> tuple:
    users, items = (table.profiles[guess.column] for guess in (roles.user, roles.item))
    again = users.unique < 0.98 and items.unique < 0.98
    strength = roles.strength
    rated = 2 if strength.rating else 1 if strength.guess else 0
    return again or len(tables) == 1, roles.sure, rated, roles.time is not None, table.total


def _seen(tables: list[Table]) -> str:
    lines = []
    for table in tables[:10]:
        columns = ", ".join(
            f"{name} ({next(iter(each.values), 'empty')[:12]})"
            for name, each in list(table.profiles.items())[:8]
        )
        more = ", …" if len(table.columns) > 8 else ""
        lines.append(f"  {table.name} ({table.recognised.how}): {columns}{more}")
    return "\n".join(lines)


class _Proposing:
    """Puts the parts together."""

    def __init__(self, path, table: Table, roles: Roles, tables, unused, doubts):
        self._path: Path = path
        self._table = table
        self._roles = roles
        self._others: list[Table] = [each for each in tables if each is not table]
        self._unused: list[tuple[str, str]] = unused
        self._doubts: list[str] = doubts
        self._keys: set[str] = set()

    def proposal(self) -> Proposal:
        item = find_join("item", self._table, self._roles, self._others)
        rest = [each for each in self._others if not item or each is not item.table]
        user = find_join("user", self._table, self._roles, rest)
        user, item = self._sorted_out(user, item)
        if user and all(guess_feature(each, "user").feature is None for each in _beside(user)):
            self._unused.append((user.table.name, "it says nothing of users that could be learned from"))
            user = None
        self._table, self._roles = with_names(self._table, self._roles)
        user, item = user and user.named("user_id"), item and item.named("item_id")
        owned = self._owned(user, item)
        items = self._part("item", item, owned["item"])
        users = self._part("user", user, owned["user"])
        context: dict[str, FeatureGuess] = {}
        for name in owned["context"]:
            self._add(context, guess_feature(self._table.profiles[name], "context"), "context", self._table)
        used = {
            *(name for name, _ in self._unused),
            self._table.name,
            *(join.table.name for join in (user, item) if join),
        }
        for each in self._others:
            if each.name not in used:
                self._unused.append((each.name, "its columns hold no ids of the interactions, each once"))
        for each in (self._table, *(join.table for join in (user, item) if join)):
            self._doubts += each.recognised.doubts
            if each.uneven:
                self._doubts.append(
                    f"{each.uneven:,} lines of {each.name} have another number of cells than the others: a "
                    "run stops there, and names them"
                )
        for join in (user, item):
            self._doubts += join.doubts if join else ()
        left_out = tuple(
            FeatureGuess(name, None, "nothing says that it is known when somebody asks")
            for name in owned["left out"]
        )
        return Proposal(
            self._path,
            self._described(items, users, context),
            self._table,
            self._roles,
            context,
            left_out,
            items,
            users,
            tuple(self._unused),
            tuple(dict.fromkeys(self._doubts)),
        )

    def _sorted_out(self, user: Join | None, item: Join | None) -> tuple[Join | None, Join | None]:
        """Users may fit the file that was taken for items better, where both are numbers from 1 on."""
        if item and user is None:
            as_users = find_join("user", self._table, self._roles, [item.table])
            if (
                as_users
                and not noun(_ITEMS, [item.table.name])
                and as_users.matched / as_users.seen > item.matched / item.seen
            ):
                return as_users, None
            said = [item.table.name, item.id]
            if as_users and noun(_USERS, said) and not noun(_ITEMS, said):
                return as_users, None
        return user, item

    def _owned(self, user: Join | None, item: Join | None) -> dict[str, list[str]]:
        """Returns the columns of the interactions without a role, by what they describe."""
        taken = set(self._roles.columns.values())
        owned: dict[str, list[str]] = {"user": [], "item": [], "context": [], "left out": []}
        if self._table.format.kind == "sequences":
            return owned
        for name in self._table.columns:
            if name in taken or not name:
                continue
            owner = owner_of(self._table, name, self._roles.user.column, self._roles.item.column)
            if owner in ("user", "item") and (user if owner == "user" else item):
                owner = None  # a file of its own says more
            owned[owner or "left out"].append(name)
        return owned

    def _part(self, owner: str, join: Join | None, columns: list[str]) -> Part | None:
        if join:
            table, id = join.table, join.id
            names = [name for name in table.columns if name and name != id]
        elif columns:
            table, names = self._table, columns
            id = (self._roles.item if owner == "item" else self._roles.user).column
        else:
            return None
        profiles = table.profiles if join else one_each(table, id, names)
        title = title_of(names) if owner == "item" else None
        if owner == "item" and table.format.columns:  # no header names one
            title = next(
                (name for name in names if _titles(profiles[name]) and profiles[name].words > 1.3), None
            )
        if title and not _titles(profiles[title]):
            title = None
        features: dict[str, FeatureGuess] = {}
        left_out = []
        for name in names:
            if name != title:
                guess = guess_feature(profiles[name], owner)
                if guess.feature is None:
                    left_out.append(guess)
                else:
                    self._add(features, guess, owner, table)
        if title and _years(profiles[title]) and "year" not in self._keys:
            year = Number(of="title", pattern=_YEAR, bin_width=3)
            features["year"] = FeatureGuess(title, year, f"most of {title!r} end with a year")
        if not join and not title and not features:
            return None
        return Part(table, id, title, features, tuple(left_out), join)

    def _add(self, features: dict[str, FeatureGuess], guess: FeatureGuess, owner: str, table: Table) -> None:
        """Adds a feature under a key that no other has; the column is named where it is not the key."""
        assert guess.feature is not None  # else it is left out
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", guess.column.split(":")[0])
        if guess.column == BY_ID[1]:  # the entries of a document have no name but that of the file
            name = re.split(r"[\W_]", Path(table.name).stem)[-1]
        key = re.sub(r"\W+", "_", name.casefold()).strip("_") or "feature"
        if key in self._keys or key in RESERVED:
            key = f"{owner}_{key}"
        while key in self._keys or key in RESERVED:
            key += "_2"
        self._keys.add(key)
        column = None if key == guess.column else guess.column
        feature = guess.feature.model_copy(update={"column": column})
        features[key] = replace(guess, feature=feature)

    def _described(
        self, items: Part | None, users: Part | None, context: dict[str, FeatureGuess]
    ) -> Described:
        roles, table = self._roles, self._table
        strength = roles.strength
        sequence = table.format.kind == "sequences"
        nouns = self._nouns(items, users)
        try:
            described = Described(
                interactions=Interactions(
                    path=table.file.within,
                    format=table.format,
                    rating=strength.rating,
                    count=strength.count,
                    event=strength.event,
                    time=roles.unit,
                    features=_features(context),
                    **({} if sequence else {"user": roles.user.column, "item": roles.item.column}),
                ),
                items=items
                and Items(
                    path=items.table.file.within,
                    format=items.table.format,
                    id=items.id,
                    title=items.title,
                    features=_features(items.features),
                ),
                users=users
                and Users(
                    path=users.table.file.within,
                    format=users.table.format,
                    id=users.id,
                    features=_features(users.features),
                ),
                nouns=nouns,
                names=self._names(nouns, strength.rating is None),
            )
            names = GivenNames(
                **described.description.names.by_role()
            )  # written out, for those who change them
            return described.model_copy(update={"names": names})
        except pydantic.ValidationError as error:  # a proposal must be one that a run takes
            raise ConfigError(f"{self._path}: no description fits: {error.errors()[0]['msg']}") from None

    def _nouns(self, items: Part | None, users: Part | None) -> Nouns:
        roles, names = self._roles, [self._table.name, self._path.name]
        item = noun(ITEM_NOUNS, [roles.item.column, *([items.table.name] if items else []), *names])
        user = noun(USER_NOUNS, [roles.user.column, *([users.table.name] if users else [])])
        return Nouns(user=user or "user", item=item or "item")

    def _names(self, nouns: Nouns, implicit: bool) -> GivenNames:
        """Returns names in the place of those that a feature has: `item_title_2` for `item_title`."""
        names = names_of_nouns(nouns.user, nouns.item, implicit, None)
        given = {role: name for role, name in names.by_role().items() if name in self._keys}
        given.pop("words", None)
        for role, name in given.items():
            number = 2
            while f"{name}_{number}" in self._keys:
                number += 1
            given[role] = f"{name}_{number}"
        return GivenNames(**given)


def _beside(join: Join) -> list[Profile]:
    """Returns the columns beside that of the ids."""
    return [profile for name, profile in join.table.profiles.items() if name != join.id]


def _features(guesses: dict[str, FeatureGuess]) -> Features:
    return {key: guess.feature for key, guess in guesses.items() if guess.feature}


def _titles(profile: Profile) -> bool:
    return profile.numbers is None and not profile.lists and not profile.nested and profile.unique > 0.5


def _years(profile: Profile) -> bool:
    ends = sum(bool(re.search(_YEAR, value)) for value in profile.values)
    return ends >= 0.8 * max(1, profile.distinct)
