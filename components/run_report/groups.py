"""Groups of ratings, by which the report slices the metrics."""

import numpy as np

from trainer.data.activity import ACTIVITIES, activity
from trainer.data.catalogue import Catalogue
from trainer.data.description import MOST_SLICES
from trainer.data.tables.table import OneOf, SetOf
from trainer.evaluation.held_out import user_groups

#: Of a film: the third of train's ratings that it is in, when films are ordered by how often they are rated.
FAME = ("new", "long tail", "middle", "hits")


def by_row(catalogue: Catalogue, user: np.ndarray, movie: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """Returns the rows by feature and value; features that the data set lacks are left out.

    Args:
        catalogue: of train.
        user, movie: int32 [N], ids, 0 for what train does not know.
    """
    tables = {
        "activity": (activity(catalogue)[user], ACTIVITIES),
        **{feature: (table[user], values) for feature, (table, values) in user_groups(catalogue).items()},
        "item_popularity": (fame(catalogue)[movie], FAME),
    }
    found = {
        feature: {value: np.flatnonzero(column == place) for place, value in enumerate(values)}
        for feature, (column, values) in tables.items()
        if column.any()
    }
    found |= _by_words(catalogue, movie)
    return {
        feature: there
        for feature, values in found.items()
        if (there := {value: rows for value, rows in values.items() if len(rows)})
    }


def _by_words(catalogue: Catalogue, movie: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """Returns the rows by word of each film feature of few words; a row may be in several groups."""
    description, found = catalogue.description, {}
    keys = (*description.sliced("item", "categories"), *description.sliced("item", "category"))
    keys = (*keys, *description.sliced("item", "number"))
    for key in keys:
        table = catalogue.table(key)
        if isinstance(table, SetOf) and len(table.keys) <= MOST_SLICES:
            members = table.members()[movie]
            found[key] = {word: np.flatnonzero(members[:, place]) for place, word in enumerate(table.keys)}
        elif isinstance(table, OneOf) and len(table.keys) <= 1 + MOST_SLICES and table.known:
            ids = table.ids[movie]
            found[description.slice_of(key)] = {
                word or "unknown": np.flatnonzero(ids == place) for place, word in enumerate(table.keys)
            }
    return found


def fame(catalogue: Catalogue) -> np.ndarray:
    """int64 [movies + 1], places in FAME; 0 for a film that train does not know."""
    counts = catalogue.watchers.lengths[1:]
    rarest_first = np.argsort(counts, kind="stable")
    before = np.cumsum(counts[rarest_first]) - counts[rarest_first]
    thirds = np.zeros(len(counts) + 1, np.int64)
    thirds[1 + rarest_first] = 1 + np.minimum(3 * before // max(counts.sum(), 1), 2)
    return thirds
