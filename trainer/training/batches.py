"""Train's ratings as batches of integer ids: every row once per epoch, in an order of the epoch.

The order depends on the seed and the epoch's number alone, so a resumed run sees the same batches as an
uninterrupted one.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.implicit.negatives import Negatives
from trainer.data.implicit.strengths import Strengths
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import OOV
from trainer.models.ranking.model import SAMPLE_WEIGHT
from trainer.training.config import TrainConfig
from trainer.training.memory import machine_memory

BYTES_A_ROW = 20  # ids, rating and time; context comes on top
COPIES = 3  # as read, shuffled, and shuffled for the next epoch
MEMORY_SHARE = 0.25  # the share of the machine's memory that ratings may take
STEPS_AN_EXECUTION = 64  # the largest number of steps that share Keras's overhead per execution
WINDOW_ROWS = 1 << 20  # shuffled at once where an epoch is not: some 60 MB
RUN_ROWS = 1 << 9  # neighbours that are in the same window
EVAL_BATCH = 1 << 14


@dataclass(frozen=True)
class Rows:
    """The selection of train's rows, and the ids that are masked in them.

    Attributes:
        min_rating: rows with fewer stars are left out; None: all rows are kept.
        forgotten: the features whose id is replaced by the unknown one in a share of rows (`unknown_rate`).
        strengths: weighs the rows by their interactions' strengths, as `sample_weight`; None: all are alike.
        negatives: draws negatives beside the rows of implicit feedback, new ones in every epoch, with labels
            1 and 0 in place of strengths; None: there are none.
    """

    min_rating: float | None = None
    forgotten: tuple[str, ...] = (USER_ID, MOVIE_ID)
    strengths: Strengths | None = None
    negatives: Negatives | None = None

    def number(self, train: Ratings) -> int:
        """Returns the number of rows of an epoch over `train`, negatives included."""
        return len(train) if self.negatives is None else self.negatives.rows(train.user)

    def specs(self, train: Ratings, rows: int | None = None) -> dict[str, tf.TensorSpec]:
        """Returns the names, shapes and types of the columns of `shuffled`; `rows`: their number."""
        columns = self._columns(train[:0])
        return {
            name: tf.TensorSpec([rows, *column.shape[1:]], column.dtype) for name, column in columns.items()
        }

    def shuffled(
        self, rows: Ratings, random: np.random.Generator, unknown_rate: float
    ) -> dict[str, np.ndarray]:
        """Returns the columns of an epoch over `rows` in a random order, with some ids masked.

        Args:
            rows: ratings that are kept.
            random: the source of the negatives, the order and the masked ids.
            unknown_rate: the share of rows in which the id of a `forgotten` feature is masked.
        """
        if self.negatives is not None:
            rows = self.negatives.with_negatives(rows, random)
        order = random.permutation(len(rows))
        taken = {name: column[order] for name, column in self._columns(rows).items()}
        for name in self.forgotten:
            taken[name][random.integers(len(rows), size=int(unknown_rate * len(rows)))] = OOV
        return taken

    def _columns(self, rows: Ratings) -> dict[str, np.ndarray]:
        columns = rows.features()
        if self.strengths is not None:
            columns[SAMPLE_WEIGHT] = self.strengths(rows.rating)
        return columns


EVERY_RATING = Rows()


@dataclass(frozen=True)
class Batches:
    """The training batches for `loop.train`.

    Attributes:
        starting_at: a function from an epoch's number (from 0) to the endless dataset from that epoch on.
        rows, steps: the numbers of rows and steps of an epoch.
        steps_per_execution: a divisor of `steps`.
        in_memory: whether an epoch's rows are shuffled whole, in memory; otherwise window by window.
    """

    starting_at: Callable[[int], tf.data.Dataset]
    rows: int
    steps: int
    steps_per_execution: int
    in_memory: bool


def batches(train: Ratings, config: TrainConfig, kept: Rows = EVERY_RATING) -> Batches:
    """Builds the batches: `in_memory` if the config says so or three copies of the rows fit, else `streamed`.

    Raises:
        TrainingError: no row has enough stars.
    """
    if kept.min_rating is not None:
        train = train[train.rating >= kept.min_rating]
        if not len(train):
            raise TrainingError(
                f"No rating in train has at least model.min_rating = {kept.min_rating:g} stars.",
                "Lower model.min_rating.",
            )
    fits = fits_in_memory(kept.number(train), config, bytes_a_row=bytes_a_row(train))
    make = in_memory if fits else streamed
    return make(train, config, kept)


def bytes_a_row(train: Ratings) -> int:
    """Returns the size of a row with its context."""
    context = sum(column.itemsize * math.prod(column.shape[1:]) for column in train.context.values())
    return BYTES_A_ROW + context


def fits_in_memory(
    rows: int, config: TrainConfig, memory: int | None = None, bytes_a_row: int = BYTES_A_ROW
) -> bool:
    """Decides whether `rows` ratings are shuffled whole; `memory`: in bytes, by default this machine's."""
    if config.in_memory == "auto":
        return rows * bytes_a_row * COPIES <= MEMORY_SHARE * (memory or machine_memory())
    return config.in_memory == "always"


def in_memory(train: Ratings, config: TrainConfig, kept: Rows = EVERY_RATING) -> Batches:
    """Builds batches of columns that are shuffled whole, once per epoch, and then sliced: no work per row.

    Rows are spread evenly over the steps, and no batch is larger than `config.batch_size`.
    """
    rows = kept.number(train)
    least = math.ceil(rows / config.batch_size)
    execution = math.ceil(least / math.ceil(least / STEPS_AN_EXECUTION))
    steps = math.ceil(least / execution) * execution
    edges = tf.constant(np.linspace(0, rows, steps + 1).astype(np.int64))

    def epoch_batches(epoch: tf.Tensor) -> tf.data.Dataset:
        def whole(epoch):
            return kept.shuffled(train, np.random.default_rng((config.seed, int(epoch))), config.unknown_rate)

        columns = _computed(whole, [epoch], kept.specs(train, rows))

        def cut(step):
            return {name: column[edges[step] : edges[step + 1]] for name, column in columns.items()}

        return tf.data.Dataset.range(steps).map(cut)

    def starting_at(epoch: int) -> tf.data.Dataset:
        return tf.data.Dataset.counter(epoch).flat_map(epoch_batches).prefetch(2).with_options(_one_thread())

    return Batches(starting_at, rows, steps, execution, in_memory=True)


def streamed(train: Ratings, config: TrainConfig, kept: Rows = EVERY_RATING) -> Batches:
    """Builds batches that need little memory beside `train` itself, for large splits.

    An epoch consists of windows of a million rows, and a window of short runs of neighbouring rows from all
    over `train`. Each window is shuffled whole.
    """
    rows = kept.number(train)
    steps = math.ceil(rows / config.batch_size)
    runs = math.ceil(len(train) / RUN_ROWS)
    runs_a_window = max(1, WINDOW_ROWS // RUN_ROWS)

    def window(epoch, number):
        order = np.random.default_rng((config.seed, int(epoch))).permutation(runs)
        first = order[number * runs_a_window : (number + 1) * runs_a_window] * RUN_ROWS
        places = (first[:, np.newaxis] + np.arange(RUN_ROWS)).ravel()
        random = np.random.default_rng((config.seed, int(epoch), int(number)))
        return kept.shuffled(train[places[places < len(train)]], random, config.unknown_rate)

    def epoch_batches(epoch: tf.Tensor) -> tf.data.Dataset:
        numbers, specs = tf.data.Dataset.range(math.ceil(runs / runs_a_window)), kept.specs(train)
        windows = numbers.map(lambda number: _computed(window, [epoch, number], specs))
        return windows.rebatch(config.batch_size)

    def starting_at(epoch: int) -> tf.data.Dataset:
        return tf.data.Dataset.counter(epoch).flat_map(epoch_batches).prefetch(2).with_options(_one_thread())

    execution = max(n for n in range(1, STEPS_AN_EXECUTION + 1) if steps % n == 0)
    return Batches(starting_at, rows, steps, execution, in_memory=False)


def _computed(
    function: Callable[..., dict[str, np.ndarray]],
    arguments: list[tf.Tensor],
    specs: dict[str, tf.TensorSpec],
) -> dict[str, tf.Tensor]:
    """Calls a function of numpy arrays inside a dataset, and returns its columns by name."""

    def listed(*given):
        return list(function(*given).values())

    columns = tf.numpy_function(listed, arguments, [spec.dtype for spec in specs.values()])
    for column, spec in zip(columns, specs.values(), strict=True):
        column.set_shape(spec.shape)
    return dict(zip(specs, columns, strict=True))


def eval_batches(ratings: Ratings, batch_size: int = EVAL_BATCH) -> tf.data.Dataset:
    """Returns batches of all rows, once and in order."""
    return tf.data.Dataset.from_tensor_slices(ratings.features()).batch(batch_size).cache().prefetch(1)


def _one_thread() -> tf.data.Options:
    """Returns options for one thread: more threads and their autotuning take a fifth of a step's time."""
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.autotune.enabled = False
    return options
