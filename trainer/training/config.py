"""Configuration of the training loop, for every kind of model."""

from typing import Literal

from pydantic import Field

from marquee.strict import Strict


class TrainConfig(Strict):
    """The `train` section: optimizer, learning rate, early stopping and devices."""

    epochs: int = Field(15, ge=1, description="maximum number of passes over train")
    batch_size: int = Field(4096, ge=1, description="ratings per training step, over all devices together")
    optimizer: Literal["adam", "lazy_adam", "adagrad", "sgd"] = Field(
        "adam",
        description="Keras optimizer, or lazy_adam: updates only embeddings in the batch, for large tables",
    )
    learning_rate: float = Field(
        0.03, gt=0, description="peak learning rate: the initial one, or that at the end of warmup"
    )
    schedule: Literal["none", "cosine"] = Field(
        "cosine", description="learning rate schedule: none (constant), or cosine decay to 0 over `epochs`"
    )
    warmup_epochs: int = Field(
        0,
        ge=0,
        description="epochs in which the learning rate rises from 0, at most half of `epochs`; cosine only",
    )
    patience: int = Field(
        3,
        ge=0,
        description="early stopping: epochs without improvement on eval; keeps the best epoch; 0: off, keeps "
        "the last",
    )
    unknown_rate: float = Field(
        0.01,
        ge=0,
        lt=0.5,
        description="share of train rows with the user id, and likewise the item id, masked, to learn "
        "cold-start",
    )
    seed: int = Field(42, ge=0, description="random seed of the initial weights and the order of rows")
    in_memory: Literal["auto", "always", "never"] = Field(
        "auto",
        description="always: shuffle train whole; never: in windows of a million rows; auto: whole if that "
        "takes less than a quarter of RAM",
    )
    device: Literal["auto", "cpu", "gpu"] = Field(
        "auto", description="device for training; auto: a GPU if there is one"
    )
    strategy: Literal["none", "mirrored"] = Field(
        "none",
        description="distribution over devices; mirrored: a copy of the model on each, gradients summed",
    )
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = Field(
        "float32", description="floating-point type of computations; weights stay float32"
    )
    xla: bool = Field(
        False,
        description="compile the training step with XLA: takes seconds at first, then steps are several "
        "times faster",
    )
