"""Implementation of `marquee recommend`: films with reasons, from a running server."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serving.client import RestClient
from serving.client.chances import rating_text
from serving.client.recommendations import Answer, Recommended, ask_for_fan, ask_for_user

POPULAR = 50  # minimum number of ratings of a film that is called popular


def recommend(server: str, user: str | None, liked: Sequence[str], k: int, seen: bool, as_json: bool) -> None:
    """Requests films from the `recommender` and prints them.

    Args:
        server: REST address.
        user: id of a user, or None for recommendations by `liked`.
        liked: exact titles of films that the user likes.
        k: number of films.
        seen: whether films that `user` has seen may be recommended.
        as_json: whether to print a list of objects instead of a table.

    Raises:
        ServingError: there is no server, it has no recommender, or a title is unknown.
    """
    with RestClient(server) as client:
        answer = ask_for_user(client, user, k, seen) if user is not None else ask_for_fan(client, liked, k)
    if as_json:
        print(json.dumps([asdict(film) for film in answer.films], ensure_ascii=False))
        return
    whom = f"user {user}" if user is not None else "a new user who likes " + " and ".join(liked)
    _print(answer, whom, they_rated=user is not None)


def _print(answer: Answer, whom: str, they_rated: bool) -> None:
    console = Console(highlight=False)
    if not answer.films:
        back = ": --seen includes films already rated" if they_rated else ""
        console.print(f"nothing is left to recommend to {whom}{back}", markup=False)
        return
    rated = answer.films[0].user_rating is not None
    table = Table(
        "",
        "title",
        "genres",
        *(["chance" if answer.chances else "rating"] if rated else []),
        "why",
        title=escape(whom),
    )
    table.columns[0].justify = "right"
    if rated:
        table.columns[3].justify = "right"
    for film in answer.films:
        genres = ", ".join(film.movie_genres)
        rating = [] if film.user_rating is None else [rating_text(film.user_rating, answer.chances)]
        table.add_row(str(film.rank), escape(film.movie_title), genres, *rating, escape(_why(film)))
    if they_rated and answer.stranger:
        table.caption = escape(f"{whom} is a cold-start user: these are popular films")
    elif they_rated and any(film.because for film in answer.films):
        table.caption = "like …: the most similar film that the user has rated"
    console.print(table)


def _why(film: Recommended) -> str:
    if film.because:
        return f"like {film.because['movie_title']}"
    ratings = f"{film.ratings:,} rating{'' if film.ratings == 1 else 's'}"
    return f"popular: {ratings}" if film.ratings >= POPULAR else ratings
