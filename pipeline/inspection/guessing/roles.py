"""The roles of the columns of a table of interactions: who, what, how much, when."""

from dataclasses import dataclass, replace

from components.movielens_example_gen.description import TimeColumn
from pipeline.inspection.guessing.guess import Guess
from pipeline.inspection.guessing.strength import Strength, guess_strength
from pipeline.inspection.looking.profiles import Profile
from pipeline.inspection.looking.tables import Table
from pipeline.inspection.names import alike, also_named, named


@dataclass(frozen=True)
class Roles:
    """Who did what, how much and when, in a table.

    Attributes:
        user, item: the columns of ids.
        strength: what an interaction is worth.
        time: the column of times; None: there is none.
        unit: its unit.
        sure: whether the names say which columns are the user and the item.
        doubts: what was not certain, as whole sentences.
    """

    user: Guess
    item: Guess
    strength: Strength
    time: Guess | None
    unit: TimeColumn | None
    sure: bool
    doubts: tuple[str, ...]

    @property
    def columns(self) -> dict[str, str]:
        """Returns the columns by role."""
        guesses = {"user": self.user, "item": self.item, "strength": self.strength.guess, "time": self.time}
        return {role: guess.column for role, guess in guesses.items() if guess}


def guess_roles(table: Table) -> Roles | None:
    """Guesses the roles in a table that may hold interactions; None if it holds no user or no item."""
    profiles = table.profiles
    doubts: list[str] = []
    if table.format.kind == "sequences":
        return _of_sequences(table)
    names = [
        name for name, each in profiles.items() if name and each.values and not each.lists and not each.nested
    ]
    user = _named("user", names, doubts)
    item = _named("item", [name for name in names if not user or name != user.column], doubts)
    given = {guess.column for guess in (user, item) if guess}
    sure = len(given) == 2
    if not sure:
        ids = [name for name in names if name not in given and _like_ids(profiles[name], table)]
        if not table.headless:  # what is called a rating or a time is no id
            others = {each for role in ("rating", "count", "event", "time") for each in named(role, names)}
            ids = [name for name in ids if name not in others]
        if len(ids) < 2 - len(given):
            return None
        user, item = _unnamed(table, user, item, ids, doubts)
        if user is None or item is None:
            return None
    assert user is not None  # both are named, or were found above
    assert item is not None
    taken = {user.column, item.column}
    time, unit = _time(profiles, [name for name in names if name not in taken], table.headless, doubts)
    strength = guess_strength(table, taken | ({time.column} if time else set()))
    users, items = profiles[user.column], profiles[item.column]
    return Roles(
        replace(user, detail=f"{users.distinct:,} users"),
        replace(item, detail=f"{items.distinct:,} items"),
        strength,
        time,
        unit,
        sure,
        (*doubts, *strength.doubts),
    )


def _of_sequences(table: Table) -> Roles:
    user, item = table.profiles
    users, items = (table.profiles[each].distinct for each in (user, item))
    return Roles(
        Guess(user, "the first of each line, and of no other line", f"{users:,} users"),
        Guess(item, "the others of each line", f"{items:,} items"),
        Strength(),
        None,
        None,
        True,
        (),
    )


def _named(role: str, names: list[str], doubts: list[str]) -> Guess | None:
    found = named(role, names)
    why = "by its name"
    if not found:
        found, why = (
            alike(role, names),
            "its name sounds like it",
        )
    if not found:
        return None
    found += [name for name in also_named(role, names) if name not in found]
    if len(found) > 1:
        listed = ", ".join(found)
        doubts.append(
            f"{len(found)} columns could be the {role}: {listed}; took {found[0]}: change "
            f"interactions.{role} if that is wrong"
        )
    return Guess(found[0], why)


def _like_ids(profile: Profile, table: Table) -> bool:
    if profile.distinct < 2 or (profile.numbers is not None and not profile.integers):
        return False
    if profile.numbers is not None and profile.numbers[0] < 0:
        return False
    # Ids of users and items come again; a number of the row, or a text, does not.
    again = profile.unique < 0.98 or table.rows < 50
    return profile.time_unit is None and profile.words < 3 and again


def _unnamed(
    table: Table, user: Guess | None, item: Guess | None, ids: list[str], doubts: list[str]
) -> tuple[Guess | None, Guess | None]:
    """Takes the first columns of ids, the user before the item."""
    if user is None and item is None:
        first, second = ids[:2]
        one, two = table.profiles[first], table.profiles[second]
        if two.in_runs and not one.in_runs:
            first, second = second, first
            doubts.append(
                f"{first} was taken as the user because its values stand together, and {second} as the item: "
                "swap interactions.user and .item if that is wrong"
            )
            return Guess(first, "equal values stand together"), Guess(second, "the other column of ids")
        why = "the first column of ids" + (", sorted by it" if one.in_runs else "")
        if not one.in_runs or not table.headless:
            doubts.append(
                f"nothing names the user and the item: took {first} as the user and {second} as the item; "
                "swap interactions.user and .item if that is wrong"
            )
        return Guess(first, why), Guess(second, "the second column of ids")
    missing = "user" if user is None else "item"
    guess = Guess(ids[0], f"the first column of ids that is not the {'item' if user is None else 'user'}")
    if len(ids) > 1:
        doubts.append(
            f"{len(ids)} columns could be the {missing}: {', '.join(ids[:5])}; took {ids[0]}: change "
            f"interactions.{missing} if that is wrong"
        )
    else:
        doubts.append(f"no column is called like the {missing}: took {ids[0]}, which holds ids")
    return (guess, item) if user is None else (user, guess)


def _time(
    profiles: dict[str, Profile], names: list[str], headless: bool, doubts: list[str]
) -> tuple[Guess | None, TimeColumn | None]:
    called = [name for name in named("time", names) if not headless]
    for name in called:
        if profiles[name].days_first:
            doubts.append(
                f"the dates in {name!r} ({next(iter(profiles[name].values))[:20]!r}) are not ISO 8601, and "
                "were left out: write them as 2024-12-31"
            )
    found = [name for name in called or names if profiles[name].time_unit]
    if not called and len(found) > 1 and not headless:
        doubts.append(
            f"{len(found)} columns are times: {', '.join(found)}; took {found[0]}: change interactions.time "
            "if that is wrong"
        )
    if not found:
        return None, None
    name = found[0]
    profile = profiles[name]
    if profile.distinct == 1:
        doubts.append(f"every time in {name!r} is the same: it was left out, as there is no order in it")
        return None, None
    unit = profile.time_unit
    assert unit is not None  # as found above
    why = (
        "by its name"
        if called
        else "all of it are dates"
        if unit == "iso"
        else "numbers of the size of times"
    )
    return Guess(name, why, _UNITS[unit]), TimeColumn(column=name, unit=unit)


_UNITS = {
    "s": "seconds since 1970",
    "ms": "milliseconds since 1970",
    "us": "microseconds since 1970",
    "ns": "nanoseconds since 1970",
    "iso": "ISO 8601",
}


def with_names(table: Table, roles: Roles) -> tuple[Table, Roles]:
    """Returns a table whose file has no header, and its roles, with columns that are called by their role."""
    if not table.headless:
        return table, roles
    strength = roles.strength
    kind = "rating" if strength.rating else "count" if strength.count else "event"
    names = {"user": "user_id", "item": "item_id", "strength": kind, "time": "timestamp"}
    new = {column: names[role] for role, column in roles.columns.items()}
    called = [new.get(name, name) for name in table.columns]

    def renamed(guess: Guess | None) -> Guess | None:
        return guess and replace(guess, column=new[guess.column])

    changed = replace(
        strength,
        guess=renamed(strength.guess),
        rating=strength.rating and strength.rating.model_copy(update={"column": "rating"}),
        count=strength.count and "count",
        event=strength.event and strength.event.model_copy(update={"column": "event"}),
    )
    user, item = replace(roles.user, column="user_id"), replace(roles.item, column="item_id")
    unit = roles.unit and roles.unit.model_copy(update={"column": "timestamp"})
    return table.renamed(called), replace(
        roles, user=user, item=item, strength=changed, time=renamed(roles.time), unit=unit
    )
