"""Early stopping that survives a resume."""

import operator
from typing import Literal

import keras
import numpy as np


class EarlyStopping(keras.callbacks.Callback):
    """Keeps the weights of the best epoch and stops after `patience` epochs without a better one.

    Keras's own `EarlyStopping` loses the best value and the number of epochs since when training is resumed.
    The `state` of this one is part of the backup.

    Args:
        monitor: the name of the log to monitor.
        patience: the number of epochs without improvement; 0 never stops and keeps the last epoch's weights.
        mode: "min" if lower is better, "max" if higher is better.
    """

    def __init__(self, monitor: str, patience: int, mode: Literal["min", "max"] = "min"):
        super().__init__()
        self.monitor, self.patience = monitor, patience
        self._better = operator.lt if mode == "min" else operator.gt
        self.best, self.best_epoch, self.wait = float("inf" if mode == "min" else "-inf"), -1, 0
        self.best_weights: list[np.ndarray] = []

    def on_epoch_end(self, epoch, logs=None):
        value = float(logs[self.monitor])
        if self._better(value, self.best):
            self.best, self.best_epoch, self.wait = value, epoch, 0
            if self.patience:
                self.best_weights = [variable.numpy() for variable in self.model.trainable_variables]
        else:
            self.wait += 1
        if self.exhausted:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.best_weights:
            for variable, value in zip(self.model.trainable_variables, self.best_weights, strict=True):
                variable.assign(value)

    @property
    def exhausted(self) -> bool:
        """Tells whether training should stop."""
        return bool(self.patience) and self.wait >= self.patience
