"""The training loop: one for every model and every task."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import keras
import tensorflow as tf

from marquee.errors import TrainingError
from marquee.progress import report_step
from trainer.models.base import Model
from trainer.models.optimizers.lazy_adam import LazyAdam
from trainer.training import devices
from trainer.training.backup import Backup
from trainer.training.batches import Batches
from trainer.training.config import TrainConfig
from trainer.training.early_stopping import EarlyStopping
from trainer.training.epoch_log import EpochLog

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "lazy_adam": LazyAdam,
    "adagrad": keras.optimizers.Adagrad,
    "sgd": keras.optimizers.SGD,
}


#: From a model as it is after an epoch to its metrics on eval.
Evaluation = Callable[[Model], dict[str, float]]


@dataclass(frozen=True)
class TrainResult:
    """What training came to.

    Attributes:
        model: with the best epoch's weights (the last one's where patience is 0).
        history: an epoch's logs each, those before a resume too.
        epochs, best_epoch: how many were trained; the best one's number, from 1.
        rows_per_second: of training steps alone, without eval; the first epoch, which compiles, is left
            out where there are others. 0 if nothing was left to train.
        device: the line that says where it ran.
        data: what it was trained on.
        resumed: how many of the epochs an earlier, interrupted run had trained.
        start: what `initial` gave, on eval before the first epoch; None where nothing was given.
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
    callbacks: Sequence[keras.callbacks.Callback] = (),
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
    verbose: int = 0,
) -> TrainResult:
    """Builds and trains a model, stopping early on `evaluation`, or after `passes` epochs.

    Args:
        build_model: called inside the devices' scope, with seed and precision set.
        data: train, as batches.
        evaluation: the rows that early stopping watches, never those of the final report; or, where a
            loss over rows says too little, a function from the model to metrics, called once an epoch.
            None: nothing is held out, and training ends after `passes` epochs with the last one's weights.
        config: the settings. The learning rate is scheduled over all of `config.epochs`.
        passes: how many of those epochs are trained at most; None: all, and 0 only builds the model.
        initial: puts weights to start from into the model, in place of random ones.
        log_dir: for TensorBoard: see `trainer.training.epoch_log`.
        backup_dir: where the state of a run lies that was killed, and where this run keeps its own.
        identity: what else, beside config and model, a run to go on from must have been made from.
        callbacks: more of Keras's.
        on_epoch: told the number of each finished epoch, from 1, and its logs.
        verbose: Keras's.

    Raises:
        TrainingError: the devices are not there, or the loss is no longer a number.
    """
    chosen = devices.choose(config)
    epochs = config.epochs if passes is None else passes
    keras.utils.set_random_seed(config.seed)
    with chosen.scope():
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
        # The order matters: eval comes before whatever reads its logs, a loss that is no number is not kept,
        # and a backup holds what stopping knows.
        watching = None if evaluation is None else stopping
        steps = _Steps(data.steps, epochs)
        ordered = [clock, steps, evaluate, _Diverged(), watching, backup, record, *callbacks]
        if on_epoch:
            ordered.append(
                keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, _: on_epoch(epoch + 1, history[-1]))
            )
        if log_dir:
            ordered.append(_Log(EpochLog(log_dir), history))
        if stopping.exhausted:  # killed after its last epoch, before it could say so
            stopping.set_model(model)
            stopping.on_train_end()
        elif epochs:
            model.fit(
                data.starting_at(len(history)),
                steps_per_epoch=data.steps,
                initial_epoch=len(history),
                epochs=epochs,
                validation_data=None if evaluate else evaluation,
                shuffle=False,  # the batches are already
                callbacks=[callback for callback in ordered if callback],
                verbose=verbose,
            )
    best = stopping.best_epoch if config.patience and evaluation is not None else len(history) - 1
    return TrainResult(
        model, history, len(history), best + 1, clock.rows_per_second(), chosen.line, data, resumed, start
    )


def learning_rate(config: TrainConfig, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The rate, or its rise and fall over all epochs; it depends on the optimizer's step count alone."""
    if config.schedule == "none":
        return config.learning_rate
    rising = min(config.warmup_epochs, config.epochs // 2)
    if not rising:
        return keras.optimizers.schedules.CosineDecay(config.learning_rate, config.epochs * steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0,
        (config.epochs - rising) * steps,
        warmup_target=config.learning_rate,
        warmup_steps=rising * steps,
    )


def compiled(build_model: Callable[[], Model], data: Batches, config: TrainConfig) -> Model:
    """A model with its weights and optimizer in place, ready for `fit`."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.precision)
    try:
        model = build_model()
    finally:
        keras.config.set_dtype_policy(before)
    # Weights and the optimizer's moments must be there before fit: to be restored, and to be mirrored.
    model(
        next(
            iter(
                data.starting_at(0).map(lambda batch: tf.nest.map_structure(lambda column: column[:2], batch))
            )
        )
    )
    model.compile(
        optimizer=OPTIMIZERS[config.optimizer](learning_rate(config, data.steps)),
        # Several steps at once leave a placeholder unfed when replicas have inputs of their own (Keras 3.15).
        steps_per_execution=1 if config.strategy == "mirrored" else data.steps_per_execution,
        jit_compile=config.xla,
    )
    model.optimizer.build(model.trainable_variables)
    return model


def _identity(model: Model, config: TrainConfig, more: str) -> str:
    shapes = [tuple(variable.shape) for variable in model.trainable_variables]
    return f"{type(model).__name__} {shapes} {config.model_dump_json()} {more}"


def _on_eval(model: Model, evaluation: tf.data.Dataset | Evaluation) -> dict[str, float]:
    """Metrics, named as Keras names what it evaluates between epochs."""
    if isinstance(evaluation, tf.data.Dataset):
        found = model.evaluate(evaluation, return_dict=True, verbose=0)
    else:
        found = evaluation(model)
    return {f"val_{name}": float(value) for name, value in found.items()}


class _Evaluate(keras.callbacks.Callback):
    """Adds what `evaluation` gives to the epoch's logs."""

    def __init__(self, evaluation: Evaluation):
        super().__init__()
        self._evaluation = evaluation

    def on_epoch_end(self, epoch, logs=None):
        logs.update(_on_eval(self.model, self._evaluation))


class _Diverged(keras.callbacks.Callback):
    """Ends a run whose loss is no longer a number."""

    def on_epoch_end(self, epoch, logs=None):
        for name in ("loss", self.model.monitor):
            if not math.isfinite(logs.get(name, 0.0)):
                raise TrainingError(
                    f"Training diverged: {name} is {logs[name]} after epoch {epoch + 1}.",
                    "Lower train.learning_rate, or set train.precision to float32.",
                )


class _Log(keras.callbacks.Callback):
    """Writes `history` down for TensorBoard as it grows; what it holds already, at once."""

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
    """Says at which step training is, so that whoever listens can end it there; once a second at most."""

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
    """Times the training steps of each epoch; eval and callbacks do not count."""

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
