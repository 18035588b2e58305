"""Quality of a recommender's lists: ranking metrics, and the share of items rated below the user's mean."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.quality import Quality, judge
from trainer.evaluation.recommender_measures import UNDER_MEAN, K
from trainer.judging.under_mean import Liked, UnderMean


@dataclass(frozen=True, eq=False)
class RecommenderQuality(Quality):
    """A `Quality` at 10 with `under_mean@10` among its measures.

    Attributes:
        under_mean: the counts of items rated below the mean, by user of `held_out`.
    """

    under_mean: UnderMean

    def means(self) -> dict[str, float]:
        return super().means() | {UNDER_MEAN: self.under_mean.share}

    def standard_errors(self) -> dict[str, float]:
        return super().standard_errors() | {UNDER_MEAN: self.under_mean.standard_error()}

    def change(self, before: Self) -> dict[str, dict[str, float]]:
        return super().change(before) | {UNDER_MEAN: self.under_mean.change(before.under_mean)}

    def within(self, places: np.ndarray) -> dict[str, float]:
        part = UnderMean(self.under_mean.rated[places], self.under_mean.under[places])
        return super().within(places) | {UNDER_MEAN: part.share}


def judge_recommender(lists: np.ndarray, held_out: HeldOut, liked: Liked | None) -> Quality:
    """Computes the quality of lists of ten from any source.

    Args:
        lists: int32 [U, 10] or longer, in the order of `held_out.users`: item ids, best first, -1 for none.
        held_out: the users' held-out items.
        liked: the held-out ratings relative to the users' means; None: implicit data, which have no
            ratings, and whose quality is without `under_mean@10`.
    """
    lists = lists[:, :K]
    found = judge(lists, held_out, ks=(K,))
    if liked is None:
        return found
    return RecommenderQuality(
        held_out, lists, found.by_user, found.recall_curve, liked.of(lists, held_out.users)
    )
