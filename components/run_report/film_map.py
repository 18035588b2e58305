"""The films on a plane: those that the same people like lie side by side."""

from typing import Any

import numpy as np

from trainer.catalogue import Catalogue
from trainer.retrieval.vectors import Vectors

FILMS = 1200  # the most rated; more would be a cloud that nobody can read
NARROW = 32  # components that distances are taken over
FEWEST = 10  # below this there is nothing to see


def film_map(vectors: Vectors, catalogue: Catalogue) -> list[dict[str, Any]]:
    """`title`, `genres`, `ratings` (in train), `x` and `y` (each from 0 to 1) of the most rated films.

    t-SNE (van der Maaten and Hinton, 2008) over the directions of the retrieval model's film vectors, which
    is what the model itself compares; the biases, which come last in a vector, are how popular a film is
    and no matter of taste. Fixed seed: the same model gives the same map.
    """
    popularity = catalogue.watchers.lengths
    films = 1 + np.argsort(-popularity[1:], kind="stable")[:FILMS]
    films = films[vectors.known[films]]
    if len(films) < FEWEST:
        return []
    places = _plane(_directions(vectors.films[films]))
    names = np.array(catalogue.vocabularies.movie_genres, object)
    return [
        {
            "title": catalogue.attributes.titles[film] or catalogue.vocabularies.movie_id[film - 1],
            "genres": names[catalogue.attributes.genres[film]].tolist(),
            "ratings": int(popularity[film]),
            "x": round(float(x), 4),
            "y": round(float(y), 4),
        }
        for film, (x, y) in zip(films, places, strict=True)
    ]


def _directions(vectors: np.ndarray) -> np.ndarray:
    tastes = vectors[:, :-1] if vectors.shape[1] > 2 else vectors
    return tastes / np.maximum(np.linalg.norm(tastes, axis=1, keepdims=True), 1e-12)


def _plane(directions: np.ndarray) -> np.ndarray:
    """float64 [N, 2], 0 to 1."""
    from sklearn.manifold import TSNE  # takes a second to load

    centred = (directions - directions.mean(axis=0)).astype(np.float64)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    narrow = centred @ axes[:NARROW].T
    # Far-away stars of the map begin where the two strongest components put them: no luck is involved.
    begin = np.zeros((len(narrow), 2))
    begin[:, : narrow.shape[1]] = narrow[:, :2]
    begin *= 1e-4 / max(begin.std(), 1e-12)
    found = TSNE(
        init=begin.astype(np.float32),
        perplexity=min(30, (len(narrow) - 1) / 3),
        max_iter=500,
        random_state=0,
        n_jobs=2,
    ).fit_transform(narrow.astype(np.float32))
    found = found.astype(np.float64) - found.min(axis=0)
    return found / np.maximum(found.max(axis=0), 1e-12)
