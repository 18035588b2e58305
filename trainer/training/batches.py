"""Train's ratings as batches of integer ids: every row once per epoch, in an order of the epoch.

The order depends on the seed and the epoch's number alone, so a resumed run sees the same batches as an
uninterrupted one.
"""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.examples import example_batches, expand
from trainer.data.features import MOVIE_ID, USER_ID, USER_RATING
from trainer.data.implicit.negatives import Negatives
from trainer.data.implicit.strengths import Strengths
from trainer.data.rating_lookup import RatingLookup
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import OOV, Vocabularies
from trainer.models.ranking.model import SAMPLE_WEIGHT
from trainer.training.config import TrainConfig

BYTES_A_ROW = 20 * 3  # ids, rating and time, three times: as read, shuffled, and shuffled for the next epoch
MEMORY_SHARE = 0.25  # the share of the machine's memory that ratings may take
STEPS_AN_EXECUTION = 64  # the largest number of steps that share Keras's overhead per execution
SHUFFLE_ROWS = 1 << 18
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


EVERY_RATING = Rows()


@dataclass(frozen=True)
class Batches:
    """The training batches for `loop.train`.

    Attributes:
        starting_at: a function from an epoch's number (from 0) to the endless dataset from that epoch on.
        rows, steps: the numbers of rows and steps of an epoch.
        steps_per_execution: a divisor of `steps`.
        in_memory: whether the rows are in memory; otherwise they are streamed.
    """

    starting_at: Callable[[int], tf.data.Dataset]
    rows: int
    steps: int
    steps_per_execution: int
    in_memory: bool


def batches(
    train: Ratings,
    patterns: Sequence[str],
    vocabularies: Vocabularies,
    config: TrainConfig,
    kept: Rows = EVERY_RATING,
) -> Batches:
    """Builds the batches: `in_memory` if the config says so or the rows fit, else `streamed`.

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
    rows = kept.number(train)
    if fits_in_memory(rows, config):
        return in_memory(train, config, kept)
    return streamed(patterns, vocabularies, rows, config, kept)


def fits_in_memory(rows: int, config: TrainConfig, memory: int | None = None) -> bool:
    """Decides whether `rows` ratings are held in memory; `memory`: in bytes, by default this machine's."""
    if config.in_memory == "auto":
        return rows * BYTES_A_ROW <= MEMORY_SHARE * (memory or _physical_memory())
    return config.in_memory == "always"


def in_memory(train: Ratings, config: TrainConfig, kept: Rows = EVERY_RATING) -> Batches:
    """Builds batches in memory: shuffles whole columns once per epoch and slices them, without work per row.

    Rows are spread evenly over the steps, and no batch is larger than `config.batch_size`.
    """
    rows = kept.number(train)
    least = math.ceil(rows / config.batch_size)
    execution = math.ceil(least / math.ceil(least / STEPS_AN_EXECUTION))
    steps = math.ceil(least / execution) * execution
    edges = tf.constant(np.linspace(0, rows, steps + 1).astype(np.int64))
    columns = train.features()
    if kept.strengths is not None:
        columns[SAMPLE_WEIGHT] = kept.strengths(train.rating)
    types = [column.dtype for column in columns.values()]

    def shuffled(epoch: int) -> list[np.ndarray]:
        random = np.random.default_rng((config.seed, int(epoch)))
        drawn = columns
        if kept.negatives is not None:
            drawn = kept.negatives.with_negatives(train, random).features()
        order = random.permutation(rows)
        taken = {name: column[order] for name, column in drawn.items()}
        for name in kept.forgotten:
            taken[name][random.integers(rows, size=int(config.unknown_rate * rows))] = OOV
        return list(taken.values())

    def epoch_batches(epoch: tf.Tensor) -> tf.data.Dataset:
        epoch_columns = tf.numpy_function(shuffled, [epoch], types)
        for column in epoch_columns:
            column.set_shape([rows])

        def cut(step):
            return {
                name: column[edges[step] : edges[step + 1]]
                for name, column in zip(columns, epoch_columns, strict=True)
            }

        return tf.data.Dataset.range(steps).map(cut)

    def starting_at(epoch: int) -> tf.data.Dataset:
        return tf.data.Dataset.counter(epoch).flat_map(epoch_batches).prefetch(2).with_options(_one_thread())

    return Batches(starting_at, rows, steps, execution, in_memory=True)


def streamed(
    patterns: Sequence[str],
    vocabularies: Vocabularies,
    rows: int,
    config: TrainConfig,
    kept: Rows = EVERY_RATING,
) -> Batches:
    """Builds batches that are read, parsed, looked up and shuffled during training, for large train splits.

    Args:
        patterns: glob patterns of the files.
        vocabularies: the vocabularies of the ids.
        rows: the number of `kept` rows.
        config: the training settings.
        kept: the selection of rows.
    """
    files, lookup = expand(patterns), RatingLookup(vocabularies)
    steps = math.ceil(rows / config.batch_size)

    def epoch_batches(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(tf.constant(files), seed(epoch))
        chunks = example_batches(order, lookup.names, SHUFFLE_ROWS, vocabularies.description)
        chunks = chunks.map(lookup).enumerate()
        if kept.negatives is not None:
            chunks = chunks.map(lambda chunk, columns: (chunk, with_negatives(columns, epoch, chunk)))
        shuffled = chunks.map(lambda chunk, columns: shuffle(columns, epoch, chunk))
        return (
            shuffled.rebatch(config.batch_size)
            .enumerate()
            .map(lambda step, batch: forget(batch, epoch, step))
        )

    def with_negatives(columns, epoch, chunk):
        """Adds negatives to a chunk's rows."""
        names = list(columns)
        types = [columns[name].dtype for name in names]

        def drawn(epoch, chunk, *values):
            interactions = Ratings.concatenate([dict(zip(names, values, strict=True))])
            random = np.random.default_rng((config.seed, int(epoch), int(chunk)))
            found = kept.negatives.with_negatives(interactions, random).features()
            return [found[name] for name in names]

        found = tf.numpy_function(drawn, [epoch, chunk, *columns.values()], types)
        for column in found:
            column.set_shape([None])
        return dict(zip(names, found, strict=True))

    def shuffle(columns, epoch, chunk):
        """Shuffles whole columns of a chunk that spans several files."""
        places = tf.range(tf.shape(columns[USER_ID])[0])
        if kept.min_rating is not None:
            places = tf.boolean_mask(places, columns[USER_RATING] >= kept.min_rating)
        if kept.strengths is not None:
            columns = {**columns, SAMPLE_WEIGHT: kept.strengths.of_tensor(columns[USER_RATING])}
        order = tf.random.experimental.stateless_shuffle(places, seed(epoch, chunk))
        return {name: tf.gather(column, order) for name, column in columns.items()}

    def forget(batch, epoch, step):
        """Replaces some users and films by the unknown one."""
        for salt, name in enumerate(kept.forgotten, start=1):
            chance = tf.random.stateless_uniform(tf.shape(batch[name]), seed(epoch, step, salt))
            batch = {**batch, name: tf.where(chance < config.unknown_rate, OOV, batch[name])}
        return batch

    def seed(epoch, place=0, salt=0):
        return tf.stack(
            [tf.cast(config.seed, tf.int64) + epoch * 1_000_003, tf.cast(place, tf.int64) * 3 + salt]
        )

    def starting_at(epoch: int) -> tf.data.Dataset:
        return tf.data.Dataset.counter(epoch).flat_map(epoch_batches).prefetch(2)

    execution = max(n for n in range(1, STEPS_AN_EXECUTION + 1) if steps % n == 0)
    return Batches(starting_at, rows, steps, execution, in_memory=False)


def eval_batches(ratings: Ratings, batch_size: int = EVAL_BATCH) -> tf.data.Dataset:
    """Returns batches of all rows, once and in order."""
    return tf.data.Dataset.from_tensor_slices(ratings.features()).batch(batch_size).cache().prefetch(1)


def _one_thread() -> tf.data.Options:
    """Returns options for one thread: more threads and their autotuning take a fifth of a step's time."""
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.autotune.enabled = False
    return options


def _physical_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
