"""Implementation of `marquee rate`: predicted ratings from a running server."""

import json

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serving.client import RestClient
from serving.client.chances import predicts_chances, rating_text
from serving.client.known_titles import check_titles, known_titles


def rate(server: str, user: str, titles: list[str], as_json: bool) -> None:
    """Requests ratings from the `ranking` model and prints the titles, best first.

    The model would rate an unknown title as an unknown item. It is an error with suggestions instead, if the
    server has the `retrieval` model, which knows all titles.

    Raises:
        ServingError: there is no server, it has no ranking model, or a title is unknown.
    """
    with RestClient(server) as client:
        known = known_titles(client)
        if known is not None:
            check_titles(titles, known, '"{}"', client.words("recommender").item)
        chances = predicts_chances(client, "ranking")
        names = client.names("ranking")
        answer = client.predict("ranking", {names.user: [user] * len(titles), names.title: titles})
    rated = sorted(zip(titles, answer[names.rating].tolist(), strict=True), key=lambda pair: -pair[1])
    if as_json:
        print(json.dumps([{names.title: title, names.rating: rating} for title, rating in rated]))
        return
    table = Table("title", "chance" if chances else "expected rating", title=escape(f"user {user}"))
    table.columns[1].justify = "right"
    for title, rating in rated:
        table.add_row(escape(title), rating_text(rating, chances))
    Console().print(table)
