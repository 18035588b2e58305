"""A two-dimensional map of films, in which films with similar audiences are close."""

from typing import Any

import numpy as np

from trainer.data.catalogue import Catalogue
from trainer.judging.vectors import Vectors

FILMS = 800  # the most rated; more would be a cloud that nobody can read
NARROW = 32  # components that distances are taken over
FEWEST = 10  # below this there is nothing to see
PERPLEXITY = 30  # neighbours that a film looks at
ROUNDS = 500


def film_map(vectors: Vectors, catalogue: Catalogue) -> list[dict[str, Any]]:
    """`title`, `words`, `ratings` (in train), `x` and `y` (each from 0 to 1) of the most rated films.

    `words` are those of the feature by which films are grouped, such as genres.

    t-SNE over the directions of the retrieval model's film vectors, which is what the model itself
    compares; the biases, which come last in a vector, are how popular a film is and no matter of taste.
    """
    popularity = catalogue.watchers.lengths
    films = 1 + np.argsort(-popularity[1:], kind="stable")[:FILMS]
    films = films[vectors.known[films]]
    if len(films) < FEWEST:
        return []
    places = _on_a_plane(_narrow(_directions(vectors.films[films])))
    return [
        {
            "title": catalogue.attributes.titles[film] or catalogue.vocabularies.movie_id[film - 1],
            "words": first_words(catalogue, film),
            "ratings": int(popularity[film]),
            "x": round(float(x), 4),
            "y": round(float(y), 4),
        }
        for film, (x, y) in zip(films, places, strict=True)
    ]


def first_words(catalogue: Catalogue, film: int) -> list[str]:
    """Returns a film's words of the feature by which films are grouped; none without such a feature."""
    key = catalogue.description.grouping
    return catalogue.attributes.text(key, film) if key else []


def _directions(vectors: np.ndarray) -> np.ndarray:
    vectors = np.nan_to_num(vectors, posinf=0.0, neginf=0.0)
    tastes = vectors[:, :-1] if vectors.shape[1] > 2 else vectors
    return tastes / np.maximum(np.linalg.norm(tastes, axis=1, keepdims=True), 1e-12)


def _narrow(directions: np.ndarray) -> np.ndarray:
    """The strongest components: some models' vectors are as long as the catalogue."""
    if directions.shape[1] <= NARROW:
        return directions
    centred = directions - directions.mean(axis=0)
    return centred @ np.linalg.svd(centred, full_matrices=False)[2][:NARROW].T


def _on_a_plane(points: np.ndarray) -> np.ndarray:
    """Places from 0 to 1, [N, 2], where near points are near; the same points give the same places."""
    from sklearn.manifold import TSNE  # seconds to import, and only a report needs it
    from threadpoolctl import threadpool_limits

    # PCA as the start makes the places of clusters reproducible. Barnes-Hut takes a third of what the exact
    # gradients do; in one thread, because several would add up in any order, and wait for each other.
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    tsne = TSNE(2, perplexity=perplexity, max_iter=ROUNDS, init="pca", method="barnes_hut", random_state=0)
    with threadpool_limits(1):
        places = tsne.fit_transform(points).astype(np.float64)
    places -= places.min(axis=0)
    return places / np.maximum(places.max(axis=0), 1e-12)
