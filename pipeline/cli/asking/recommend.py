"""`marquee recommend`: what somebody should watch and why, from a running server."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serving.client import Client, RestClient
from serving.client.known_titles import check_titles, is_absent, known_titles
from serving.errors import ServingError

# A film less alike than this is no reason. On MovieLens 100K one pair of films in twelve is more alike, and
# so is what 99 in 100 of the films recommended to its users have to show for themselves.
WEAK = 0.5
POPULAR = 50  # ratings; nobody would believe it of a film with fewer


@dataclass(frozen=True)
class Recommended:
    """A film and why.

    Attributes:
        user_rating: the expected rating; None where the ranking model cannot say what somebody who brings a
            history would give.
        because: the film watched that is most like it, `movie_title` and `similarity` (a cosine); None where
            none is like it.
        ratings: how many it has in train.
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
    """Films, best first; `stranger`: for none of them is there anything watched that it could be like."""

    films: list[Recommended]
    stranger: bool


def recommend(server: str, user: str | None, liked: Sequence[str], k: int, seen: bool, as_json: bool) -> None:
    """Asks the `recommender` and prints its films.

    Args:
        server: a REST address.
        user: an id, or None for somebody who likes the films in `liked`.
        liked: exact titles.
        k: how many films.
        seen: whether films that `user` has seen may come back.
        as_json: a list of objects instead of a table.

    Raises:
        ServingError: no server, no recommender on it, a title that no film has.
    """
    with RestClient(server) as client:
        answer = ask_for_user(client, user, k, seen) if user is not None else ask_for_fan(client, liked, k)
    if as_json:
        print(json.dumps([asdict(film) for film in answer.films], ensure_ascii=False))
        return
    whom = f"user {user}" if user is not None else "somebody who likes " + " and ".join(liked)
    _print(answer, whom, they_rated=user is not None)


def ask_for_user(client: Client, user: str, k: int, seen: bool) -> Answer:
    """The `k` films for a user; popular ones for somebody the model has never met."""
    found = _ask(client, "recommender", "recommend", user_id=[user], k=k, exclude_seen=not seen)
    return _answer(client, found, "because", user_id=[user])


def ask_for_fan(client: Client, liked: Sequence[str], k: int) -> Answer:
    """The `k` films for somebody who likes `liked`; raises ServingError for a title that no film has."""
    titles = known_titles(client)
    if titles is None:
        raise _no_model("retrieval")
    check_titles(liked, titles, '--like "{}"')
    found = _ask(client, "recommender", "recommend_from_history", movie_title=[list(liked)], k=k)
    return _answer(client, found, "because_of_history", movie_title=[list(liked)])


def _answer(client: Client, found: dict[str, np.ndarray], because: str, **who) -> Answer:
    found = {name: values[0].tolist() for name, values in found.items()}
    ids = [each for each in found["movie_id"] if each]  # what is behind them is padding
    if not ids:
        return Answer([], stranger=False)
    about = _ask(client, "retrieval", "describe", movie_id=ids)
    reason = {
        name: values[0].tolist()
        for name, values in _ask(client, "retrieval", because, movie_id=[ids], **who).items()
    }
    rated = any(found["user_rating"])  # 0 for every film: the ranking model does not see histories
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
    return Answer(films, stranger=not any(reason["movie_title"]))


def _reason(title: str, similarity: float) -> dict[str, str | float] | None:
    return {"movie_title": title, "similarity": similarity} if title and similarity >= WEAK else None


def _ask(client: Client, model: str, signature: str, **inputs) -> dict[str, np.ndarray]:
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


def _print(answer: Answer, whom: str, they_rated: bool) -> None:
    console = Console(highlight=False)
    if not answer.films:
        back = ": --seen lets films come back" if they_rated else ""
        console.print(f"nothing is left for {whom}{back}", markup=False)
        return
    rated = answer.films[0].user_rating is not None
    table = Table("", "title", "genres", *(["rating"] if rated else []), "why", title=escape(whom))
    table.columns[0].justify = "right"
    if rated:
        table.columns[3].justify = "right"
    for film in answer.films:
        genres = ", ".join(film.movie_genres)
        rating = [f"{film.user_rating:.2f}"] if rated else []
        table.add_row(str(film.rank), escape(film.movie_title), genres, *rating, escape(_why(film)))
    if they_rated and answer.stranger:
        table.caption = escape(f"{whom} is unknown to the model: these are popular films")
    elif they_rated and any(film.because for film in answer.films):
        table.caption = "like …: of the films they rated, the one most like it"
    console.print(table)


def _why(film: Recommended) -> str:
    if film.because:
        return f"like {film.because['movie_title']}"
    ratings = f"{film.ratings:,} rating{'' if film.ratings == 1 else 's'}"
    return f"popular: {ratings}" if film.ratings >= POPULAR else ratings
