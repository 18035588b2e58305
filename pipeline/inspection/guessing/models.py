"""Settings of the models, by the size of the data and its feedback."""

from typing import Any

from components.movielens_example_gen.description import Described

#: From here on, scoring every item at each step costs too much.
MANY_ITEMS = 30_000
#: From here on, larger batches pay.
MANY_ROWS = 2_000_000


def model_settings(described: Described, rows: int, users: int, items: int) -> dict[str, Any]:
    """Returns the sections `ranking`, `retrieval` and `recommender`.

    Args:
        described: the description.
        rows, users, items: how many there are, or were seen.
    """
    # Some 25 to 250 steps per epoch, whatever the size.
    batch = 8_192 if rows >= 200_000 else max(64, 1 << max(rows // 25, 1).bit_length() - 1)
    if rows >= MANY_ROWS:
        batch = 65_536
    small = rows < 20_000
    ranking: dict[str, Any] = {
        "model": {"kind": "mf", **({"dim": 8, "members": 4} if small else {})},
        "train": {
            "epochs": 15,
            "batch_size": batch,
            "learning_rate": 0.03,
            **({} if small else {"xla": True}),
        },
        "tune": {"enabled": False},
    }
    rating = described.interactions.rating
    if rating and rating.min is not None and rating.max is not None:
        # What 1.2 is to MovieLens's scale from 0.5 to 5, which is the default.
        bar = round((rating.max - rating.min) * 1.2 / 4.5, 2)
        ranking["bless"] = {"bars": {"rmse": {"max": bar, "max_increase": {"standard_errors": 2}}}}
    many = items >= MANY_ITEMS or rows >= MANY_ROWS
    retrieval: dict[str, Any] = {
        "model": {
            "kind": "two_tower",
            **({"loss": "in_batch", "history_limit": 200} if many else {}),
            **({"dim": 16} if small else {}),
        },
        "train": {"epochs": 10, "batch_size": min(batch, 16_384), "learning_rate": 0.01},
        "tune": {"enabled": False},
    }
    settings = {"ranking": ranking, "retrieval": retrieval}
    if users < 500:
        # Noise among so few users is larger than what a model gains over popularity.
        retrieval["bless"] = {"over_popularity": {}}
        settings["recommender"] = {"bless": {"over_popularity": {}}}
    return settings
