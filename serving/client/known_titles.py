"""Titles in a server's catalogue, and the error for a title that is not in it."""

from collections.abc import Sequence

from serving.client import Client
from serving.client.near_titles import near_titles
from serving.errors import ServingError

EVERYTHING = 2**31 - 1  # as k: the model clamps it to its catalogue
_ABSENT = ("Servable not found", "Could not find any versions")


def known_titles(client: Client) -> list[str] | None:
    """Returns all titles, most popular first; None if the server has no `retrieval` model."""
    items = known_items(client)
    return None if items is None else [title for _, title in items if title]


def known_items(client: Client) -> list[tuple[str, str]] | None:
    """Returns the ids and titles of all items, most popular first; None if there is no `retrieval` model."""
    try:
        names = client.names("retrieval")
        answer = client.predict("retrieval", {names.user: [""], "k": EVERYTHING}, "retrieve")
    except ServingError as error:
        if is_absent(error):
            return None
        raise
    pairs = zip(*(answer[name][0].tolist() for name in (names.item, names.title)), strict=True)
    return [(movie_id, title) for movie_id, title in pairs if movie_id]


def check_titles(asked: Sequence[str], titles: Sequence[str], example: str, item: str) -> None:
    """Raises ServingError for titles that are not in the catalogue, and suggests similar ones.

    Args:
        asked: titles as the user typed them.
        titles: all titles of the catalogue, most popular first.
        example: how a title is passed on the command line, with "{}" in its place.
        item: noun for an item, such as `film`.
    """
    there = set(titles)
    wrong = [title for title in asked if title not in there]
    if wrong:
        raise ServingError(
            "\n".join(_no_such_title(title, titles, item) for title in wrong),
            f"Write titles as the catalogue does: {example.format(titles[0])}." if titles else "",
        )


def is_absent(error: ServingError) -> bool:
    """Returns whether the error says that the server has no such model."""
    return error.message.startswith(_ABSENT)


def _no_such_title(title: str, titles: Sequence[str], item: str) -> str:
    near = ", ".join(f'"{each}"' for each in near_titles(title, titles))
    return f'no {item} is called "{title}"' + (f"; did you mean {near}?" if near else "")
