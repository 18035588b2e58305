"""How a model is trained, whatever model it is."""

from typing import Literal

from pydantic import Field

from marquee.strict import Strict


class TrainConfig(Strict):
    """The training loop's settings."""

    epochs: int = Field(15, ge=1, description="passes over train, at most")
    batch_size: int = Field(4096, ge=1, description="ratings in a step, over all devices together")
    optimizer: Literal["adam", "lazy_adam", "adagrad", "sgd"] = Field(
        "adam",
        description="Keras's; or lazy_adam, which touches only rows that are looked up: for large tables",
    )
    learning_rate: float = Field(0.03, gt=0, description="at the start")
    schedule: Literal["none", "cosine"] = Field(
        "cosine", description="learning rate: constant, or falling to 0 over all epochs"
    )
    warmup_epochs: int = Field(
        0, ge=0, description="cosine: epochs, at most half of all, in which the rate first rises from 0"
    )
    patience: int = Field(
        3,
        ge=0,
        description="epochs without a better eval before stopping; the best is kept; 0: never, keep the last",
    )
    unknown_rate: float = Field(
        0.01,
        ge=0,
        lt=0.5,
        description="share of train rows whose user, or film, stands in for an unknown one",
    )
    seed: int = Field(42, ge=0, description="of initial weights and of the order of rows")
    in_memory: Literal["auto", "always", "never"] = Field(
        "auto", description="hold train's ids in memory, or stream them from the example files"
    )
    device: Literal["auto", "cpu", "gpu"] = Field("auto", description="auto: a GPU where there is one")
    strategy: Literal["none", "mirrored"] = Field(
        "none", description="mirrored: a copy of the model on each device, gradients summed"
    )
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = Field(
        "float32", description="of the arithmetic; weights stay float32"
    )
    xla: bool = Field(
        False,
        description="compile the training step with XLA: seconds at the start, then several times faster",
    )
