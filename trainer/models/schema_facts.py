"""What train says of the described features: cardinalities, domains and widths of embeddings."""

from trainer.data.catalogue import Catalogue
from trainer.data.tables.table import UNKNOWN, OneOf, SetOf, VectorOf
from trainer.models.layers.embedding_width import embedding_width


def cardinalities(catalogue: Catalogue) -> dict[str, int]:
    """Returns the number of values of each user and item feature in train, by key.

    These are the numbers of words, and of bins of numbers; vectors have none.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> counts = cardinalities(catalogue)
        >>> counts["gender"], counts["genres"], counts["occupation"]
        (2, 2, 0)
    """
    return {key: len(values) for key, values in domains(catalogue).items()}


def domains(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Returns the values of each user and item feature in train, by key; none where train has none.

    These are words, and the names of the bins of numbers; vectors have none.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> domains(catalogue)["gender"]
        ('F', 'M')
    """
    found = {}
    for key in _described(catalogue):
        table = catalogue.table(key)
        if isinstance(table, OneOf | SetOf):
            found[key] = tuple(each for each in table.keys if each != UNKNOWN) if table.known else ()
    return found


def embedding_widths(catalogue: Catalogue, multiplier: float = 2.0, multiple_of: int = 1) -> dict[str, int]:
    """Returns the widths of embeddings, by `user_id`, `movie_id` and the keys of the features that train has.

    They are those of `dim: auto`: `embedding_width` of the number of rows. A vector has the width of as many
    rows as it has numbers.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> widths = embedding_widths(catalogue)
        >>> widths["user_id"], widths["movie_id"], widths["gender"]
        (3, 3, 3)
    """
    rows = {"user_id": catalogue.users, "movie_id": catalogue.movies}
    for key in catalogue.known(_described(catalogue)):
        table = catalogue.table(key)
        rows[key] = table.size if isinstance(table, VectorOf) else len(table.keys)
    return {key: embedding_width(count, multiplier, multiple_of) for key, count in rows.items()}


def _described(catalogue: Catalogue) -> tuple[str, ...]:
    return (*catalogue.description.user_features, *catalogue.description.item_features)
