"""Quality of a retrieval model's lists, overall and by group of users."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.measures import KS, QUALITY_MEASURES
from trainer.evaluation.metrics import (
    catalogue_coverage,
    gini,
    list_metrics,
    mean_popularity,
    novelty,
    ranked_lists,
)
from trainer.evaluation.metrics.top_k import BLOCK

LONGEST = max(KS)
CHUNK = 16384  # users whose hits are counted at once: six metrics at a hundred cutoffs take 79 MB

Scores = Callable[[np.ndarray], np.ndarray]  # from user rows, int32 [B], to scores, float32 [B, M]


@dataclass(frozen=True, eq=False)
class Quality:
    """The metrics of the lists of a held-out split's users.

    Attributes:
        held_out: the held-out films that the lists are compared with.
        lists: int32 [U, K], best first, -1 for no film.
        by_user: the metrics of `list_metrics`, float64 [U] by name.
        recall_curve: float64 [K], the mean recall at k = 1, 2, 3 …
    """

    held_out: HeldOut
    lists: np.ndarray
    by_user: dict[str, np.ndarray]
    recall_curve: np.ndarray

    def means(self) -> dict[str, float]:
        """Returns the QUALITY_MEASURES whose k were computed; NaN if no film is listed."""
        popularity, items = self.held_out.popularity, self.held_out.catalogue.movies - 1
        found = {name: float(values.mean()) for name, values in self.by_user.items()}
        for k in {int(name.split("@")[1]) for name in self.by_user}:
            found |= {
                f"coverage@{k}": catalogue_coverage(self.lists, k, items),
                f"novelty@{k}": novelty(self.lists, k, popularity, self.held_out.population),
                f"mean_popularity@{k}": mean_popularity(self.lists, k, popularity),
                f"gini@{k}": gini(self.lists, k, items),
            }
        return {name: found[name] for name in QUALITY_MEASURES if name in found}

    def standard_errors(self) -> dict[str, float]:
        """Returns the standard errors of the means over users; NaN for a single user."""
        return {name: _standard_error(values) for name, values in self.by_user.items()}

    def change(self, before: Self) -> dict[str, dict[str, float]]:
        """Returns the mean change of the users' metrics and its standard error, paired by user."""
        differences = {name: values - before.by_user[name] for name, values in self.by_user.items()}
        return {
            name: {"mean": float(values.mean()), "standard_error": _standard_error(values)}
            for name, values in differences.items()
        }

    def within(self, places: np.ndarray) -> dict[str, float]:
        """Returns the means over the users at the given indices."""
        return {name: float(values[places].mean()) for name, values in self.by_user.items()}

    def exposure(self, k: int = 10, groups: int = 10) -> list[float]:
        """Returns the share of all lists' first k items in each tenth of the catalogue, rarest first."""
        shown = self.lists[:, :k]
        counts = np.bincount(shown[shown > 0], minlength=self.held_out.catalogue.movies)[1:]
        rarest_first = np.argsort(self.held_out.popularity[1:], kind="stable")
        parts = [int(part.sum()) for part in np.array_split(counts[rarest_first], groups)]
        return [part / max(sum(parts), 1) for part in parts]


def measure(scores: Scores, held_out: HeldOut, block: int = BLOCK) -> Quality:
    """Ranks the catalogue for every user, without the films watched in train, and computes the metrics.

    Args:
        scores: a function from user rows, int32 [B], to scores, float32 [B, movies]; -inf for films that are
            not candidates.
        held_out: the users and their held-out films.
        block: the number of users that are scored at once.

    Raises:
        TrainingError: a score is NaN.
    """
    watched = held_out.catalogue.watched
    return judge(ranked_lists(scores, held_out.users, LONGEST, watched, block), held_out)


def judge(lists: np.ndarray, held_out: HeldOut, ks: Sequence[int] = KS) -> Quality:
    """Computes the metrics of lists from any source.

    Args:
        lists: int32 [U, K] in the order of `held_out.users`: film ids, best first, -1 for none.
        held_out: the users' held-out films.
        ks: the cutoffs of the metrics.
    """
    watched, every = held_out.catalogue.watched, range(1, max(ks) + 1)
    parts = [
        list_metrics(lists[chunk], held_out.users[chunk], held_out.positives, watched, every)
        for chunk in (slice(start, start + CHUNK) for start in range(0, len(lists), CHUNK))
    ]
    curve = [np.mean(np.concatenate([part[f"recall@{k}"] for part in parts])) for k in every]
    kept = [name for name in parts[0] if int(name.split("@")[1]) in ks]
    by_user = {name: np.concatenate([part[name] for part in parts]) for name in kept}
    return Quality(held_out, lists, by_user, np.array(curve))


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
