"""The words of films' titles as sets of ids."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from trainer.catalogue import Ragged


def title_words(titles: Sequence[str]) -> tuple[Ragged, int]:
    """Each title's words that another title has too, and how many words there are.

    A word of one film alone would be a second id of that film. The year is a feature of its own.
    """
    found = [sorted(set(re.findall(r"\w+", re.sub(r"\(\d{4}\)\s*$", "", title.lower())))) for title in titles]
    counts = Counter(word for words in found for word in words)
    vocabulary = {word: place for place, word in enumerate(sorted(w for w in counts if counts[w] > 1))}
    places = [[vocabulary[word] for word in words if word in vocabulary] for words in found]
    splits = np.cumsum([0, *map(len, places)])
    return Ragged(np.array([place for row in places for place in row], np.int32), splits), len(vocabulary)
