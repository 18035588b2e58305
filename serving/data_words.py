"""Words for a data set that people read: nouns of users and items, and what an interaction is called.

A model that was exported with a description of its data has it in `assets.extra/description.json`: `nouns`
(`user`, `users`, `item`, `items`), `feedback` (`explicit` or `implicit`), `scale` of ratings, and `grouping`,
the feature whose values the signature `describe` returns. Where the description is not known, as with a stock
TF Serving, the words are neutral.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

FILE = Path("assets.extra") / "description.json"


@dataclass(frozen=True)
class DataWords:
    """Words for a data set.

    Args:
        user, users: one who chooses, in singular and plural.
        item, items: what is chosen.
        rating, ratings: one interaction; `rating` only if users give ratings.
        value: what an interaction says: the rating, or how strong the interaction is.
        expected: what a ranking model predicts: a rating, or the chance of an interaction.
        grouping: name of the feature by which items are grouped, such as `genres`; "" without one.
    """

    user: str = "user"
    users: str = "users"
    item: str = "item"
    items: str = "items"
    rating: str = "rating"
    ratings: str = "ratings"
    value: str = "rating"
    expected: str = "rating"
    grouping: str = ""

    @property
    def popular(self) -> str:
        """Returns the name of the popularity baseline: `most popular films`."""
        return f"most popular {self.items}"

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Self:
        """Returns the words of a description as plain data; keys that are missing have neutral words."""
        nouns = described.get("nouns", {})
        user, item = nouns.get("user") or "user", nouns.get("item") or "item"
        given = described.get("feedback", "explicit") == "explicit"
        rating = "rating" if given else "interaction"
        return cls(
            user=user,
            users=nouns.get("users") or f"{user}s",
            item=item,
            items=nouns.get("items") or f"{item}s",
            rating=rating,
            ratings=f"{rating}s",
            value="rating" if given else "strength",
            expected="rating" if given else "chance",
            grouping=described.get("grouping") or "",
        )


def description_of(version: Path) -> dict[str, Any]:
    """Returns the content of a model version's `description.json`; empty without one."""
    try:
        found = json.loads((version / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
