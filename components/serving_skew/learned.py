"""Counts over `train`: ratings by user, by film and by stars."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer.data.activity import ACTIVITIES, thirds
from trainer.data.description import Description
from trainer.data.examples import example_batches, expand
from trainer.data.features import MOVIE_ID, MOVIE_TITLE, USER_ID, USER_RATING


@dataclass(frozen=True)
class Learned:
    """Counts over train's ratings; strings are bytes.

    Attributes:
        users, films: ratings by id.
        stars: ratings by the stars given.
        words: of each film, those of the feature by which films are grouped, such as genres.
        film_of_title: the film that a title means, the most rated one of that title.
        activity: of each user, the third by number of ratings that they are in, as models see it.
    """

    users: Counter[bytes]
    films: Counter[bytes]
    stars: Counter[float]
    words: dict[bytes, tuple[bytes, ...]]
    film_of_title: dict[bytes, bytes]
    activity: dict[bytes, str]

    @classmethod
    def read(cls, patterns: Sequence[str], description: Description) -> "Learned":
        """Reads train's files, a big batch at a time. Raises TrainingError where there are none."""
        users: Counter[bytes] = Counter()
        films: Counter[bytes] = Counter()
        stars: Counter[float] = Counter()
        words: dict[bytes, tuple[bytes, ...]] = {}
        titles: dict[bytes, bytes] = {}
        worded = [description.name_of(description.grouping)] if description.grouping else []
        names = (USER_ID, MOVIE_ID, MOVIE_TITLE, USER_RATING, *worded)
        for batch in example_batches(expand(patterns), names, description=description):
            users.update(batch[USER_ID].numpy().tolist())
            ids = batch[MOVIE_ID].numpy().tolist()
            films.update(ids)
            stars.update(batch[USER_RATING].numpy().tolist())
            row_of = {film: row for row, film in enumerate(ids) if film not in titles}
            for film, row in row_of.items():
                titles[film] = batch[MOVIE_TITLE][row].numpy()
                words[film] = tuple(each for name in worded for each in _words(batch[name][row].numpy()))
        return cls.of(users, films, stars, words, titles)

    @classmethod
    def of(
        cls,
        users: Counter[bytes],
        films: Counter[bytes],
        stars: Counter[float],
        words: dict[bytes, tuple[bytes, ...]],
        titles: dict[bytes, bytes],
    ) -> "Learned":
        """Builds the counts, given those of users, films and stars, and each film's words and title."""
        by_count = sorted(films, key=lambda film: films[film])
        places = thirds(np.array(list(users.values())))
        return cls(
            users,
            films,
            stars,
            words,
            {titles[film]: film for film in by_count},
            {user: ACTIVITIES[place] for user, place in zip(users, places, strict=True)},
        )


def _words(cell: np.ndarray | bytes) -> list[bytes]:
    """Returns the words of one item: one (b"" for none) of type category, any number of categories."""
    found = [cell] if isinstance(cell, bytes) else cell.tolist()
    return [word for word in found if word]
