"""Generated parts of described data sets, in the formats of the ready-made configurations."""

import json
from pathlib import Path

from tests.trainer import implicit


def lastfm(folder: Path, share: float = 1.0) -> Path:
    """Writes numbers of plays as Last.fm's, without a header; the first `share` of the rows."""
    lines = [f"{user[1:]}\t{item[1:]}\t{count:.0f}" for user, item, count, _ in _rows(share)]
    return _written(folder, "user_artist_plays.tsv", lines)


#: The `data` of a configuration for what `timed_plays` writes.
OF_TIMED_PLAYS = {
    "dataset": "custom",
    "path": "plays",
    "interactions": {
        "path": "plays.csv",
        "user": "listener",
        "item": "artist",
        "count": "plays",
        "time": {"column": "at"},
        "features": {"device": {"type": "category", "default": "phone"}},
    },
    "nouns": {"user": "listener", "item": "artist"},
}


def timed_plays(folder: Path, share: float = 1.0) -> Path:
    """Writes plays with a time and a device, the first `share` of them."""
    lines = [
        f"{user},{item},{count:.0f},{1_600_000_000 + time},{'phone' if time % 3 else 'car'}"
        for user, item, count, time in _rows(share)
    ]
    return _written(folder, "plays.csv", ["listener,artist,plays,at,device", *lines])


def filmtrust(folder: Path) -> Path:
    """Writes ratings as FilmTrust's: blanks between, from 0.5 to 4."""
    lines = []
    for user, item, count, _ in _rows():
        liked = int(user[1:]) % 2 == int(item[1:]) % 2
        lines.append(f"{user[1:]} {item[1:]} {(2.5 if liked else 0.5) + count % 4 / 2:g}")
    return _written(folder, "ratings.txt", lines)


def beauty(folder: Path) -> Path:
    """Writes a line of products for each customer, and the categories of all products, touched or not."""
    baskets: dict[str, list[str]] = {}
    for user, item, _, _ in _rows():
        baskets.setdefault(user[1:], []).append(item[1:])
    lines = [" ".join([user, *dict.fromkeys(items)]) for user, items in baskets.items()]
    attributes = {str(item): [item % 2, 2 + item // 20] for item in range(66)}  # six that nobody has bought
    _written(folder, "sequences.txt", lines)
    (folder / "item_attributes.json").write_text(json.dumps(attributes), encoding="utf-8")
    return folder


def _rows(share: float = 1.0) -> list[tuple[str, str, float, int]]:
    """Returns user, item, count and seconds, in the order of time."""
    found = implicit.columns()
    names = ("user_id", "movie_id", "user_rating", "timestamp")
    rows = sorted(zip(*(found[name] for name in names), strict=True), key=lambda row: row[3])
    return rows[: round(share * len(rows))]


def _written(folder: Path, name: str, lines: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
