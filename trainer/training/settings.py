"""Model and training configuration of a task, with the tuner's hyperparameters applied."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field

from marquee.strict import Strict
from trainer.data.description import Description
from trainer.training.config import TrainConfig
from trainer.training.hyperparameters import apply_hyperparameters


class Settings(Strict):
    """Base of each task's configuration, which adds `model` and `monitor`.

    Attributes:
        monitor_mode: "min" if a lower value of `monitor` is better, "max" if a higher one is.
    """

    monitor_mode: ClassVar[Literal["min", "max"]] = "min"

    if TYPE_CHECKING:  # no field of its own: each task's has its own type, default and place
        model: Any

    train: TrainConfig = Field(TrainConfig(), description="training loop")
    cold_items: bool = Field(
        True,
        description="whether items that are described and that nobody has touched are served too, known by "
        "the items of like features; they do not change the training",
    )

    @classmethod
    def of(cls, config: Mapping[str, Any], hyperparameters: Mapping[str, Any] | None) -> Self:
        """The configuration with the tuner's hyperparameters applied.

        Args:
            config: fields of this class, such as `model` and `train`, as plain dicts; each may be missing.
            hyperparameters: KerasTuner's config, of which `values` is read, or None.

        Raises:
            ConfigError: a wrong key or value.
        """
        settings = cls.checked(
            {name: config[name] for name in cls.model_fields if config.get(name) not in (None, {})}
        )
        values = (hyperparameters or {}).get("values", {})
        # Hyperband keeps notes of its own among the values: tuner/epochs, tuner/bracket…
        chosen = {path: value for path, value in values.items() if not path.startswith("tuner/")}
        return apply_hyperparameters(settings, chosen)

    def for_data(self, description: Description, levels: int | None = None) -> Self:
        """The configuration as it suits the data.

        Args:
            description: the description of the data.
            levels: the number of different ratings in train, if it is known.

        Raises:
            ConfigError: a model cannot learn from such data; the message says what can.
        """
        return self

    @property
    def monitor(self) -> str:
        """Name of the logged metric that early stopping and the tuner watch."""
        raise NotImplementedError

    def of_kind(self, kind: str) -> Self:
        """The same configuration with another kind of model, at its defaults.

        Raises:
            ConfigError: there is no such kind.
        """
        return self.checked({**self.model_dump(), "model": {"kind": kind}})
