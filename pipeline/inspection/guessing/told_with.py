"""Columns of the interactions that describe the user or the item: the same in each of their rows."""

from collections import defaultdict

from pipeline.inspection.looking.profiles import Profile, as_text
from pipeline.inspection.looking.tables import Table
from pipeline.inspection.names import CONTEXT, plain

#: The share of ids that must have one value in all their rows.
LEAST = 0.98
_FEWEST = 5


def owner_of(table: Table, column: str, user: str, item: str) -> str | None:
    """Returns what a column describes: `item`, `user`, the moment (`context`), or None of them.

    Args:
        table: the interactions.
        column: the column.
        user, item: the columns of ids.
    """
    profiles = table.profiles
    profile = profiles[column]
    if profile.lists or profile.nested or profile.distinct < 2:
        return None
    same = {role: _same(profiles[id], profile) for role, id in (("item", item), ("user", user))}
    role = max(same, key=lambda each: same[each])
    if same[role] >= LEAST:
        return role
    few = profile.numbers is None and profile.distinct <= 50 and profile.unique < 0.5
    return "context" if few and plain(column) in CONTEXT else None


def one_each(table: Table, id: str, columns: list[str]) -> dict[str, Profile]:
    """Returns what columns are like if each id has one row, its first."""
    first: dict[str, int] = {}
    for place, cell in enumerate(table.columns[id]):
        first.setdefault(as_text(cell), place)
    return {
        name: Profile(
            name, tuple(table.columns[name][place] for place in first.values()), table.format.decimal
        )
        for name in columns
    }


def _same(ids: Profile, profile: Profile) -> float:
    """Returns the share of ids with several rows whose rows agree; 0 where too few have several."""
    values: dict[str, set[str]] = defaultdict(set)
    rows: dict[str, int] = defaultdict(int)
    for id, cell in zip(ids.cells, profile.cells, strict=True):
        values[as_text(id)].add(as_text(cell))
        rows[as_text(id)] += 1
    several = [id for id, count in rows.items() if count > 1]
    if len(several) < _FEWEST:
        return 0.0
    return sum(len(values[id]) == 1 for id in several) / len(several)
