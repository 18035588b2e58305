"""Sampled negatives: items that a user has not touched, beside each interaction of implicit feedback.

Implicit feedback has positives only. A ranking model learns and is judged by telling an interaction from
items that are drawn at random for the same user. They are drawn by popularity to the power of 0.75
(Mikolov et al., "Distributed Representations of Words and Phrases and their Compositionality", 2013): uniform
draws would be told apart by popularity alone, and draws by popularity itself would hide it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from trainer.data.features import EVENT
from trainer.data.pairs.pair_hash import lots, mixed
from trainer.data.ratings import Ratings, pair_keys

POWER = 0.75
ROUNDS = 16  # redraws of items that the user has, before the few rows that are left are drawn exactly

#: A source of draws: from indices of rows, int [B], and the number of the round to float64 [B], 0 to 1.
Chances: TypeAlias = Callable[[np.ndarray, int], np.ndarray]


def by_generator(random: np.random.Generator) -> Chances:
    """Returns draws that depend on the generator's state."""
    return lambda rows, _: random.random(len(rows))


def by_hash(keys: np.ndarray) -> Chances:
    """Returns draws that depend on the rows' keys alone, uint64 [rows], and not on the other rows."""
    return lambda rows, turn: lots(mixed(keys[rows], np.full(len(rows), turn, np.uint64)))


@dataclass(frozen=True, eq=False)
class Negatives:
    """Draws negatives for users, by row of a catalogue.

    Attributes:
        items: int32 [n], the items that can be drawn, ascending.
        edges: float64 [n], the cumulated probabilities of the items.
        taken: int64, ascending, the keys (`pair_keys`) of all pairs that are no negatives.
        exhausted: bool [users], the users who have every item, and so no negatives.
        number: the number of negatives of each interaction.
    """

    items: np.ndarray
    edges: np.ndarray
    taken: np.ndarray
    exhausted: np.ndarray
    number: int

    @classmethod
    def of(cls, interactions: Ratings, known: Ratings, users: int, number: int) -> "Negatives":
        """Builds the sampler.

        Args:
            interactions: those whose counts are the popularity; of items that train does not know (row 0)
                each interaction counts as an item. Where there are positives of unknown items, there must be
                negatives of them too: otherwise an unknown item would be a sure sign of an interaction.
            known: all interactions: their pairs are never drawn.
            users: the number of user rows, including the unknown user's.
            number: the number of negatives of each interaction.
        """
        items, counts = np.unique(interactions.movie, return_counts=True)
        weights = np.where(items > 0, counts.astype(np.float64) ** POWER, counts)
        edges = np.cumsum(weights) / max(weights.sum(), 1e-300)
        pairs = (known.user > 0) & (known.movie > 0)
        taken = np.unique(pair_keys(known.user[pairs], known.movie[pairs]))
        drawable = np.isin(taken & 0xFFFFFFFF, items)
        exhausted = np.bincount(taken[drawable] >> 32, minlength=users) >= len(items)
        return cls(items.astype(np.int32), edges, taken, exhausted, number)

    def rows(self, users: np.ndarray) -> int:
        """Returns the number of rows that `with_negatives` makes of interactions of these users."""
        return len(users) + self.number * int((~self.exhausted[users]).sum())

    def with_negatives(self, interactions: Ratings, random: np.random.Generator) -> Ratings:
        """Returns the interactions with label 1, and then their negatives with label 0.

        A negative has the user, the time and the context of its interaction, and no event type. Users who
        have every item get none.
        """
        sources = np.repeat(np.flatnonzero(~self.exhausted[interactions.user]), self.number)
        users = interactions.user[sources]
        repeated = interactions[sources]
        untold = {EVENT: np.zeros(len(sources), np.int32)} if EVENT in repeated.context else {}
        negatives = replace(
            repeated,
            movie=self.draw(users, by_generator(random)),
            rating=np.zeros(len(sources), np.float32),
            context={**repeated.context, **untold},
        )
        positives = replace(interactions, rating=np.ones(len(interactions), np.float32))
        return Ratings.joined(positives, negatives)

    def draw(self, users: np.ndarray, chances: Chances) -> np.ndarray:
        """Returns an item for each user, int32 [B], which the user does not have.

        Args:
            users: int32 [B], none of them exhausted.
            chances: the source of the draws.
        """
        found = np.zeros(len(users), np.int32)
        left = np.arange(len(users))
        for turn in range(ROUNDS):
            places = np.searchsorted(self.edges, chances(left, turn), side="right")
            found[left] = self.items[np.minimum(places, len(self.items) - 1)]
            left = left[self._has(users[left], found[left])]
            if not len(left):
                return found
        for user in np.unique(users[left]):
            rows = left[users[left] == user]
            found[rows] = self._exactly(user, chances(rows, ROUNDS))
        return found

    def _has(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        keys = pair_keys(users, items)
        places = np.minimum(np.searchsorted(self.taken, keys), len(self.taken) - 1)
        return self.taken[places] == keys if len(self.taken) else np.zeros(len(keys), bool)

    def _exactly(self, user: int, chances: np.ndarray) -> np.ndarray:
        """Draws from the items that a user who has nearly all of them does not have."""
        free = ~self._has(np.full(len(self.items), user), self.items)
        edges = np.cumsum(np.where(free, np.diff(self.edges, prepend=0.0), 0.0))
        places = np.searchsorted(edges, chances * edges[-1], side="right")
        last = int(np.flatnonzero(free)[-1])
        return self.items[np.minimum(places, last)]
