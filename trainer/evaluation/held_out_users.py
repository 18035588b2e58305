"""Users whom train does not know, by what they watched first: how a `user_holdout` split is judged.

Of each one's ratings the first 80 % are the history that a request would bring, and the rest is to be found.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trainer.data.attributes import Attributes
from trainer.data.catalogue import Catalogue, Ragged
from trainer.data.examples import example_batches, expand
from trainer.data.features import USER_ID
from trainer.data.ratings import Ratings

SHARE = 0.8  # of a user's ratings that are the history
MIXED = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False)
class HeldOutUsers:
    """Who they are, what they bring, and what is to be found.

    Attributes:
        catalogue: of train, but with these users in place of train's: row 0 nobody, `watched` the histories.
        history: the ratings that they bring, `user` by that catalogue; films that train lacks among them.
        rest: the ratings that are to be found.
        known: how many users train knows.
    """

    catalogue: Catalogue
    history: Ratings
    rest: Ratings
    known: int

    @classmethod
    def read(cls, files: Sequence[str], catalogue: Catalogue, share: float = SHARE) -> "HeldOutUsers | None":
        """Reads the users of a split whom `catalogue`, of train, does not know; None if it knows them all."""
        known = {name.encode() for name in catalogue.vocabularies.user_id}
        names = set()
        for raw in example_batches(expand(files), (USER_ID,)):
            names.update(np.unique(raw[USER_ID].numpy()).tolist())
        strangers = tuple(sorted(name.decode("utf-8", "replace") for name in names - known))
        if not strangers:
            return None
        vocabularies = replace(catalogue.vocabularies, user_id=strangers)
        ratings = Ratings.from_files(files, vocabularies)
        mine = replace(catalogue, vocabularies=vocabularies)
        return cls.of(ratings[ratings.user > 0], mine, catalogue.users - 1, share)

    @classmethod
    def of(cls, ratings: Ratings, catalogue: Catalogue, known: int, share: float = SHARE) -> "HeldOutUsers":
        """Parts each user's ratings by time; ratings of the same time by a hash of user and film.

        Args:
            ratings: of users by `catalogue`'s vocabulary.
            catalogue: of train but for the vocabulary of users.
            known: how many users train knows.
            share: of each user's ratings that are the history; at least one is to be found.
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
            attributes=_of_films(catalogue),
        )
        return cls(mine, ratings[history], ratings[~history], known)


def _of_films(catalogue: Catalogue) -> Attributes:
    """What is known of train's films, and of other users nothing."""
    attributes = Attributes(catalogue.vocabularies)
    attributes.titles, attributes.genres = catalogue.attributes.titles, catalogue.attributes.genres
    return attributes
