"""What each kind of multi-task model can be told. Light to import: no TensorFlow."""

from typing import Literal

from pydantic import Field

from marquee.strict import Strict
from trainer.data.feature_options import (
    TIMELESS,
    TIMELESS_DENSE,
    DenseFields,
    Dropout,
    Fields,
    Head,
    Hidden,
    Precision,
    Width,
)


class MultiTaskConfig(Strict):
    """What the kinds over rating, liked and watched have in common."""

    kind: str
    dim: Width | Literal["auto"] = Field(
        32, description="width of every field's embedding; auto: twice the fourth root of its number of keys"
    )
    features: Fields = TIMELESS
    dense: DenseFields = TIMELESS_DENSE
    tower: tuple[Width, ...] = Field((64,), description="widths of each task's own ReLU layers")
    dropout: Dropout = 0.0
    precision: Precision = 60.0
    head: Head = "squared"
    rating_weight: float = Field(1.0, gt=0, description="of the rating's loss")
    liked_weight: float = Field(0.2, ge=0, description="of the loss of whether it is liked; 0: not learned")
    watched_weight: float = Field(
        0.1, ge=0, description="of the loss of whether it is watched; 0: not learned"
    )
    liked_from: float = Field(4.0, description="a rating of so many stars is a like")
    negatives: int = Field(1, ge=1, description="films drawn for each rating as not watched")
    drawn_by: Literal["uniform", "popularity"] = Field(
        "uniform", description="films drawn all alike, or as often as they are rated in train"
    )


class SharedBottomConfig(MultiTaskConfig):
    """Shared bottom: one network for all tasks, and a small tower on it for each."""

    kind: Literal["shared_bottom"] = "shared_bottom"
    bottom: tuple[Width, ...] = Field((192,), description="widths of the ReLU layers that all tasks share")


class MmoeConfig(MultiTaskConfig):
    """MMoE: several networks that all tasks share; each task mixes them by a gate of its own."""

    kind: Literal["mmoe"] = "mmoe"
    experts: int = Field(4, ge=1, description="networks that all tasks share")
    expert: tuple[Width, ...] = Field((96,), min_length=1, description="widths of an expert's ReLU layers")


class ExpertsConfig(MultiTaskConfig):
    """What the kinds have in common whose tasks have networks of their own."""

    shared_experts: int = Field(2, ge=0, description="networks that all tasks share")
    task_experts: int = Field(1, ge=1, description="networks of each task alone")
    expert: tuple[Width, ...] = Field((96,), min_length=1, description="widths of an expert's ReLU layers")


class CgcConfig(ExpertsConfig):
    """CGC: networks that all tasks share and networks of each task alone, mixed by a gate a task."""

    kind: Literal["cgc"] = "cgc"


class PleConfig(ExpertsConfig):
    """PLE: CGC several times over, what is shared and what is a task's own parting level by level."""

    kind: Literal["ple"] = "ple"
    shared_experts: int = Field(2, ge=1, description="networks that all tasks share, at each level")
    levels: int = Field(2, ge=1, description="how many times; 1: as cgc")


class JointConfig(Strict):
    """TFRS's joint model: one pair of embeddings learns the rating and, by in-batch softmax, retrieval."""

    kind: Literal["joint"] = "joint"
    dim: Width = Field(32, description="width of every field's embedding")
    features: Fields = ()
    dense: DenseFields = ()
    hidden: Hidden = (256, 128)
    dropout: Dropout = 0.0
    precision: Precision = 60.0
    head: Head = "squared"
    rating_weight: float = Field(1.0, gt=0, description="of the rating's loss")
    retrieval_weight: float = Field(0.02, ge=0, description="of the retrieval loss; 0: not learned")
