"""The training loop of all models and tasks."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import keras
import tensorflow as tf

from marquee.errors import TrainingError
from marquee.progress import report_step
from trainer.models.base import Model
from trainer.training import devices
from trainer.training.backup import Backup
from trainer.training.batches import Batches
from trainer.training.blended import Blended
from trainer.training.compiled import KeptModel, compiled
from trainer.training.config import TrainConfig
from trainer.training.early_stopping import EarlyStopping
from trainer.training.epoch_log import EpochLog

#: A function from a model after an epoch to its metrics on eval.
Evaluation = Callable[[Model], dict[str, float]]


@dataclass(frozen=True)
class TrainResult:
    """The result of training.

    Attributes:
        model: the model with the best epoch's weights (the last epoch's if patience is 0).
        history: the logs of each epoch, including those before a resume.
        epochs, best_epoch: the number of trained epochs, and the number of the best one, from 1.
        rows_per_second: the throughput of training steps alone, without eval; the first epoch, which
            compiles, is left out if there are others. 0 if nothing was left to train.
        device: the line about where training ran.
        data: the batches that the model was trained on.
        resumed: the number of epochs that an earlier, interrupted run had trained.
        start: the metrics on eval with the `initial` weights, before the first epoch; None without them.
        blend: of a blend of models, what was found by training it.
    """

    model: Model
    history: list[dict[str, float]] = field(repr=False)
    epochs: int
    best_epoch: int
    rows_per_second: float
    device: str
    data: Batches
    resumed: int
    start: dict[str, float] | None = None
    blend: Blended | None = None


def train(
    build_model: Callable[[], Model],
    data: Batches,
    evaluation: tf.data.Dataset | Evaluation | None,
    config: TrainConfig,
    *,
    passes: int | None = None,
    initial: Callable[[Model], None] | None = None,
    log_dir: str | None = None,
    backup_dir: str | None = None,
    identity: str = "",
    kept: KeptModel | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
    verbose: int = 0,
) -> TrainResult:
    """Builds and trains a model, stopping early on `evaluation`, or after `passes` epochs.

    Args:
        build_model: a function that builds the model; called inside the devices' scope, with seed and
            precision set.
        data: the batches of train.
        evaluation: the rows that early stopping monitors, never those of the final report; or a function
            from the model to metrics, called once per epoch, if a loss over rows says too little. None:
            nothing is held out, and training ends after `passes` epochs with the last one's weights.
        config: the training settings. The learning rate is scheduled over all of `config.epochs`.
        passes: the largest number of epochs to train; None: all of `config.epochs`; 0 only builds the model.
        initial: a function that assigns initial weights in place of random ones.
        log_dir: the folder of TensorBoard's logs: see `trainer.training.epoch_log`.
        backup_dir: the folder of this run's backup, from which a killed run resumes.
        identity: a fingerprint of whatever a run depends on beside config and model; a run resumes only from
            a backup with the same one.
        kept: a model of earlier trainings, which is used again if only rates and epochs differ.
        callbacks: additional Keras callbacks.
        on_epoch: a function that is called with the number of each finished epoch, from 1, and its logs.
        verbose: the verbosity of Keras's `fit`.

    Raises:
        TrainingError: the devices are not available, or the loss is NaN or infinite.
    """
    chosen = devices.choose(config)
    epochs = config.epochs if passes is None else passes
    keras.utils.set_random_seed(config.seed)
    with chosen.scope():
        if kept:
            model = kept.compiled(build_model, data, config, identity)
        else:
            model = compiled(build_model, data, config)
        stopping = EarlyStopping(model.monitor, config.patience, model.monitor_mode)
        clock = _Clock(data.rows)
        start = None
        if initial:
            initial(model)
            start = _on_eval(model, evaluation) if evaluation is not None else None
        evaluate = _Evaluate(evaluation) if callable(evaluation) else None
        backup = Backup(backup_dir, _identity(model, config, identity), stopping) if backup_dir else None
        history = backup.restore(model) if backup else []
        resumed = len(history)
        record = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda _, logs: history.append({name: float(value) for name, value in logs.items()})
        )
        # The order matters: eval runs before the callbacks that read its logs, a diverged epoch is not
        # backed up, and a backup includes the updated state of early stopping.
        watching = None if evaluation is None else stopping
        steps = _Steps(data.steps, epochs)
        ordered = [clock, steps, evaluate, _Diverged(), watching, backup, record, *callbacks]
        if on_epoch:
            ordered.append(
                keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, _: on_epoch(epoch + 1, history[-1]))
            )
        if log_dir:
            ordered.append(_Log(EpochLog(log_dir), history))
        if stopping.exhausted:  # killed after its last epoch, before it finished
            stopping.set_model(model)
            stopping.on_train_end()
        elif epochs:
            model.fit(
                data.starting_at(len(history)),
                steps_per_epoch=data.steps,
                initial_epoch=len(history),
                epochs=epochs,
                validation_data=None if evaluate else evaluation,
                shuffle=False,  # the batches are shuffled already
                callbacks=[callback for callback in ordered if callback],
                verbose=verbose,
            )
    best = stopping.best_epoch if config.patience and evaluation is not None else len(history) - 1
    return TrainResult(
        model, history, len(history), best + 1, clock.rows_per_second(), chosen.line, data, resumed, start
    )


def _identity(model: Model, config: TrainConfig, more: str) -> str:
    shapes = [tuple(variable.shape) for variable in model.trainable_variables]
    return f"{type(model).__name__} {shapes} {config.model_dump_json()} {more}"


def _on_eval(model: Model, evaluation: tf.data.Dataset | Evaluation) -> dict[str, float]:
    """Returns the metrics on eval, under Keras's names (`val_…`)."""
    if isinstance(evaluation, tf.data.Dataset):
        found = model.evaluate(evaluation, return_dict=True, verbose=0)
    else:
        found = evaluation(model)
    return {f"val_{name}": float(value) for name, value in found.items()}


class _Evaluate(keras.callbacks.Callback):
    """Adds the metrics of `evaluation` to the epoch's logs."""

    def __init__(self, evaluation: Evaluation):
        super().__init__()
        self._evaluation = evaluation

    def on_epoch_end(self, epoch, logs=None):
        logs.update(_on_eval(self.model, self._evaluation))


class _Diverged(keras.callbacks.Callback):
    """Ends a run whose loss is NaN or infinite."""

    def on_epoch_end(self, epoch, logs=None):
        for name in ("loss", self.model.monitor):
            if not math.isfinite(logs.get(name, 0.0)):
                raise TrainingError(
                    f"Training diverged: {name} is {logs[name]} after epoch {epoch + 1}.",
                    "Lower train.learning_rate, or set train.precision to float32.",
                )


class _Log(keras.callbacks.Callback):
    """Writes each epoch of `history` for TensorBoard; epochs before a resume are written at the start."""

    def __init__(self, log: EpochLog, history: Sequence[dict[str, float]]):
        super().__init__()
        self._log, self._history = log, history
        for epoch, before in enumerate(history, start=1):
            log.write(epoch, before)

    def on_epoch_end(self, epoch, logs=None):
        rate = float(self.model.optimizer.learning_rate)
        self._log.write(epoch + 1, {**self._history[-1], "learning_rate": rate})

    def on_train_end(self, logs=None):
        self._log.close()


class _Steps(keras.callbacks.Callback):
    """Reports the current step, at most once per second, so that a listener can interrupt training."""

    def __init__(self, steps: int, epochs: int):
        super().__init__()
        self._steps, self._epochs, self._epoch, self._said = steps, epochs, 0, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if time.monotonic() - self._said >= 1:
            self._said = time.monotonic()
            report_step(f"epoch {self._epoch + 1} of {self._epochs}, step {batch + 1:,} of {self._steps:,}")

    def on_test_batch_end(self, batch, logs=None):
        if time.monotonic() - self._said >= 1:
            self._said = time.monotonic()
            report_step(f"epoch {self._epoch + 1} of {self._epochs}, on eval")


class _Clock(keras.callbacks.Callback):
    """Measures the time of each epoch's training steps, without eval and callbacks."""

    def __init__(self, rows: int):
        super().__init__()
        self._rows, self._begin, self._end = rows, 0.0, 0.0
        self._epochs: list[float] = []

    def on_epoch_begin(self, epoch, logs=None):
        self._begin = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self._end = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self._epochs.append(self._end - self._begin)

    def rows_per_second(self) -> float:
        timed = self._epochs[1:] or self._epochs
        return self._rows * len(timed) / sum(timed) if timed else 0.0
