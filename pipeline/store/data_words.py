"""Description of a run's data, and the words that follow from it.

Reports, pages and tables speak of films only where the description of the data does.
"""

from typing import Any

from pydantic import ValidationError

from components.movielens_example_gen.shipped import shipped
from pipeline.store.node_files import INGEST, Nodes
from serving.data_words import DataWords
from trainer.data.description import Description, Nouns


def recorded(ingest: dict[str, Any] | None) -> Description:
    """Returns the description in the content of `ingest.json`.

    Runs of earlier versions did not record it. Their data was MovieLens's, or had its columns.
    """
    if ingest is None or "nouns" not in ingest:
        return shipped("movielens")
    try:
        known = {key: ingest[key] for key in Description.model_fields if key in ingest}
        return Description.model_validate(known)
    except ValidationError:  # written by a version that knows more
        return Description(nouns=Nouns(**ingest["nouns"]), feedback=ingest.get("feedback", "explicit"))


def words_of(description: Description) -> DataWords:
    """Returns the words of a description."""
    plain = description.model_dump(mode="json", include={"nouns", "feedback"})
    return DataWords.of({**plain, "grouping": description.grouping})


def data_words(nodes: Nodes) -> DataWords:
    """Returns the words for a run's data, or for the data that a model was made from."""
    return words_of(recorded(INGEST.read(nodes)))
