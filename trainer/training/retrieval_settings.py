"""What training a retrieval model can be told. Light to import: no TensorFlow."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from trainer.models.retrieval.config import IndexKind, RetrievalConfig, TwoTowerConfig
from trainer.models.retrieval.registry import KINDS
from trainer.training.config import TrainConfig
from trainer.training.settings import Settings


class RetrievalTrainConfig(TrainConfig):
    """The training loop's settings, with what suits a softmax over films where nothing is said."""

    epochs: int = Field(10, ge=1, description="passes over train, at most")
    learning_rate: float = Field(0.01, gt=0, description="at the start")


class RetrievalSettings(Settings):
    """What is trained, and how."""

    monitor_mode: ClassVar[Literal["min", "max"]] = "max"

    model: RetrievalConfig = Field(TwoTowerConfig(), description="the kind of model and its architecture")
    train: RetrievalTrainConfig = Field(RetrievalTrainConfig(), description="the training loop")
    stop_on: Literal["recall@10", "recall@100", "ndcg@10", "ndcg@100"] = Field(
        "ndcg@10",
        description="what early stopping and the tuner watch, over the full catalogue without train's films",
    )
    index: IndexKind = Field(
        "auto",
        description="how the exported model searches: exact, ivf (approximate), or by the number of films",
    )

    max_epoch_minutes: float | None = Field(
        20,
        gt=0,
        description="loss full: longest epoch, as estimated from ratings x films; what would take longer is "
        "not begun; null: no limit",
    )

    @model_validator(mode="before")
    @classmethod
    def _trained_as_suits_the_kind(cls, tree: Any) -> Any:
        """What is not said of the loop is as the kind of model has it."""
        if not isinstance(tree, Mapping):
            return tree
        model, train = tree.get("model"), tree.get("train", {})
        kind = model.get("kind") if isinstance(model, Mapping) else None
        if kind not in KINDS or not isinstance(train, Mapping):
            return tree
        return {**tree, "train": {**KINDS[kind].training, **train}}

    def of_kind(self, kind: str) -> Self:
        """The same; what of the loop is as suits this kind becomes as suits that one."""
        usual = self.checked({"model": {"kind": self.model.kind}}).train
        said = {name: value for name, value in self.train if value != getattr(usual, name)}
        return self.checked({**self.model_dump(), "model": {"kind": kind}, "train": said})

    @property
    def monitor(self) -> str:
        """The log that early stopping and the tuner watch."""
        return f"val_{self.stop_on}"
