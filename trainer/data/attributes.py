"""Attributes of users and films as tables by id."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from trainer.data.description import Description, Owner
from trainer.data.features import MOVIE_TITLE
from trainer.data.tables.columns import Column, NumberColumn, column, titled
from trainer.data.tables.table import OneOf, SetOf, Table
from trainer.data.vocabularies import Vocabularies


class Attributes:
    """Tables of the described features, filled from batches of ratings; row 0 is the unknown user or film.

    Each user's and film's features are taken from the first ratings that have them.

    Args:
        vocabularies: the ids, the words, and the description of the features.

    Attributes:
        titles: object (str) [movies + 1].
    """

    def __init__(self, vocabularies: Vocabularies):
        self._vocabularies = vocabularies
        self._rows = {"user": len(vocabularies.user_id) + 1, "item": len(vocabularies.movie_id) + 1}
        self.titles = np.full(self._rows["item"], "", object)
        self._columns: dict[str, Column] = {
            key: column(key, feature, self._rows[owner], vocabularies.of(key))
            for key, (owner, feature) in self.description.in_examples().items()
            if owner != "context"
        }
        self._tables: dict[str, Table] = {}

    @property
    def description(self) -> Description:
        """Returns the description of the features."""
        return self._vocabularies.description

    def names(self, *owners: Owner) -> tuple[str, ...]:
        """Returns what `update` reads of users, of items, or (none given) of both, as in tf.Examples."""
        owners = owners or ("user", "item")
        of_each = self.description.features()
        found = [self.description.name_of(key) for key in self._columns if of_each[key][0] in owners]
        return (MOVIE_TITLE, *found) if "item" in owners else tuple(found)

    def update(self, user: np.ndarray | None, movie: np.ndarray | None, raw: Mapping[str, tf.Tensor]) -> None:
        """Adds the users and films of a batch.

        Args:
            user, movie: int32 [B], the rows of users and films; None: the batch has nothing of theirs.
            raw: parsed features.
        """
        self._tables = {}
        nobody = np.empty(0, np.int32)
        first = {
            owner: _first_rows(nobody if rows is None else rows)
            for owner, rows in (("user", user), ("item", movie))
        }
        movies, rows = first["item"]
        if MOVIE_TITLE in raw:
            new = self.titles[movies] == ""
            titles = tf.gather(raw[MOVIE_TITLE], rows[new]).numpy()
            self.titles[movies[new]] = [title.decode("utf-8", "replace") for title in titles]
        for key, part in self._columns.items():
            owner, feature = self.description.features()[key]
            name = feature.name or key
            if name in raw:
                ids, rows = first[owner]
                new = part.missing(ids)
                if new.any():
                    part.put(ids[new], tf.gather(raw[name], rows[new]))

    def table(self, key: str) -> Table:
        """Returns a feature's values by user or by film, as models gather them.

        Raises:
            KeyError: no user or film feature has this key.
        """
        if key not in self._tables:
            self._tables[key] = self._column(key).table()
        return self._tables[key]

    def numbers(self, key: str) -> np.ndarray:
        """Returns a number's (or time's) values by user or by film, float64 [rows]; NaN: unknown."""
        found = self._column(key)
        assert isinstance(found, NumberColumn)
        return found.values

    def text(self, key: str, row: int) -> list[str]:
        """Returns a user's or film's words, or the bin of a number; [] if there is none."""
        table = self.table(key)
        if isinstance(table, SetOf):
            return table.text(row)
        assert isinstance(table, OneOf)
        return [table.keys[table.ids[row]]] if table.ids[row] else []

    def taken(self, vocabularies: Vocabularies, users: np.ndarray | None, movies: np.ndarray) -> "Attributes":
        """Returns the attributes of some users and films, whose ids `vocabularies` have in this order.

        Args:
            vocabularies: the ids; the words and the description are those of this one.
            users: rows of users; None: users of whom nothing is known.
            movies: rows of films.
        """
        part = Attributes(vocabularies)
        rows = {"user": users, "item": movies}
        part.titles = self.titles[np.append(0, movies)]
        for key, source in self._columns.items():
            kept = rows[self.description.features()[key][0]]
            if kept is not None:
                part._columns[key].take(source, np.append(0, kept))  # type: ignore[arg-type]
        return part

    def _column(self, key: str) -> Column:
        if key in self._columns:
            return self._columns[key]
        owner, feature = self.description.features()[key]
        if owner == "context":
            raise KeyError(key)
        return titled(key, feature, self.titles)


def _first_rows(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the known ids of a batch and the first row of each."""
    known, rows = np.unique(ids, return_index=True)
    return known[known > 0], rows[known > 0]
