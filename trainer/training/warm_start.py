"""Warm start: a model starts from an earlier model's weights, although users and films have changed."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from marquee.errors import TrainingError
from marquee.progress import report
from trainer.data.pairs.trained_on import TrainedOn
from trainer.data.row_keys import UNKNOWN
from trainer.models.base import Model, Weight
from trainer.training.weights import Trained, trained_folder

log = logging.getLogger(__name__)

#: The largest share of held-out ratings that a base model may have been trained on.
MOST_KNOWN = 0.01


class WarmStart:
    """The weights of an earlier model as initial weights: the argument `initial` of `loop.train`.

    Weights are matched by name, and the rows of a table by their keys. A row with a new key starts from the
    old table's out-of-vocabulary row; if there is none (genres, words), from the random initialization. The
    optimizer's state is not carried over. A base that does not fit (another kind of model, another width,
    weights that were never written) is not used, and the model keeps its random weights.

    A base that was trained on the new model's held-out ratings is not used either: the new model would be
    overrated.

    Args:
        base_model: the SavedModel of the artifact to start from, as TFX's Trainer names it.
        held_out: the hashes of the new model's held-out ratings (`trainer.data.pairs.trained_on`); None if
            there are none.

    Attributes:
        identity: a fingerprint of the base: a killed run resumes only with the same base.
        facts: facts for the report: `from`, `cold_because` ("" for a warm start), `rows` (by table, the
            numbers of carried, new and gone rows), and `cold`, the weights that the base lacks.
    """

    def __init__(self, base_model: str, held_out: np.ndarray | None = None):
        self._base, self.identity = None, "cold"
        self._learned = TrainedOn.read(trained_folder(base_model))
        self.facts: dict[str, Any] = {"from": base_model, "cold_because": "", "rows": {}, "cold": []}
        try:
            base = Trained.read(trained_folder(base_model))
        except TrainingError as error:
            self._cold(error.message)
            return
        if reason := "" if held_out is None else _knows(self._learned, held_out):
            self._cold(reason)
            return
        self._base, self.identity = base, f"from {base.checksum}"

    def add_to(self, learned: TrainedOn) -> TrainedOn:
        """Returns the record of a model that was trained on `learned` from this start."""
        return learned if self.facts["cold_because"] else learned.union(self._learned)

    def __call__(self, model: Model) -> None:
        """Assigns the base's weights to a built model; called in its strategy's scope."""
        if self._base is None:
            return
        named = model.weights_by_name()
        if reason := misfit(self._base, type(model).__name__, named):
            self._cold(reason)
            return
        rows, cold = put(self._base, named)
        self.facts |= {"rows": {name: asdict(counts) for name, counts in rows.items()}, "cold": cold}
        kept, new = (sum(getattr(each, what) for each in rows.values()) for what in ("carried", "new"))
        report(f"starts from the last model: {kept} rows carried over, {new} new")

    def _cold(self, reason: str) -> None:
        self.facts["cold_because"] = reason
        log.warning("Training starts cold. %s", reason)
        report("starts cold: nothing is carried over from the last model")


class FirstThatFits:
    """Several candidate bases: training starts from the first one that fits."""

    def __init__(self, bases: Sequence[WarmStart]):
        self._bases, self._chosen = bases, bases[-1]
        self.identity = " or ".join(base.identity for base in bases)

    def __call__(self, model: Model) -> None:
        """See `WarmStart`."""
        for base in self._bases:
            self._chosen = base
            base(model)
            if not base.facts["cold_because"]:
                return

    def add_to(self, learned: TrainedOn) -> TrainedOn:
        """See `WarmStart`."""
        return self._chosen.add_to(learned)

    @property
    def facts(self) -> dict[str, Any]:
        """Returns the facts of the base that was used."""
        return self._chosen.facts


def began_warm(report: Mapping[str, Any]) -> bool:
    """Tells whether the training that wrote this `training.json` started from an earlier model's weights."""
    began = report.get("warm_start")
    return bool(began and not began["cold_because"])


def put_weights(trained: Trained, model: Model) -> None:
    """Assigns every weight of a model that was trained with the same vocabularies to `model`.

    Raises:
        TrainingError: a weight, or a row of one, has no counterpart.
    """
    named = model.weights_by_name()
    if reason := misfit(trained, type(model).__name__, named):
        raise TrainingError(f"The judged model's weights cannot be taken over. {reason}")
    rows, cold = put(trained, named)
    if cold or any(counts.new or counts.gone for counts in rows.values()):
        raise TrainingError("The judged model's weights cannot be taken over: it knows other users or items.")


def put(trained: Trained, named: dict[str, Weight]) -> tuple[dict[str, "Rows"], list[str]]:
    """Assigns weights by name and rows by key; returns row counts by table and the missing weights."""
    rows, cold = {}, []
    for name, weight in named.items():
        if name not in trained.weights:
            cold.append(name)
        elif weight.keys is None:
            weight.variable.assign(trained.weights[name])
        else:
            table, rows[name] = carried(
                trained.weights[name], trained.keys[name], weight.variable.numpy(), weight.keys
            )
            weight.variable.assign(table)
    return rows, cold


def _knows(learned: TrainedOn, held_out: np.ndarray) -> str:
    """Returns why a model with this record cannot be a base if `held_out` is held out; "" if it can."""
    if not learned.complete:
        return "It is not known what the model to start from was trained on: an older version made it."
    overlap = learned.overlap(held_out)
    if overlap <= MOST_KNOWN:
        return ""
    return f"The model to start from was trained on {overlap:.1%} of what the new one is judged by (eval)."


@dataclass(frozen=True)
class Rows:
    """The numbers of a table's rows that were carried over, are new, and are gone."""

    carried: int
    new: int
    gone: int


def carried(
    old: np.ndarray, old_keys: tuple[str, ...], fresh: np.ndarray, keys: tuple[str, ...]
) -> tuple[np.ndarray, Rows]:
    """Builds a table for `keys` from another one: [len(keys), …] from [len(old_keys), …].

    Args:
        old, old_keys: the other table and the keys of its rows.
        fresh: the initial values of new rows, used if `old` has no out-of-vocabulary row.
        keys: the keys of the new table's rows.
    """
    if keys == old_keys:
        return old.copy(), Rows(len(keys), 0, 0)
    place = {key: row for row, key in enumerate(old_keys)}
    rows = np.array([place.get(key, -1) for key in keys])
    table = np.repeat(old[place[UNKNOWN]][None], len(keys), axis=0) if UNKNOWN in place else fresh.copy()
    table[rows >= 0] = old[rows[rows >= 0]]
    kept = int((rows >= 0).sum())
    return table, Rows(kept, len(keys) - kept, len(old_keys) - kept)


def misfit(base: Trained, kind: str, named: dict[str, Weight]) -> str:
    """Returns why the base's weights do not fit the model; "" if they do.

    A table may be missing on either side, for example because a side feature was switched on. Weights without
    keys (dense layers, thresholds) form the network, which must be the same in both.
    """
    if base.kind != kind:
        return f"The model to start from is of kind {base.kind}, this one of kind {kind}."
    network = {name for name, weight in named.items() if weight.keys is None}
    if odd := sorted(network ^ (base.weights.keys() - base.keys.keys())):
        return f"The model to start from is built otherwise: only one of the two has {', '.join(odd)}."
    for name in [name for name in named if name in base.weights]:
        rows = 0 if name in network else 1  # the number of rows may differ
        here, there = tuple(named[name].variable.shape[rows:]), base.weights[name].shape[rows:]
        if here != there:
            return f"The model to start from is built otherwise: {name} is {there} there and {here} here."
    return ""
