"""The memory that a training may use, and an estimate of what it needs, made before it starts.

A training beyond the machine's memory is ended by the kernel without a word, maybe hours after its start.
"""

import os
from pathlib import Path
from typing import Any

from marquee.errors import TrainingError
from trainer.training.config import TrainConfig

#: Limits of the container's memory in bytes, of the two versions of control groups.
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
FLOAT = 4
COPIES = 5  # of each table: itself, its gradient, the optimizer's two moments, and the best epoch's
BYTES_A_RATING = 100  # ids, rating, time, and the histories of users and of items
SCORE_COPIES = 4  # the score, its label, and the gradients of both


def machine_memory() -> int:
    """Returns the machine's memory in bytes, or the container's limit if that is lower."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [Path(name).read_text(encoding="ascii").strip() for name in LIMITS if os.path.exists(name)]
    return min([physical, *(int(limit) for limit in limits if limit.isdigit())])


def check_memory(
    task: str,
    model: Any,
    train: TrainConfig,
    *,
    rows: int,
    users: int,
    items: int,
    memory: int | None = None,
) -> None:
    """Refuses a training that needs more than the machine's memory; the error says what to lower.

    The estimate is rough: it counts the tables of ids, the ratings, and the scores of a step.

    Args:
        task: `ranking` or `retrieval`, for the error.
        model: the configuration of the model.
        train: the training settings.
        rows: the number of ratings.
        users, items: the numbers of ids.
        memory: the memory in bytes; None: `machine_memory()`.

    Raises:
        TrainingError: the estimate is above the memory.
    """
    limit = machine_memory() if memory is None else memory
    width = _width(model)
    needed = {
        f"tables of {users:,} users and {items:,} items by {width:,} numbers": (
            FLOAT * COPIES * (users + items) * width,
            f"{task}.model.{'hidden' if model.kind == 'multvae' else 'dim'}",
        ),
        f"{rows:,} interactions": (BYTES_A_RATING * rows, "the number of interactions"),
        f"the scores of a step of {train.batch_size:,} rows": (
            FLOAT * SCORE_COPIES * _scores(model, train, rows, users, items),
            f"{task}.train.batch_size",
        ),
    }
    total = sum(size for size, _ in needed.values())
    if total <= limit:
        return
    what, (most, lower) = max(needed.items(), key=lambda each: each[1][0])
    raise TrainingError(
        f"{task} would need about {_gib(total)} of memory, and this machine has {_gib(limit)}: "
        f"{_gib(most)} for {what}.",
        f"Lower {lower}, or use a machine with more memory.",
    )


def _width(model: Any) -> int:
    """Returns how many numbers a row of the tables of ids has, in all tables."""
    if model.kind == "multvae":
        return 2 * model.hidden
    dim = getattr(model, "dim", 1)
    tables = 2 if getattr(model, "implicit", False) else 1
    return tables * getattr(model, "members", 1) * (dim if isinstance(dim, int) else 64)


def _scores(model: Any, train: TrainConfig, rows: int, users: int, items: int) -> int:
    """Returns how many scores a step computes, for the kinds whose scores are many."""
    batch = min(train.batch_size, rows)
    if model.kind == "multvae":  # a batch of users, who have `batch` ratings together
        return round(users * batch / max(rows, 1)) * items
    return batch * batch if getattr(model, "loss", None) == "in_batch" else 0


def _gib(size: float) -> str:
    return f"{size / 2**30:.0f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
