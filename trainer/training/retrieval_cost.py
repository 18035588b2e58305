"""Cost estimates of a softmax over the whole catalogue, made before training."""

import os
from dataclasses import replace
from typing import get_args

import tensorflow as tf

from marquee.errors import TrainingError
from trainer.training.batches import Batches
from trainer.training.memory import machine_memory
from trainer.training.retrieval_settings import RetrievalSettings

#: Scores per second, forward and backward pass. One CPU core computed 44 to 74 million, for vectors of 32 and
#: 64 numbers and catalogues of 5,000 and 30,000. A GPU is limited by its memory: 500 GB/s, about ten passes.
CORE, GPU = 5e7, 5e9
#: Bytes per score: the score, its label, and the gradients of both, in single precision.
BYTES_A_SCORE = 16
MEMORY_SHARE = 0.5
#: Seconds that an interruption may have to wait for the running steps.
EXECUTION_SECONDS = 2


def check_full_softmax(
    settings: RetrievalSettings, rows: int, items: int, *, memory: int | None = None
) -> None:
    """Refuses a full softmax that would take too long or too much memory; the error says what to set.

    An epoch of the full softmax computes a score for each row and each item: `rows × items`.

    Args:
        settings: the settings of the model and its training.
        rows: the number of train's rows that the model learns from.
        items: the number of items in the catalogue.
        memory: the memory in bytes; None: this machine's.

    Raises:
        TrainingError: an epoch would take longer than `max_epoch_minutes`, or a step too much memory.
    """
    if getattr(settings.model, "loss", "") != "full":
        return
    gpus = _gpus(settings)
    minutes = epoch_minutes(rows, items, gpus=gpus)
    needed = min(rows, settings.train.batch_size) * items * BYTES_A_SCORE
    limit = settings.max_epoch_minutes
    if limit is not None and minutes > limit:
        raise TrainingError(
            f"retrieval.model.loss is full: {rows:,} ratings x {items:,} items take about "
            f"{_time(minutes)} an epoch on this machine, and retrieval.max_epoch_minutes is {limit:g}.",
            f"{_cheaper(settings)}, which costs the same for any number of items; "
            "or retrieval.max_epoch_minutes=null if you have the time.",
        )
    if not gpus and needed > MEMORY_SHARE * (memory or machine_memory()):
        raise TrainingError(
            f"retrieval.model.loss is full: a step of {settings.train.batch_size:,} ratings x {items:,} "
            f"items needs {needed / 2**30:.0f} GiB of memory, more than half of this machine's.",
            f"{_cheaper(settings)}; or a smaller retrieval.train.batch_size.",
        )


def short_executions(data: Batches, settings: RetrievalSettings, items: int) -> Batches:
    """Limits executions to about two seconds, since an interruption is noticed only between them.

    This concerns only the full softmax, whose steps are long on a large catalogue.
    """
    if getattr(settings.model, "loss", "") != "full":
        return data
    seconds = epoch_minutes(data.rows, items, gpus=_gpus(settings)) * 60 / data.steps
    most = max(1, int(EXECUTION_SECONDS / max(seconds, 1e-9)))
    steps = next(n for n in range(min(most, data.steps_per_execution), 0, -1) if data.steps % n == 0)
    return replace(data, steps_per_execution=steps)


def epoch_minutes(rows: int, items: int, *, gpus: int = 0, cores: int | None = None) -> float:
    """Estimates the minutes that an epoch of the full softmax takes.

    Args:
        rows, items: the numbers of rows and items; their product is the number of scores.
        gpus: the number of GPUs; 0: the CPU is used.
        cores: the number of CPU cores; None: those that this process may use.
    """
    speed = GPU * gpus if gpus else CORE * (cores or len(os.sched_getaffinity(0)))
    return rows * items / speed / 60


def _gpus(settings: RetrievalSettings) -> int:
    return 0 if settings.train.device == "cpu" else len(tf.config.list_physical_devices("GPU"))


def _cheaper(settings: RetrievalSettings) -> str:
    """Names losses of this kind whose cost does not grow with the catalogue, the best known of them."""
    annotation = type(settings.model).model_fields["loss"].annotation
    losses = [loss for loss in ("sampled", "in_batch", "bpr") if loss in get_args(annotation)]
    return "Set " + " or ".join(f"retrieval.model.loss={loss}" for loss in losses)


def _time(minutes: float) -> str:
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:,.0f} hours"
