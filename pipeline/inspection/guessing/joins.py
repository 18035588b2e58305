"""Which file describes the items and which the users: the one whose unique column holds their ids."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.inspection.guessing.roles import Roles
from pipeline.inspection.looking.profiles import Profile
from pipeline.inspection.looking.tables import BY_ID, Table
from pipeline.inspection.names import ITEM_NOUNS, USER_NOUNS, alike, named, plain

#: Of the ids that occur in the interactions, the share that a file must have for being their description.
LEAST = 0.5
_FILE_WORDS = {
    "user": ("user", *(part for parts in USER_NOUNS.values() for part in parts)),
    "item": ("item", "catalog", "meta", *(part for parts in ITEM_NOUNS.values() for part in parts)),
}


@dataclass(frozen=True)
class Join:
    """A file that describes items or users.

    Attributes:
        table: the file.
        id: its column of ids.
        matched: how many of the ids that were seen in the interactions are in it.
        seen: how many were seen.
        others: how many of its ids were not seen there.
        doubts: what was not certain, as whole sentences.
    """

    table: Table
    id: str
    matched: int
    seen: int
    others: int
    doubts: tuple[str, ...] = ()

    def named(self, id: str) -> "Join":
        """Returns the join with a name for the column of ids where its file has no header."""
        if not self.table.headless:
            return self
        names = [id if name == self.id else name for name in self.table.columns]
        return replace(self, table=self.table.renamed(names), id=id)


def find_join(role: str, interactions: Table, roles: Roles, others: Sequence[Table]) -> Join | None:
    """Finds the file that describes the users or the items.

    Args:
        role: `user` or `item`.
        interactions: the table of interactions.
        roles: its columns.
        others: the tables that could be it.
    """
    guess = roles.user if role == "user" else roles.item
    ids = interactions.profiles[guess.column].ids
    found: list[tuple[float, Join]] = []
    for table in others:
        for profile in table.profiles.values():
            if not _is_key(profile):
                continue
            matched = len(ids & profile.ids)
            if matched < LEAST * len(ids):
                continue
            join = Join(table, profile.name, matched, len(ids), len(profile.ids) - matched)
            words = _words(role, guess.column, join)
            # Numbers from 1 on are the ids of everything: names, where there are any, have to say of what.
            nameless = table.headless and words == 0 and matched == len(ids)
            if words > 0 or not _numbered(ids) or nameless:
                found.append((matched / len(ids) + words, join))
    if not found:
        return None
    found.sort(key=lambda each: each[0], reverse=True)
    score, best = found[0]
    rivals = [join for other, join in found[1:] if join.table is not best.table and other > score - 0.2]
    doubts: tuple[str, ...] = ()
    if rivals:
        rival = rivals[0]
        doubts = (
            f"two files could describe the {role}s: {best.table.name} ({best.id}) and {rival.table.name} "
            f"({rival.id}); took {best.table.name}: change data.{role}s if that is wrong",
        )
    return Join(best.table, best.id, best.matched, best.seen, best.others, doubts)


def _is_key(profile: Profile) -> bool:
    """Tells whether a column has an id of its own in nearly every row."""
    if profile.lists or profile.nested or profile.missing > 0.01 or profile.words > 3:
        return False
    return len(profile.ids) >= 0.98 * len(profile.cells)


def _numbered(ids: frozenset[str]) -> bool:
    return all(id.isdigit() and len(id) < 9 for id in list(ids)[:100])


def _words(role: str, column: str, join: Join) -> float:
    """Returns how much names of the file and of its column speak for a role, below 0 for the other."""
    other = "item" if role == "user" else "user"
    words = 0.6 * _speaks(role, join.table.name) - 0.6 * _speaks(other, join.table.name)
    if join.table.headless or (join.table.format.kind == "json" and join.id == BY_ID[0]):
        return words
    name = join.id
    words += 0.5 * (plain(name) == plain(column))
    words += 0.5 * bool(named(role, [name]) or alike(role, [name])) + 0.2 * (plain(name) == "id")
    return words - 0.6 * bool(named(other, [name]) or alike(other, [name]))


def _speaks(role: str, name: str) -> bool:
    return any(word in plain(name) for word in _FILE_WORDS[role])
