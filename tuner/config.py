"""What to search, how, and how long."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from marquee.strict import Strict


class FloatRange(Strict):
    """A number between two bounds; `log` spreads the draws evenly over orders of magnitude."""

    kind: Literal["float"] = "float"
    min: float
    max: float
    sampling: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _bounds(self) -> "FloatRange":
        if self.min >= self.max or (self.sampling == "log" and self.min <= 0):
            raise ValueError(f"needs min < max, and min > 0 with log sampling; got {self.min}, {self.max}")
        return self


class IntRange(Strict):
    """A whole number between two bounds, both included."""

    kind: Literal["int"] = "int"
    min: int
    max: int
    step: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _bounds(self) -> "IntRange":
        if self.min > self.max:
            raise ValueError(f"needs min <= max; got {self.min}, {self.max}")
        return self


class Choice(Strict):
    """One of several values, all of one type."""

    kind: Literal["choice"] = "choice"
    values: list[bool | int | float | str] = Field(min_length=1)


Dimension = Annotated[FloatRange | IntRange | Choice, Field(discriminator="kind")]


class TuneConfig(Strict):
    """A search over dotted paths of the model's and the training's configuration."""

    enabled: bool = Field(True, description="search before training; `--no-tune` sets it to false")
    strategy: Literal["random", "bayesian", "hyperband"] = Field(
        "bayesian", description="KerasTuner's oracle"
    )
    trials: int = Field(6, ge=1, description="how many settings are tried")
    seed: int = Field(42, description="of the oracle's draws")
    space: dict[str, Dimension] = Field(
        default={
            "train.learning_rate": FloatRange(min=0.003, max=0.03, sampling="log"),
            "train.epochs": IntRange(min=5, max=20),
        },
        description="what is searched: a path such as `train.learning_rate` or `model.dim`, and its range",
    )

    @model_validator(mode="after")
    def _something_to_search(self) -> "TuneConfig":
        if self.enabled and not self.space:
            raise ValueError("space is empty: name something to search, or set enabled to false")
        for path in self.space:
            if path.split(".")[0] not in ("model", "train"):
                raise ValueError(f"space: {path!r} is not below `model` or `train`")
        return self
