"""Keys of the rows of a model's tables, by which a warm start matches them when the catalogue has grown."""

from trainer.data.catalogue import Catalogue
from trainer.data.tables.table import UNKNOWN
from trainer.data.tables.title_words import title_words

WORDS = "words"  # the owner of a table of title words

__all__ = ["UNKNOWN", "WORDS", "row_keys"]


def row_keys(catalogue: Catalogue, owner: str) -> tuple[str, ...]:
    """Returns the key of each row, in the order of the table's rows.

    A table of a set of words, or of a vector's numbers, has no row for unknown: without any of them a film
    uses none of the rows.

    Args:
        catalogue: the catalogue of the model.
        owner: the table's owner: `user_id`, `movie_id`, a feature's key, or `words` (of titles).
    """
    match owner:
        case "words":
            return title_words(catalogue.attributes.titles)[1]
        case "user_id":
            return (UNKNOWN, *catalogue.vocabularies.user_id)
        case "movie_id":
            return (UNKNOWN, *catalogue.vocabularies.movie_id)
    if owner in catalogue.context:
        return catalogue.context[owner].keys
    return catalogue.table(owner).keys
