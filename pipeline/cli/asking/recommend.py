"""Implementation of `marquee recommend`: items with reasons, from a running server."""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serving.client import RestClient
from serving.client.chances import rating_text
from serving.client.recommendations import Answer, Recommended, ask_for_fan, ask_for_user
from serving.data_words import DataWords

POPULAR = 50  # minimum number of ratings of an item that is called popular


def recommend(
    server: str,
    user: str | None,
    liked: Sequence[str],
    k: int,
    seen: bool,
    as_json: bool,
    features: Sequence[str] = (),
) -> None:
    """Requests items from the `recommender` and prints them.

    Args:
        server: REST address.
        user: id of a user, or None for recommendations by `liked` and `features`.
        liked: exact titles or ids of items that the user likes.
        k: number of items.
        seen: whether items that `user` has seen may be recommended.
        as_json: whether to print a list of objects instead of a table.
        features: names and values of features of the user, as in `country=DE`.

    Raises:
        ServingError: there is no server, it has no recommender, or a title, id or feature is unknown.
    """
    with RestClient(server) as client:
        if user is not None:
            answer = ask_for_user(client, user, k, seen)
        else:
            answer = ask_for_fan(client, liked, k, features)
    if as_json:
        print(json.dumps([item.named(answer.names) for item in answer.items], ensure_ascii=False))
        return
    who = answer.words.user
    whom = f"{who} {user}" if user is not None else f"a new {who}{_known_by(liked, features)}"
    _print(answer, whom, known=user is not None)


def _known_by(liked: Sequence[str], features: Sequence[str]) -> str:
    """Returns ` of country=DE who likes Alien (1979)`, or what of it there is."""
    of = f" of {', '.join(features)}" if features else ""
    return of + (f" who likes {' and '.join(liked)}" if liked else "")


def _print(answer: Answer, whom: str, known: bool) -> None:
    console, words = Console(highlight=False), answer.words
    if not answer.items:
        back = f": --seen includes {words.items} that the {words.user} knows already" if known else ""
        console.print(f"nothing is left to recommend to {whom}{back}", markup=False)
        return
    rated = answer.items[0].user_rating is not None
    grouped = any(item.movie_genres for item in answer.items)
    columns = [*([words.grouping or "categories"] if grouped else []), *([words.expected] if rated else [])]
    table = Table("", "title", *columns, "why", title=escape(whom))
    table.columns[0].justify = "right"
    if rated:
        table.columns[-2].justify = "right"
    for item in answer.items:
        groups = [escape(", ".join(item.movie_genres))] if grouped else []
        rating = [] if item.user_rating is None else [rating_text(item.user_rating, answer.chances)]
        title, why = escape(item.movie_title), escape(_why(item, words))
        table.add_row(str(item.rank), title, *groups, *rating, why)
    if known and answer.stranger:
        table.caption = escape(f"{whom} is a cold-start {words.user}: these are popular {words.items}")
    elif known and any(item.because for item in answer.items):
        table.caption = escape(
            f"like …: the most similar {words.item} among the {words.user}'s {words.ratings}"
        )
    if any(item.new for item in answer.items):
        new = f"new: it has no {words.ratings} yet"
        table.caption = f"{table.caption}; {new}" if table.caption else new
    console.print(table)


def _why(item: Recommended, words: DataWords) -> str:
    if item.because:
        like = f"like {item.because['movie_title']}"
        return f"new, {like}" if item.new else like
    if item.new:
        return "new"
    ratings = f"{item.ratings:,} {words.rating if item.ratings == 1 else words.ratings}"
    return f"popular: {ratings}" if item.ratings >= POPULAR else ratings
