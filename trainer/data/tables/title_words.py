"""Words of the films' titles as sets of ids."""

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np

from trainer.data.tables.ragged import Ragged


def title_words(titles: Iterable[str]) -> tuple[Ragged, tuple[str, ...]]:
    """Returns each title's words that occur in other titles too, as indices into these words, and the words.

    A word of a single film would be just a second id of that film. The year is a separate feature.
    """
    found = [sorted(set(re.findall(r"\w+", re.sub(r"\(\d{4}\)\s*$", "", title.lower())))) for title in titles]
    counts = Counter(word for words in found for word in words)
    shared = sorted(word for word in counts if counts[word] > 1)
    place_of = {word: place for place, word in enumerate(shared)}
    places = [[place_of[word] for word in words if word in place_of] for words in found]
    splits = np.cumsum([0, *map(len, places)])
    return Ragged(np.array([place for row in places for place in row], np.int32), splits), tuple(shared)
