"""What somebody likes, as it is typed: titles or ids, each with a weight where one is given."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from serving.client.known_titles import check_titles
from serving.errors import ServingError

_WEIGHTED = re.compile(r"(.+)=\s*(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Liked:
    """An item that somebody likes.

    Attributes:
        movie_id: its id.
        weight: how much it counts, at least 0.
        by_title: whether it was named by its title, without a weight.
    """

    movie_id: str
    weight: float = 1.0
    by_title: bool = False


def liked_items(asked: Sequence[str], items: Sequence[tuple[str, str]], noun: str) -> list[Liked]:
    """Returns the items that somebody means.

    A title goes before an id of the same letters, and either before a part of it with a weight behind it: an
    item that is called "E=2" is meant by "E=2".

    Args:
        asked: titles or ids, or either followed by = and a number, the weight.
        items: the ids and titles of the catalogue, most popular first.
        noun: noun for an item, such as `film`.

    Raises:
        ServingError: no item is called so, or a weight is below 0.
    """
    by_title: dict[str, str] = {}
    for movie_id, title in items:
        if title:
            by_title.setdefault(title, movie_id)
    ids = {movie_id for movie_id, _ in items}

    def found(name: str) -> str | None:
        return by_title.get(name) or (name if name in ids else None)

    liked, unknown = [], []
    for each in asked:
        parted = _WEIGHTED.fullmatch(each)
        name = parted[1].rstrip() if parted else each
        whole, part = found(each), found(name)
        if whole is not None:
            liked.append(Liked(whole, by_title=each in by_title))
        elif parted and part is not None:
            liked.append(Liked(part, _weight(each, float(parted[2]))))
        else:
            unknown.append(name)
    check_titles(unknown, [*by_title], '--like "{}"', noun)
    return liked


def _weight(typed: str, weight: float) -> float:
    if not math.isfinite(weight) or weight < 0:
        raise ServingError(f'"{typed}": a weight of {weight:g} means nothing', "Give 0 or more; 1 is usual.")
    return weight
