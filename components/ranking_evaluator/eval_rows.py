"""Both models' predictions of each row of `eval` and the slices it is in: one pass, compact columns."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from components.ranking_evaluator.paired import Paired
from marquee.errors import DataError
from marquee.progress import report
from trainer.data.description import Description
from trainer.data.examples import with_serialized
from trainer.data.features import MOVIE_ID, USER_ID, USER_RATING
from trainer.data.pairs.pair_hash import column_hashes, mixed
from trainer.export.saved_model import SavedModel

BATCH = 1 << 13
_NAMES = (USER_ID, MOVIE_ID, USER_RATING)


@dataclass(frozen=True, eq=False)
class Groups:
    """The slices by one feature; a row of several words (genres) is in several.

    Attributes:
        values: of the feature, one per slice: text, or numbers.
        row, group: int32 [n], which row is in which slice; no pair comes twice.
    """

    values: list[Any]
    row: np.ndarray
    group: np.ndarray

    def sums(self, column: np.ndarray) -> np.ndarray:
        """Returns the sum of a column of the rows by slice, float64 [slices]."""
        return np.bincount(self.group, weights=column[self.row], minlength=len(self.values))

    def counts(self) -> np.ndarray:
        """Returns the number of rows by slice, float64 [slices]."""
        return np.bincount(self.group, minlength=len(self.values)).astype(np.float64)


@dataclass(frozen=True, eq=False)
class EvalRows:
    """What evaluation knows of each row of `eval`.

    Attributes:
        user: the number of each row's user, from 0, int32.
        pairs: the hash of user and film (`trainer.data.pairs.pair_hash`), uint64.
        stars: the rating, float32.
        predicted: by the name of the model, its predictions, float32.
        groups: the slices by feature.
    """

    user: np.ndarray
    pairs: np.ndarray
    stars: np.ndarray
    predicted: Mapping[str, np.ndarray]
    groups: Mapping[str, Groups] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        models: Mapping[str, str],
        patterns: Sequence[str],
        sliced: Sequence[str] = (),
        of_model: bool = False,
        description: Description | None = None,
    ) -> "EvalRows":
        """Calls `serving_examples` of each model on every row of the files.

        Args:
            models: the folder of each model's SavedModel, by name.
            patterns: glob patterns of the files of tf.Examples.
            sliced: features to slice by. Outputs of a signature `slices` come before features of the
                examples, and where two models differ about a row it is in the slices of both, as in TFMA.
            of_model: whether the models' `slices` are asked.
            description: what the examples call users, items and ratings; None: as in MovieLens.

        Raises:
            DataError: no rows, or text that is not UTF-8.
        """
        found: list[tuple[np.ndarray, ...]] = []
        groups = {name: _Grouping(name) for name in sliced}
        decode = ExamplesToRecordBatchDecoder().DecodeBatch
        with contextlib.ExitStack() as open_models:
            loaded = [open_models.enter_context(SavedModel(path)) for path in models.values()]
            report(f"rating eval by {' and '.join(models)}")
            start = 0
            batches = with_serialized(patterns, _NAMES, BATCH, description)
            for serialized, raw in batches.as_numpy_iterator():
                users = column_hashes(raw[USER_ID])
                answers = (model.ask("serving_examples", examples=serialized) for model in loaded)
                predicted = [answer[USER_RATING].astype(np.float32).reshape(-1) for answer in answers]
                pairs = mixed(users, column_hashes(raw[MOVIE_ID]))
                found.append((users, pairs, raw[USER_RATING], *predicted))
                own = [model.ask("slices", examples=serialized) for model in loaded] if of_model else []
                _add_slices(groups, own, partial(decode, list(serialized)), start)
                start += len(users)
        if not found:
            raise DataError(f"No rows to evaluate in {', '.join(patterns)}.", "Is the split `eval` empty?")
        users, pairs, stars, *answered = (np.concatenate(column) for column in zip(*found, strict=True))
        return cls(
            np.unique(users, return_inverse=True)[1].astype(np.int32),
            pairs,
            stars,
            dict(zip(models, answered, strict=True)),
            {name: grouping.groups() for name, grouping in groups.items()},
        )

    def paired(self, candidate: str, baseline: str) -> Paired:
        """Returns the comparison of two models, by their names."""
        new, old = (self.predicted[name].astype(np.float64) for name in (candidate, baseline))
        return Paired(self.user, self.pairs, self.stars.astype(np.float64), new, old)


def _add_slices(
    groups: Mapping[str, "_Grouping"],
    of_models: Sequence[Mapping[str, np.ndarray]],
    decoded: Callable[[], pa.RecordBatch],
    start: int,
) -> None:
    raw = [name for name in groups if not any(name in outputs for outputs in of_models)]
    for name in groups.keys() - set(raw):
        groups[name].add((_of_output(outputs[name]) for outputs in of_models if name in outputs), start)
    if raw:
        batch = decoded()
        for name in raw:
            groups[name].add([_of_lists(batch[name])] if name in batch.schema.names else [], start)


def _of_output(column: np.ndarray) -> tuple[np.ndarray, pa.Array]:
    """Returns (row, value) of the output of a signature, [B] or [B, n]."""
    rows = np.repeat(np.arange(len(column)), column.size // max(len(column), 1))
    return rows, pa.array(column.reshape(-1))


def _of_lists(column: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """Returns (row, value) of a column of lists; null is an example without the feature."""
    if pa.types.is_null(column.type):
        return np.zeros(0, np.int64), pa.array([], pa.binary())
    lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    return np.repeat(np.arange(len(column)), lengths), column.flatten()


class _Grouping:
    """Collects the slices by one feature over batches."""

    def __init__(self, name: str):
        self._name = name
        self._codes: dict[Any, int] = {}
        self._parts: list[np.ndarray[Any, np.dtype[np.int32]]] = []

    def add(self, columns: Iterable[tuple[np.ndarray, pa.Array]], start: int) -> None:
        pairs: list[np.ndarray] = [np.zeros((0, 2), np.int32)]
        for rows, values in columns:
            encoded = values.dictionary_encode()
            codes = np.array([self._code(value) for value in encoded.dictionary.to_pylist()], np.int32)
            indices = encoded.indices.to_numpy(zero_copy_only=False)
            pairs.append(np.stack([rows.astype(np.int32) + start, codes[indices]], axis=1, dtype=np.int32))
        together = np.concatenate(pairs)
        # A word that an example names twice, or two models give, counts once.
        key = np.unique(together[:, 0].astype(np.int64) << 32 | together[:, 1])
        self._parts.append(np.stack([key >> 32, key & 0xFFFFFFFF]).astype(np.int32))

    def groups(self) -> Groups:
        row, group = np.concatenate(self._parts, axis=1) if self._parts else np.zeros((2, 0), np.int32)
        return Groups(list(self._codes), row, group)

    def _code(self, value: Any) -> int:
        if isinstance(value, bytes):
            try:
                value = value.decode()
            except UnicodeDecodeError:
                raise DataError(
                    f"Feature {self._name}: the value {value!r} is not UTF-8, and evaluation slices by it.",
                    "Repair the data, or set `slices: false` for this feature.",
                ) from None
        return self._codes.setdefault(value, len(self._codes))
