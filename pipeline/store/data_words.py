"""Words for a run's data that people read: nouns of users and items, and what an interaction is called.

Reports, pages and tables speak of films only where the description of the data does.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from components.movielens_example_gen.shipped import shipped
from pipeline.store.node_files import INGEST, Nodes
from trainer.data.description import Description, Nouns


@dataclass(frozen=True)
class DataWords:
    """Words for a data set.

    Args:
        user, users: one who chooses, in singular and plural.
        item, items: what is chosen.
        rating, ratings: one interaction; `rating` only if users give ratings.
        value: what an interaction says: the rating, or how strong the interaction is.
        grouping: name of the feature by which items are grouped, such as `genres`; "" without one.
    """

    user: str = "user"
    users: str = "users"
    item: str = "item"
    items: str = "items"
    rating: str = "rating"
    ratings: str = "ratings"
    value: str = "rating"
    grouping: str = ""

    @property
    def popular(self) -> str:
        """Returns the name of the popularity baseline: `most popular films`."""
        return f"most popular {self.items}"

    @classmethod
    def of(cls, description: Description) -> "DataWords":
        """Returns the words of a description."""
        nouns, given = description.nouns, description.feedback == "explicit"
        rating = "rating" if given else "interaction"
        return cls(
            user=nouns.user,
            users=nouns.of_users(),
            item=nouns.item,
            items=nouns.of_items(),
            rating=rating,
            ratings=f"{rating}s",
            value="rating" if given else "strength",
            grouping=description.grouping or "",
        )


def description(nodes: Nodes) -> Description:
    """Returns the description of a run's data, or of the data that a model was made from.

    Runs of earlier versions did not record it. Their data was MovieLens's, or had its columns.
    """
    return recorded(INGEST.read(nodes))


def recorded(ingest: dict[str, Any] | None) -> Description:
    """Returns the description in the content of `ingest.json`, as `description` does for nodes."""
    if ingest is None or "nouns" not in ingest:
        return shipped("movielens")
    try:
        known = {key: ingest[key] for key in Description.model_fields if key in ingest}
        return Description.model_validate(known)
    except ValidationError:  # written by a version that knows more
        return Description(nouns=Nouns(**ingest["nouns"]))


def data_words(nodes: Nodes) -> DataWords:
    """Returns the words for a run's data."""
    return DataWords.of(description(nodes))
