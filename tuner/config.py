"""The `tune` section: the search space, strategy and length of a hyperparameter search."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from marquee.strict import Strict


class FloatRange(Strict):
    """A range of floats; `sampling: log` draws evenly over orders of magnitude."""

    kind: Literal["float"] = "float"
    min: float = Field(description="lower bound")
    max: float = Field(description="upper bound")
    sampling: Literal["linear", "log"] = Field("linear", description="scale on which values are drawn evenly")

    @model_validator(mode="after")
    def _bounds(self) -> "FloatRange":
        if self.min >= self.max or (self.sampling == "log" and self.min <= 0):
            raise ValueError(f"needs min < max, and min > 0 with log sampling; got {self.min}, {self.max}")
        return self


class IntRange(Strict):
    """A range of integers, both bounds included."""

    kind: Literal["int"] = "int"
    min: int = Field(description="lower bound, included")
    max: int = Field(description="upper bound, included")
    step: int = Field(1, ge=1, description="difference between neighbouring values")

    @model_validator(mode="after")
    def _bounds(self) -> "IntRange":
        if self.min > self.max:
            raise ValueError(f"needs min <= max; got {self.min}, {self.max}")
        return self


class Choice(Strict):
    """A list of values of one type, of which one is chosen."""

    kind: Literal["choice"] = "choice"
    values: list[bool | int | float | str] = Field(min_length=1, description="values to choose from")


Dimension = Annotated[FloatRange | IntRange | Choice, Field(discriminator="kind")]


class TuneConfig(Strict):
    """Hyperparameter search over keys below `model` and `train`."""

    enabled: bool = Field(
        True, description="search hyperparameters before training; `--no-tune` sets it to false"
    )
    strategy: Literal["random", "bayesian", "hyperband"] = Field(
        "bayesian",
        description="search strategy, an oracle of KerasTuner; hyperband sets `train.epochs` itself",
    )
    trials: int = Field(
        6, ge=1, description="maximum number of trials; each trains one set of hyperparameters"
    )
    seed: int = Field(42, description="random seed of the search")
    space: dict[str, Dimension] = Field(
        default={
            "train.learning_rate": FloatRange(min=0.003, max=0.03, sampling="log"),
            "train.epochs": IntRange(min=5, max=20),
        },
        description="search space: range or choices by key, such as `train.learning_rate` or `model.dim`",
    )

    @model_validator(mode="after")
    def _something_to_search(self) -> "TuneConfig":
        if self.enabled and not self.space:
            raise ValueError("space is empty: name something to search, or set enabled to false")
        for path in self.space:
            if path.split(".")[0] not in ("model", "train"):
                raise ValueError(f"space: {path!r} is not below `model` or `train`")
        return self
