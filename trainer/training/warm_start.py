"""A model that starts from what an earlier one learned, though users and films have come and gone since."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from marquee.errors import TrainingError
from marquee.progress import report
from trainer.data.row_keys import UNKNOWN
from trainer.data.trained_on import TrainedOn
from trainer.models.base import Model, Weight
from trainer.training.weights import Trained, trained_folder

log = logging.getLogger(__name__)

#: The share of held-out ratings that a model to start from may have learned.
MOST_KNOWN = 0.01


class WarmStart:
    """What `trainer.training.loop.train` takes as `initial`: the last model's weights, not random ones.

    Weights go by name, and the rows of a table by what they belong to. A row whose key is new starts as
    the old table's row for the unknown; where it has none (genres, words), as in any new model. The
    optimizer starts anew. A base that does not fit (another kind of model, another width, weights that
    were never written) is left alone, and the model stays as it is.

    A base that has learned what the new model is judged by is left alone as well: the new model would be
    better than it is.

    Args:
        base_model: the SavedModel of the artifact to start from, as TFX's Trainer names it.
        held_out: the hashes of the ratings that the new model is judged by (`trainer.data.trained_on`); None
            where it is judged by none.

    Attributes:
        identity: of what is started from: a killed run is gone on from with the same base alone.
        facts: for the report: `from`, `cold_because` ("" unless it is), `rows` (by table, how many were
            carried over, are new, and have gone), and `cold`, the weights that the base lacks.
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
        """The record of a model that was trained on `learned` from this start."""
        return learned if self.facts["cold_because"] else learned.union(self._learned)

    def __call__(self, model: Model) -> None:
        """Puts the base's weights into a model whose weights are there; in its strategy's scope."""
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
    """Several bases in the place of one: training starts from the first that it can start from."""

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
        """Those of the base that was started from."""
        return self._chosen.facts


def began_warm(report: Mapping[str, Any]) -> bool:
    """Whether the training that wrote this `training.json` started from an earlier model's weights."""
    began = report.get("warm_start")
    return bool(began and not began["cold_because"])


def put_weights(trained: Trained, model: Model) -> None:
    """Puts every weight of a model that was trained with the same vocabularies into `model`.

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
    """Assigns weights by name and rows by key; gives the counts of rows by table, and what there was not."""
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
    """Why a model with this record is no start for one that is judged by `held_out`; "" where it is one."""
    if not learned.complete:
        return "It is not known what the model to start from was trained on: an older version made it."
    overlap = learned.overlap(held_out)
    if overlap <= MOST_KNOWN:
        return ""
    return f"The model to start from was trained on {overlap:.1%} of what the new one is judged by (eval)."


@dataclass(frozen=True)
class Rows:
    """How many rows of a table were carried over, are new, and have gone."""

    carried: int
    new: int
    gone: int


def carried(
    old: np.ndarray, old_keys: tuple[str, ...], fresh: np.ndarray, keys: tuple[str, ...]
) -> tuple[np.ndarray, Rows]:
    """A table for `keys` out of another: [len(keys), …] from [len(old_keys), …].

    Args:
        old, old_keys: the other table, and what its rows belong to.
        fresh: what rows start as that have no counterpart, if `old` has no row for the unknown.
        keys: what the new table's rows belong to.
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
    """Why the base's weights would mean nothing in the model, "" where they do.

    A table may be missing on either side: a side feature was switched on, say. What has no keys (dense
    layers, thresholds) makes up the network, and must be the same throughout.
    """
    if base.kind != kind:
        return f"The model to start from is of kind {base.kind}, this one of kind {kind}."
    network = {name for name, weight in named.items() if weight.keys is None}
    if odd := sorted(network ^ (base.weights.keys() - base.keys.keys())):
        return f"The model to start from is built otherwise: only one of the two has {', '.join(odd)}."
    for name in [name for name in named if name in base.weights]:
        rows = 0 if name in network else 1  # their number is free
        here, there = tuple(named[name].variable.shape[rows:]), base.weights[name].shape[rows:]
        if here != there:
            return f"The model to start from is built otherwise: {name} is {there} there and {here} here."
    return ""
