"""What each kind of multi-task model can be told. Light to import: no TensorFlow."""

from typing import ClassVar, Literal

from pydantic import Field

from marquee.strict import Strict
from trainer.data.feature_options import (
    ALL,
    L2,
    DenseFields,
    Dropout,
    Fields,
    FieldsInContext,
    Head,
    Hidden,
    Width,
)


class MultiTaskConfig(Strict):
    """What the kinds over rating, liked and watched, or over types of events, have in common."""

    learns_context: ClassVar[bool] = True

    kind: str
    dim: Width | Literal["auto"] = Field(
        32, description="number of dimensions of embeddings; auto: twice the fourth root of a field's keys"
    )
    features: FieldsInContext = ALL
    dense: DenseFields = ALL
    tower: tuple[Width, ...] = Field(
        (64,), description="widths of the dense ReLU layers of each task's tower"
    )
    dropout: Dropout = 0.0
    l2: L2 = 60.0
    head: Head = "squared"
    rating_weight: float = Field(
        1.0, gt=0, description="weight of the rating's loss, or of that of the chance of an interaction"
    )
    event_weight: float = Field(
        1.0,
        gt=0,
        description="implicit data with several event types: weight of the loss of the chance of each type; "
        "liked, watched and their options are of ratings",
    )
    liked_weight: float = Field(0.2, ge=0, description="weight of the loss of the task liked; 0: not learned")
    watched_weight: float = Field(
        0.1, ge=0, description="weight of the loss of the task watched; 0: not learned"
    )
    liked_from: float = Field(4.0, description="lowest rating that counts as liked")
    negatives: int = Field(1, ge=1, description="negatives of the task watched that are drawn per rating")
    drawn_by: Literal["uniform", "popularity"] = Field(
        "uniform", description="distribution of the negatives: uniform, or by number of ratings in train"
    )


class SharedBottomConfig(MultiTaskConfig):
    """Shared bottom: one network for all tasks, and a small tower on it for each."""

    kind: Literal["shared_bottom"] = "shared_bottom"
    bottom: tuple[Width, ...] = Field(
        (192,), description="widths of the dense ReLU layers that all tasks share"
    )


class MmoeConfig(MultiTaskConfig):
    """MMoE: several networks that all tasks share; each task mixes them by a gate of its own."""

    kind: Literal["mmoe"] = "mmoe"
    experts: int = Field(4, ge=1, description="number of expert networks that all tasks share")
    expert: tuple[Width, ...] = Field(
        (96,), min_length=1, description="widths of an expert's dense ReLU layers"
    )


class ExpertsConfig(MultiTaskConfig):
    """What the kinds have in common whose tasks have networks of their own."""

    shared_experts: int = Field(2, ge=0, description="number of expert networks that all tasks share")
    task_experts: int = Field(1, ge=1, description="number of expert networks of each task alone")
    expert: tuple[Width, ...] = Field(
        (96,), min_length=1, description="widths of an expert's dense ReLU layers"
    )


class CgcConfig(ExpertsConfig):
    """CGC: networks that all tasks share and networks of each task alone, mixed by a gate a task."""

    kind: Literal["cgc"] = "cgc"


class PleConfig(ExpertsConfig):
    """PLE: CGC several times over, what is shared and what is a task's own parting level by level."""

    kind: Literal["ple"] = "ple"
    shared_experts: int = Field(
        2, ge=1, description="number of expert networks that all tasks share at each level"
    )
    levels: int = Field(2, ge=1, description="number of extraction levels; 1 is the same as cgc")


class JointConfig(Strict):
    """TFRS's joint model: one pair of embeddings learns the rating and, by in-batch softmax, retrieval."""

    learns_context: ClassVar[bool] = False

    kind: Literal["joint"] = "joint"
    dim: Width = Field(32, description="number of dimensions of embeddings")
    features: Fields = ()
    dense: DenseFields = ()
    hidden: Hidden = (256, 128)
    dropout: Dropout = 0.0
    l2: L2 = 60.0
    head: Head = "squared"
    rating_weight: float = Field(1.0, gt=0, description="weight of the rating's loss")
    retrieval_weight: float = Field(0.02, ge=0, description="weight of the retrieval loss; 0: not learned")
