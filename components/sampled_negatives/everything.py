"""All interactions of a data set, and what its examples say of each item."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import tensorflow as tf

from trainer.data.description import Description
from trainer.data.examples import with_serialized
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.implicit.negatives import Negatives
from trainer.data.pairs.pair_hash import column_hashes
from trainer.data.ratings import Ratings

BATCH = 1 << 15


@dataclass(frozen=True, eq=False)
class Everything:
    """The pairs of all splits, and the features of each item; memory grows with both, not their product.

    Attributes:
        users: uint64 [users], ascending, the hashes of users; row r of `pairs` is the user r - 1 here.
        pairs: the interactions, in rows from 1.
        items: by row, the features of each item, the unknown one (row 0) without any.
        names: the names of the items' features.
    """

    users: np.ndarray
    pairs: Ratings
    items: list[tf.train.Features]
    names: tuple[str, ...]

    @classmethod
    def read(cls, patterns: Sequence[str], description: Description) -> Self:
        """Reads files by glob patterns; of an item that has several descriptions the first one counts."""
        names = item_features(description)
        batches = with_serialized(patterns, (USER_ID, MOVIE_ID), BATCH, description)
        users: list[np.ndarray] = [np.empty(0, np.uint64)]
        items: list[np.ndarray] = [np.empty(0, np.uint64)]
        described: dict[int, tf.train.Features] = {}
        for serialized, raw in batches.as_numpy_iterator():
            users.append(column_hashes(raw[USER_ID]))
            items.append(column_hashes(raw[MOVIE_ID]))
            for item, place in zip(*np.unique(items[-1], return_index=True), strict=True):
                if item not in described:
                    described[item] = _features(serialized[place], names)
        distinct, user = np.unique(np.concatenate(users), return_inverse=True)
        known, item = np.unique(np.concatenate(items), return_inverse=True)
        pairs = Ratings(
            1 + user.astype(np.int32),
            1 + item.astype(np.int32),
            np.ones(len(user), np.float32),
            np.zeros(len(user), np.int64),
        )
        return cls(distinct, pairs, [tf.train.Features(), *(described[each] for each in known)], names)

    def negatives(self, number: int) -> Negatives:
        """Returns the sampler of items by their popularity in all splits.

        An item that only a held-out split has is unknown to every model. If no negative were one, an unknown
        item would be a sure sign of an interaction.
        """
        return Negatives.of(self.pairs, self.pairs, len(self.users) + 1, number)

    def user_rows(self, hashes: np.ndarray) -> np.ndarray:
        """Returns the rows of known users, int32 [B], by their hashes."""
        return 1 + np.searchsorted(self.users, hashes).astype(np.int32)

    def put_item(self, example: tf.train.Example, item: int) -> None:
        """Replaces the item of an example and all its features."""
        mine, theirs = self.items[item].feature, example.features.feature
        for name in self.names:
            if name in mine:
                theirs[name].CopyFrom(mine[name])
            elif name in theirs:
                del theirs[name]


def item_features(description: Description) -> tuple[str, ...]:
    """Returns the names in tf.Examples of everything that belongs to an item."""
    described = (
        feature.name or key for key, feature in description.item_features.items() if feature.of is None
    )
    return (description.names.item, description.names.title, *described)


def _features(serialized: bytes, names: Sequence[str]) -> tf.train.Features:
    whole = tf.train.Example.FromString(serialized).features.feature
    return tf.train.Features(feature={name: whole[name] for name in names if name in whole})
