"""Groups of ratings, by which the report slices the metrics."""

import numpy as np

from trainer.data.activity import ACTIVITIES, activity
from trainer.data.attributes import AGE_GROUPS
from trainer.data.catalogue import Catalogue

#: Of a film: the third of train's ratings that it is in, when films are ordered by how often they are rated.
FAME = ("new", "long tail", "middle", "hits")


def by_row(catalogue: Catalogue, user: np.ndarray, movie: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """Returns the rows by feature and value; features that the data set lacks are left out.

    Args:
        catalogue: of train.
        user, movie: int32 [N], ids, 0 for what train does not know.
    """
    attributes, words = catalogue.attributes, catalogue.vocabularies
    tables = {
        "activity": (activity(catalogue)[user], ACTIVITIES),
        "gender": (attributes.gender[user], ("unknown", *words.user_gender)),
        "age_group": (attributes.age[user], ("unknown", *AGE_GROUPS)),
        "film_popularity": (fame(catalogue)[movie], FAME),
    }
    found = {
        feature: {value: np.flatnonzero(column == place) for place, value in enumerate(values)}
        for feature, (column, values) in tables.items()
        if column.any()
    }
    genres = attributes.genres[movie]
    found["genre"] = {name: np.flatnonzero(genres[:, place]) for place, name in enumerate(words.movie_genres)}
    return {
        feature: there
        for feature, values in found.items()
        if (there := {value: rows for value, rows in values.items() if len(rows)})
    }


def fame(catalogue: Catalogue) -> np.ndarray:
    """int64 [movies + 1], places in FAME; 0 for a film that train does not know."""
    counts = catalogue.watchers.lengths[1:]
    rarest_first = np.argsort(counts, kind="stable")
    before = np.cumsum(counts[rarest_first]) - counts[rarest_first]
    thirds = np.zeros(len(counts) + 1, np.int64)
    thirds[1 + rarest_first] = 1 + np.minimum(3 * before // max(counts.sum(), 1), 2)
    return thirds
