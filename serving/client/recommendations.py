"""Recommendations with their reasons, requested from a model server."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike, NDArray

from serving.client.chances import predicts_chances
from serving.client.client import Client
from serving.client.known_titles import check_titles, is_absent, known_titles
from serving.errors import ServingError

# A film with a lower similarity is not given as a reason. On MovieLens 100K one pair of films in twelve is
# above it, and so are the reasons of 99 in 100 recommended films.
WEAK = 0.5


@dataclass(frozen=True)
class Recommended:
    """A recommended film and the reason for it.

    Attributes:
        user_rating: expected rating; None if the ranking model cannot predict one from a history.
        because: most similar film that the user watched, `movie_title` and `similarity` (a cosine); None if
            none is similar enough.
        ratings: number of ratings of the film in train.
    """

    rank: int
    movie_id: str
    movie_title: str
    movie_genres: list[str]
    user_rating: float | None
    score: float
    because: dict[str, str | float] | None
    ratings: int


@dataclass(frozen=True)
class Answer:
    """Recommended films, best first.

    Attributes:
        films: the films.
        chances: whether the films' `user_rating` are chances of an interaction, 0 to 1.
        stranger: whether the user has no watched films that a film could be similar to (a cold-start user).
    """

    films: list[Recommended]
    stranger: bool
    chances: bool = False


def ask_for_user(client: Client, user: str, k: int, seen: bool) -> Answer:
    """Returns `k` films for a user; popular ones for a cold-start user."""
    found = _ask(client, "recommender", "recommend", user_id=[user], k=k, exclude_seen=not seen)
    return _answer(client, found, "because", user_id=[user])


def ask_for_fan(client: Client, liked: Sequence[str], k: int) -> Answer:
    """Returns `k` films for someone who likes `liked`; raises ServingError for an unknown title."""
    titles = known_titles(client)
    if titles is None:
        raise _no_model("retrieval")
    check_titles(liked, titles, '--like "{}"')
    found = _ask(client, "recommender", "recommend_from_history", movie_title=[list(liked)], k=k)
    return _answer(client, found, "because_of_history", movie_title=[list(liked)])


def _answer(client: Client, answer: dict[str, NDArray[Any]], because: str, **who: ArrayLike) -> Answer:
    found = {name: values[0].tolist() for name, values in answer.items()}
    ids = [each for each in found["movie_id"] if each]  # empty entries are padding
    if not ids:
        return Answer([], stranger=False)
    about = _ask(client, "retrieval", "describe", movie_id=ids)
    reason = {
        name: values[0].tolist()
        for name, values in _ask(client, "retrieval", because, movie_id=[ids], **who).items()
    }
    rated = any(found["user_rating"])  # 0 for every film: the ranking model does not use histories
    films = [
        Recommended(
            rank=place + 1,
            movie_id=movie_id,
            movie_title=found["movie_title"][place],
            movie_genres=[genre for genre in about["movie_genres"][place].split("|") if genre],
            user_rating=found["user_rating"][place] if rated else None,
            score=found["score"][place],
            because=_reason(reason["movie_title"][place], reason["similarity"][place]),
            ratings=int(about["ratings"][place]),
        )
        for place, movie_id in enumerate(ids)
    ]
    chances = predicts_chances(client, "recommender")
    return Answer(films, stranger=not any(reason["movie_title"]), chances=chances)


def _reason(title: str, similarity: float) -> dict[str, str | float] | None:
    return {"movie_title": title, "similarity": similarity} if title and similarity >= WEAK else None


def _ask(client: Client, model: str, signature: str, **inputs: ArrayLike) -> dict[str, NDArray[Any]]:
    try:
        return client.predict(model, inputs, signature)
    except ServingError as error:
        if is_absent(error):
            raise _no_model(model) from None
        raise


def _no_model(name: str) -> ServingError:
    return ServingError(
        f"The server has no model called {name}", "Serve a workspace whose last run pushed a recommender."
    )
