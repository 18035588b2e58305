"""Small data sets, as shops, players and reviewers write them, for the tests."""

import json
import random
from pathlib import Path

Row = tuple[str, str, int, int]


def interactions(rows: int = 400, users: int = 40, items: int = 60) -> list[Row]:
    """Users, items, stars from 1 to 5 and seconds since 1970; reproducible."""
    draw = random.Random(7)
    return [
        (
            f"{draw.randint(1, users)}",
            f"{draw.randint(1, items)}",
            draw.randint(1, 5),
            1_600_000_000 + 900 * each,
        )
        for each in range(rows)
    ]


def write(path: Path, rows: list, header: str = "", separator: str = ",") -> Path:
    """Writes rows as text."""
    lines = ([header] if header else []) + [separator.join(map(str, row)) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def shop(folder: Path) -> Path:
    """Events as CSV, products as JSON Lines, customers as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(3)
    events = [
        (
            f"c{user}",
            f"B-{item}",
            ("view", "view", "cart", "purchase")[stars % 4],
            f"2024-01-{1 + stars:02}T10:00:00Z",
        )
        for user, item, stars, _ in interactions()
    ]
    write(folder / "events.csv", events, "user,sku,event,ts")
    with (folder / "products.jsonl").open("w") as file:
        for item in range(1, 71):  # ten that nobody has touched
            tags = draw.sample(["new", "gift", "vegan"], item % 3)
            row = {
                "sku": f"B-{item}",
                "name": f"Soap no. {item}",
                "brand": "ab"[item % 2],
                "price": item / 4,
                "tags": tags,
            }
            file.write(json.dumps(row) + "\n")
    customers = [(f"c{user}", ("DE", "FR", "US")[user % 3], 20 + user) for user in range(1, 41)]
    write(folder / "customers.csv", customers, "id,country,age")
    return folder
