"""What an interaction is worth: a column of ratings with its scale, of counts, or of event types."""

from dataclasses import dataclass

import numpy as np

from components.movielens_example_gen.description import EventColumn, RatingColumn
from pipeline.inspection.guessing.guess import Guess
from pipeline.inspection.looking.profiles import Profile
from pipeline.inspection.looking.tables import Table
from pipeline.inspection.names import known, named, plain

#: By event, its weight. None: it says that somebody does not want the item.
WEIGHTS: dict[str, float | None] = {
    **dict.fromkeys(("view", "click", "impression", "pageview", "detail", "open", "visit", "pv", "read"), 1),
    **dict.fromkeys(("play", "listen", "watch", "stream", "search"), 1),
    **dict.fromkeys(("like", "favorite", "favourite", "fav", "save", "bookmark", "wishlist", "follow"), 2),
    **dict.fromkeys(("share", "comment", "rate", "download"), 2),
    **dict.fromkeys(("cart", "addtocart", "basket", "addtobasket"), 3),
    "checkout": 4,
    **dict.fromkeys(("purchase", "buy", "order", "transaction", "paid", "sale", "bought", "subscribe"), 5),
    **dict.fromkeys(
        (
            "removefromcart",
            "remove",
            "dislike",
            "skip",
            "refund",
            "return",
            "cancel",
            "hide",
            "unlike",
            "delete",
        ),
        None,
    ),
}
MOST_EVENTS = 20
MOST_LEVELS = 101
#: With fewer rows, the ends of a scale need not occur.
FEW_ROWS = 1_000
_USUAL_SCALES = ((1.0, 5.0, 1.0), (0.5, 5.0, 0.5), (0.0, 5.0, 1.0), (1.0, 10.0, 1.0), (0.0, 10.0, 1.0))


@dataclass(frozen=True)
class Strength:
    """What an interaction is worth.

    Attributes:
        guess: the column and why; None: each is worth 1.
        rating, count, event: as the configuration has it, one at most.
        doubts: what was not certain.
    """

    guess: Guess | None = None
    rating: RatingColumn | None = None
    count: str | None = None
    event: EventColumn | None = None
    doubts: tuple[str, ...] = ()


def guess_strength(table: Table, taken: set[str]) -> Strength:
    """Guesses what an interaction is worth.

    Args:
        table: the interactions.
        taken: columns that have another role.
    """
    free = {name: each for name, each in table.profiles.items() if name not in taken and each.values}
    doubts: list[str] = []
    found: list[tuple[str, Strength]] = []
    for role, make in (("rating", _rating), ("event", _event), ("count", _count)):
        for name in named(role, list(free)):
            if made := make(free[name], "by its name", doubts):
                found.append((name, made))
    if not found:
        for profile in free.values():
            words = (
                {plain(word) for word in profile.values} & set(WEIGHTS) if profile.numbers is None else set()
            )
            if 2 * len(words) > profile.distinct:
                found += [(profile.name, each)] if (each := _event(profile, "by its words", doubts)) else []
    if not found and table.headless:
        found = _unnamed(free, doubts)
    if not found:
        perhaps = [name for name, each in free.items() if _perhaps(each)]
        if perhaps:
            doubts.append(
                f"nothing is called like a rating or a count, so each interaction is worth 1; if "
                f"{perhaps[0]!r} says more, name it as interactions.rating or .count"
            )
        return Strength(doubts=tuple(doubts))
    name, chosen = found[0]
    if not chosen.event:
        doubts += said_of_cells(free[name], name)
    for other, _ in found[1:]:
        doubts.append(
            f"{name!r} and {other!r} could both say what an interaction is worth; took {name!r}: change "
            "interactions if that is wrong"
        )
    return Strength(chosen.guess, chosen.rating, chosen.count, chosen.event, tuple(doubts))


def said_of_cells(profile: Profile, column: str) -> list[str]:
    """Returns what stops a run in a column of numbers: cells that are none."""
    if not profile.no_numbers:
        return []
    count = sum(profile.values[value] for value in profile.no_numbers)
    cells, verb = ("cells", "are") if count > 1 else ("cell", "is")
    example = profile.no_numbers[0][:20]
    return [
        f"{count:,} {cells} of {column!r} {verb} no number, such as {example!r}: a run stops there, and "
        "names the line"
    ]


def _unnamed(free: dict[str, Profile], doubts: list[str]) -> list[tuple[str, Strength]]:
    for profile in free.values():
        if profile.numbers is None or profile.time_unit or profile.distinct < 2:
            continue
        scale = profile.levels is not None and profile.levels <= MOST_LEVELS
        if scale or not profile.integers or profile.numbers[0] < 0:
            why = "few different numbers, evenly apart" if scale else "numbers with fractions or below 0"
            if made := _rating(profile, why, doubts):
                return [(profile.name, made)]
        elif made := _count(profile, "whole numbers without an upper end, most of them small", doubts):
            if not _skewed(profile):
                doubts.append(
                    f"{profile.name} was taken as a count, but its numbers are as often large as small: "
                    "take interactions.count out if it is something else"
                )
            return [(profile.name, made)]
    return []


def _rating(profile: Profile, why: str, doubts: list[str]) -> Strength | None:
    numbers = profile.numbers
    if numbers is None:
        doubts.append(
            f"{profile.name!r} is called like a rating and holds words such as "
            f"{next(iter(profile.values))[:20]!r}; it was left out"
        )
        return None
    if len(numbers) == 1:
        doubts.append(
            f"all values of {profile.name!r} are {numbers[0]:g}: nothing can be learned from such ratings, "
            "so each interaction is worth 1 (implicit feedback)"
        )
        return None
    low, high, step = float(numbers[0]), float(numbers[-1]), profile.step
    if profile.levels is None or profile.levels > MOST_LEVELS:
        low, high, step = float(np.floor(low)), float(np.ceil(high)), None
    elif profile.values.total() < FEW_ROWS and (usual := _usual_scale(low, high, step)):
        doubts.append(
            f"there are few rows, with ratings from {low:g} to {high:g} in {profile.name!r}: the scale was "
            f"taken to be {usual[0]:g} to {usual[1]:g}; change interactions.rating if it is another"
        )
        low, high, step = usual
    by = f" in steps of {step:g}" if step else ", any number between"
    if profile.missing > 0.01:
        doubts.append(
            f"{profile.missing:.0%} of the rows have no value in {profile.name!r}: a run stops there"
        )
    guess = Guess(profile.name, why, f"{low:g} to {high:g}{by}")
    return Strength(guess, rating=RatingColumn(column=profile.name, min=low, max=high, step=step))


def _usual_scale(low: float, high: float, step: float | None) -> tuple[float, float, float] | None:
    """Returns the smallest usual scale that ratings fit into; None: the one they have, or no usual one."""
    for least, most, distance in _USUAL_SCALES:
        fits = step and least <= low and high <= most and not step % distance and not (low - least) % distance
        if fits:
            same = (low, high, step) == (least, most, distance)
            return None if same else (least, most, distance)
    return None


def _count(profile: Profile, why: str, doubts: list[str]) -> Strength | None:
    numbers = profile.numbers
    if numbers is None or numbers[0] < 0 or len(numbers) < 2:
        return None
    if numbers[0] == 0:
        doubts.append(f"{profile.name!r} is 0 in some rows; a run says what it does with them")
    guess = Guess(
        profile.name, why, f"{numbers[0]:,g} to {numbers[-1]:,g}, half of them up to {profile.median:,g}"
    )
    return Strength(guess, count=profile.name)


def _event(profile: Profile, why: str, doubts: list[str]) -> Strength | None:
    if profile.numbers is not None or not 1 < profile.distinct <= MOST_EVENTS:
        return None
    seen = [word for word, _ in profile.values.most_common()]
    weights = {word: WEIGHTS.get(plain(word), 1) for word in seen}
    kept = {word: float(weight) for word, weight in weights.items() if weight is not None}
    if not kept:
        return None
    left = [word for word, weight in weights.items() if weight is None]
    unknown = [word for word in kept if plain(word) not in WEIGHTS]
    doubts.append(
        "the events' weights are guesses ("
        + ", ".join(f"{word} {weight:g}" for word, weight in kept.items())
        + "): change interactions.event.weights to what they are worth to you"
    )
    if unknown:
        doubts.append(f"of the events {', '.join(unknown)} nothing is known; each is worth 1")
    if left:
        doubts.append(
            f"rows of the events {', '.join(left)} are left out: they say that an item is not wanted"
        )
    guess = Guess(profile.name, why, ", ".join(f"{word} {profile.values[word]:,}" for word in seen[:4]))
    event = EventColumn(column=profile.name, weights=kept, others="skip" if left else "stop")
    return Strength(guess, event=event, doubts=())


def _perhaps(profile: Profile) -> bool:
    """Tells whether numbers without a telling name could be ratings or counts."""
    if profile.numbers is None or profile.time_unit or profile.distinct < 2 or known(profile.name):
        return False
    return profile.integers and profile.numbers[0] >= 0 and profile.unique < 0.5


def _skewed(profile: Profile) -> bool:
    numbers = profile.numbers
    assert numbers is not None  # those of counts
    return bool(np.isclose(profile.median, numbers[0]) or numbers[-1] > 4 * max(profile.median, 1))
