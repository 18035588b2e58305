"""Choice of the devices for training: a line for the user, and the scope to build and fit a model in."""

import functools
from contextlib import AbstractContextManager
from dataclasses import dataclass

import tensorflow as tf

from marquee.errors import TrainingError
from trainer.training.config import TrainConfig


@dataclass(frozen=True)
class Devices:
    """The chosen devices.

    Attributes:
        line: a sentence for the user about where training runs.
        strategy: a tf.distribute.Strategy, or None for a single device.
        name: the name of the single device, or "".
    """

    line: str
    strategy: tf.distribute.Strategy | None = None
    name: str = ""

    def scope(self) -> AbstractContextManager:
        """Returns the context to build, compile and fit a model in."""
        return self.strategy.scope() if self.strategy else tf.device(self.name)


def choose(config: TrainConfig) -> Devices:
    """Chooses devices by `config.device`, `config.strategy` and the devices of this machine.

    Raises:
        TrainingError: a GPU is requested and TensorFlow sees none, or mirroring has only one device.
    """
    gpus = tf.config.list_logical_devices("GPU") if config.device != "cpu" else []
    if config.device == "gpu" and not gpus:
        raise TrainingError(
            "train.device is gpu, but TensorFlow sees no GPU on this machine.",
            "Set train.device to auto or cpu, or install the CUDA libraries: make run EXTRA=gpu.",
        )
    devices = gpus or tf.config.list_logical_devices("CPU")
    kind = "GPU" if gpus else "CPU"
    if config.strategy == "mirrored":
        if len(devices) < 2:
            raise TrainingError(
                f"train.strategy is mirrored, but there is only one {kind}.", "Set train.strategy to none."
            )
        strategy = _mirrored(tuple(device.name for device in devices))
        return Devices(f"Training on {len(devices)} {kind}s, mirrored.", strategy=strategy)
    others = f" (of {len(devices)}; strategy: mirrored uses all)" if len(devices) > 1 else ""
    return Devices(f"Training on {devices[0].name.removeprefix('/device:')}{others}.", name=devices[0].name)


@functools.cache
def _mirrored(names: tuple[str, ...]) -> tf.distribute.Strategy:
    """Returns this process's mirrored strategy: a second one's collective operations fail on new shapes."""
    return tf.distribute.MirroredStrategy(list(names))
