"""Backup of a training run: a killed run resumes from its last finished epoch with the same result.

Keras's `BackupAndRestore` writes weights and epoch one after the other and does not save the state of early
stopping: a kill between the two writes repeats an epoch, and a later one loses the best epoch. Here the whole
state of a run is one file, which is replaced atomically.
"""

import json
import logging
import os
from pathlib import Path

import keras
import numpy as np

from trainer.training.early_stopping import EarlyStopping

log = logging.getLogger(__name__)


class Backup(keras.callbacks.Callback):
    """Writes a run's state after each epoch, and removes it when training ends.

    Args:
        folder: the folder of this run's backup; created if it does not exist.
        identity: a fingerprint of the run's config, data and code; the state of another run is ignored.
        stopping: the early stopping callback, whose state is part of the backup.
    """

    def __init__(self, folder: str, identity: str, stopping: EarlyStopping):
        super().__init__()
        self._path = Path(folder) / "state.npz"
        self._identity, self._stopping = identity, stopping
        self._history: list[dict[str, float]] = []

    def restore(self, model: keras.Model) -> list[dict[str, float]]:
        """Restores a killed run's state into the model, its built optimizer, and early stopping.

        Returns:
            The logs of the finished epochs; empty if there is nothing to resume.
        """
        if not self._path.is_file():
            return []
        with np.load(self._path, allow_pickle=False) as state:
            facts = json.loads(str(state["facts"]))
            if facts["identity"] != self._identity:
                log.warning("%s is of another configuration, data or code: training starts anew.", self._path)
                return []
            for place, variable in enumerate(_variables(model)):
                variable.assign(state[f"variable_{place}"])
            stopping = self._stopping
            stopping.best, stopping.best_epoch, stopping.wait = (
                facts["best"],
                facts["best_epoch"],
                facts["wait"],
            )
            stopping.best_weights = [state[f"best_{place}"] for place in range(facts["best_weights"])]
        self._history = facts["history"]
        return list(self._history)

    def on_epoch_end(self, epoch, logs=None):
        self._history.append({name: float(value) for name, value in logs.items()})
        stopping = self._stopping
        facts = {
            "identity": self._identity,
            "history": self._history,
            "best": stopping.best,
            "best_epoch": stopping.best_epoch,
            "wait": stopping.wait,
            "best_weights": len(stopping.best_weights),
        }
        arrays = {f"variable_{place}": each.numpy() for place, each in enumerate(_variables(self.model))}
        arrays |= {f"best_{place}": value for place, value in enumerate(stopping.best_weights)}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_name(f"{self._path.name}.part")
        with part.open("wb") as file:
            np.savez(file, facts=json.dumps(facts), **arrays)
        os.replace(part, self._path)

    def on_train_end(self, logs=None):
        self._path.unlink(missing_ok=True)


def _variables(model: keras.Model) -> list[keras.Variable]:
    """Returns all variables that training changes: weights, the optimizer's moments and its step count."""
    return [*model.trainable_variables, *model.non_trainable_variables, *model.optimizer.variables]
