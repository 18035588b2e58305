"""Data in which a task has nothing to learn, told before training."""

import numpy as np

from marquee.errors import DataError
from trainer.data.implicit.negatives import Negatives
from trainer.data.rating_data import RatingData

FEWEST = 10  # rows of train, below which nothing is learned but noise


def check_learnable(data: RatingData, task: str) -> None:
    """Refuses data in which a task cannot learn, in one sentence that says what to do.

    Args:
        data: the data of a training.
        task: `ranking` or `retrieval`.

    Raises:
        DataError: train has fewer than FEWEST rows, one user or one item; for ranking, all ratings are equal,
            or every user has every item.
    """
    train, catalogue, nouns = data.train, data.catalogue, data.catalogue.description.nouns
    implicit = catalogue.description.implicit
    rows = "interactions" if implicit else "ratings"
    if len(train) < FEWEST:
        raise DataError(
            f"There is nothing to learn: train holds {len(train)} {rows}, fewer than {FEWEST}.",
            "Give more data, or more of it to train (data.split).",
        )
    for one, known, many in (
        (nouns.user, catalogue.users - 1, nouns.of_users()),
        (nouns.item, catalogue.movies - 1, nouns.of_items()),
    ):
        if known < 2:
            raise DataError(
                f"There is nothing to learn: all {len(train):,} {rows} of train are of one {one}, and "
                f"a model tells {many} apart.",
                f"Check which column holds the {many}, and data.max_users.",
            )
    if task != "ranking":
        return
    if not implicit and train.rating.min() == train.rating.max():
        raise DataError(
            f"There is nothing to learn: all {len(train):,} ratings of train are {train.rating[0]:g}, and a "
            "model that always says so is never wrong.",
            "Check which column holds the ratings; or, if they only say that something happened, describe "
            "data.interactions without a rating.",
        )
    if implicit:
        drawn = Negatives.of(train, train, catalogue.users, 1)
        if np.all(drawn.exhausted[train.user]):
            raise DataError(
                f"There is nothing to learn: every {nouns.user} of train has all {len(drawn.items):,} "
                f"{nouns.of_items()}, so there is none that a model could tell from them.",
                "Give a rating, count or event to tell interactions by, or more items.",
            )
