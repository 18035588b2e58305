"""A split of ratings by time, into those before a moment and those from it on."""

from dataclasses import dataclass, replace

import numpy as np

from trainer.data.attributes import Attributes
from trainer.data.catalogue import Catalogue
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings


@dataclass(frozen=True, eq=False)
class SplitByTime:
    """The older and the newer part of the same ratings.

    Attributes:
        before: the older ratings, for training; its catalogue holds nothing from later.
        after: the newer ratings in the ids of `before`: 0 for a user or an item that it does not know.
        newcomers: int32 [rows of `after`], numbers from 1 for users whom `before` does not know, else 0.
        moment: the time of the oldest rating in `after`, in seconds.
    """

    before: RatingData
    after: Ratings
    newcomers: np.ndarray
    moment: int

    @property
    def last(self) -> int:
        """Returns the time of the newest rating, in seconds."""
        return int(self.after.timestamp.max())

    @classmethod
    def of(cls, data: RatingData, share: float) -> "SplitByTime | None":
        """Splits `data.train` so that `after` is the newest `share` of its rows, as closely as times allow.

        Ratings of the same second stay together, in `after`, so the order of equal times does not matter.

        Args:
            data: all ratings, with a catalogue of all of them.
            share: the share of the newer part, 0 to 1.

        Returns:
            The split; None if the times are all the same or missing.
        """
        ratings = data.train
        if not len(ratings):
            return None
        newer = min(max(round(len(ratings) * share), 1), len(ratings))
        moment = int(np.sort(ratings.timestamp)[-newer])
        older = ratings.timestamp < moment
        if not older.any():
            return None
        users, items = (_kept(column[older]) for column in (ratings.user, ratings.movie))
        catalogue = data.catalogue
        user, item = (
            _renumbered(rows, size) for rows, size in ((users, catalogue.users), (items, catalogue.movies))
        )
        ids = replace(ratings, user=user[ratings.user], movie=item[ratings.movie])
        vocabularies = replace(
            catalogue.vocabularies,
            user_id=tuple(catalogue.vocabularies.user_id[row - 1] for row in users),
            movie_id=tuple(catalogue.vocabularies.movie_id[row - 1] for row in items),
        )
        before, after = ids[older], ids[~older]
        attributes = _attributes(catalogue.attributes, vocabularies, users, items)
        _, numbers = np.unique(ratings.user[~older], return_inverse=True)
        return cls(
            RatingData(before, None, Catalogue.of(before, attributes, vocabularies, catalogue.description)),
            after,
            np.where(after.user == 0, numbers + 1, 0).astype(np.int32),
            moment,
        )


def _kept(ids: np.ndarray) -> np.ndarray:
    """Returns the known ids that occur, the most frequent first, ties by the lower id."""
    known, counts = np.unique(ids[ids > 0], return_counts=True)
    return known[np.argsort(-counts, kind="stable")]


def _renumbered(kept: np.ndarray, size: int) -> np.ndarray:
    """Returns the table from old to new ids, int32 [size]; 0 for ids that are not kept."""
    table = np.zeros(size, np.int32)
    table[kept] = np.arange(1, len(kept) + 1)
    return table


def _attributes(whole: Attributes, vocabularies, users: np.ndarray, items: np.ndarray) -> Attributes:
    part = Attributes(vocabularies)
    for name in ("age", "gender", "occupation", "zip"):
        setattr(part, name, getattr(whole, name)[np.append(0, users)])
    for name in ("genres", "titles"):
        setattr(part, name, getattr(whole, name)[np.append(0, items)])
    return part
