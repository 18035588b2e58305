"""Cold-start users with a history, for the evaluation of a `user_holdout` split.

The first 80 % of each user's ratings are the history of the request, and the rest are the positives.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trainer.data.catalogue import Catalogue, Ragged
from trainer.data.columns import Columns
from trainer.data.description import Description
from trainer.data.examples import example_batches, expand
from trainer.data.features import USER_ID
from trainer.data.ratings import Ratings

SHARE = 0.8  # the share of a user's ratings that form the history
MIXED = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False)
class HeldOutUsers:
    """Cold-start users, with their histories and their held-out ratings.

    Attributes:
        catalogue: the catalogue of train with these users in place of train's; row 0 is the unknown user,
            and `watched` holds the histories.
        history: the ratings of the histories, `user` by that catalogue; they include films that train lacks.
        rest: the held-out ratings.
        known: the number of users whom train knows.
    """

    catalogue: Catalogue
    history: Ratings
    rest: Ratings
    known: int

    @classmethod
    def read(cls, files: Sequence[str], catalogue: Catalogue, share: float = SHARE) -> "HeldOutUsers | None":
        """Reads the users of a split who are not in train's `catalogue`; None if it knows all users."""
        strangers = tuple(sorted(_users(files, catalogue.description) - set(catalogue.vocabularies.user_id)))
        if not strangers:
            return None
        vocabularies = replace(catalogue.vocabularies, user_id=strangers)
        ratings = Ratings.from_files(files, vocabularies)
        mine = replace(catalogue, vocabularies=vocabularies)
        return cls.of(ratings[ratings.user > 0], mine, catalogue.users - 1, share)

    @classmethod
    def of(cls, ratings: Ratings, catalogue: Catalogue, known: int, share: float = SHARE) -> "HeldOutUsers":
        """Splits each user's ratings by time; a hash of user and film orders ratings of the same time.

        Args:
            ratings: the users' ratings, in the ids of `catalogue`.
            catalogue: the catalogue of train, with the vocabulary of these users.
            known: the number of users whom train knows.
            share: the share of each user's ratings that form the history; at least one rating is held out.
        """
        pairs = ratings.user.astype(np.uint64) << np.uint64(32) | ratings.movie.astype(np.uint64)
        ratings = ratings[np.lexsort((pairs * MIXED, ratings.timestamp, ratings.user))]
        counts = np.bincount(ratings.user, minlength=catalogue.users)
        ends = np.cumsum(counts)
        place = np.arange(len(ratings)) - (ends - counts)[ratings.user]
        history = place < np.minimum(np.ceil(counts * share), counts - 1)[ratings.user]
        watched = history & (ratings.movie > 0)
        lengths = np.bincount(ratings.user[watched], minlength=catalogue.users)
        splits = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        mine = replace(
            catalogue,
            watched=Ragged(ratings.movie[watched], splits),
            attributes=catalogue.attributes.taken(
                catalogue.vocabularies, None, np.arange(1, catalogue.movies)
            ),
        )
        return cls(mine, ratings[history], ratings[~history], known)


def _users(files: Sequence[str], description: Description) -> set[str]:
    """Returns the users of a split."""
    columns = Columns.beside(files)
    if columns is not None:
        return set(columns.user.counts())
    names: set[bytes] = set()
    for raw in example_batches(expand(files), (USER_ID,), description=description):
        names.update(np.unique(raw[USER_ID].numpy()).tolist())
    return {name.decode("utf-8", "replace") for name in names}
