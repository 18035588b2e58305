"""What each kind of retrieval model can be told. Light to import: no TensorFlow."""

from typing import Annotated, Literal

from pydantic import Field

from trainer.ranking.config import TIMELESS
from trainer.strict import Strict

IndexKind = Literal["exact", "ivf", "auto"]
Share = Annotated[float, Field(ge=0, lt=1)]


class TwoTowerConfig(Strict):
    """A user tower and an item tower, whose product is the score."""

    kind: Literal["two_tower"] = Field("two_tower", description="the kind of model")
    dim: int = Field(64, ge=1, description="width of both towers' vectors")
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (), description="widths of dense ReLU layers in each tower; none: the parts' sum is the vector"
    )
    features: tuple[Literal[TIMELESS], ...] = Field(
        TIMELESS, description="side features; those that the data set lacks are left out"
    )
    history: bool = Field(True, description="the user tower sees the films that the user has watched")
    history_limit: int = Field(1000, ge=1, description="at most this many of them, the latest")
    history_dropout: Share = Field(0.3, description="share of a history left out of a training step")
    title_text: bool = Field(True, description="the item tower sees the words of the title")
    id_dropout: Share = Field(
        0.5,
        description="share of training rows whose user is known by their history alone, where there is one",
    )
    dropout: Share = Field(0.0, description="of both towers' vectors, in training")
    loss: Literal["full", "in_batch", "sampled"] = Field(
        "full",
        description="softmax over the whole catalogue, the films of the batch, or films drawn at each step",
    )
    negatives: int = Field(1000, ge=1, description="sampled: films drawn at a step, for all its rows")
    temperature: float = Field(1.0, gt=0, description="scores are divided by it in the loss")
    sampling_correction: bool = Field(
        True, description="in_batch, sampled: scores less the log of how often the film is a candidate"
    )
    accidental_hits: bool = Field(
        True,
        description="in_batch, sampled: candidates that are the row's own film do not count as negatives",
    )
    hard_negatives: int = Field(0, ge=0, description="learn from so many best scored negatives; 0: from all")
    min_rating: float | None = Field(None, description="stars from which a rating is a positive; none: every")
    precision: float = Field(10.0, ge=0, description="Gaussian prior of the towers' tables")
    bias_precision: float = Field(0.0, ge=0, description="Gaussian prior of the films' biases")


RetrievalConfig = TwoTowerConfig
