"""`marquee rate`: how a user would rate films, from a running server."""

import json

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serving.client import RestClient


def rate(server: str, user: str, titles: list[str], as_json: bool) -> None:
    """Asks the `ranking` model and prints the titles, best first."""
    with RestClient(server) as client:
        answer = client.predict("ranking", {"user_id": [user] * len(titles), "movie_title": titles})
    rated = sorted(zip(titles, answer["user_rating"].tolist(), strict=True), key=lambda pair: -pair[1])
    if as_json:
        print(json.dumps([{"movie_title": title, "user_rating": rating} for title, rating in rated]))
        return
    table = Table("title", "expected rating", title=escape(f"user {user}"))
    table.columns[1].justify = "right"
    for title, rating in rated:
        table.add_row(escape(title), f"{rating:.2f}")
    Console().print(table)
