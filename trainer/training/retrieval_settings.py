"""Model and training configuration of retrieval. Light to import: no TensorFlow."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, ValidationError, model_validator

from trainer.models.retrieval.config import BlendConfig, IndexKind, RetrievalConfig, TwoTowerConfig
from trainer.models.retrieval.registry import KINDS
from trainer.training.config import TrainConfig
from trainer.training.settings import Settings


class RetrievalTrainConfig(TrainConfig):
    """The `train` section of retrieval, with defaults that suit a softmax over items."""

    epochs: int = Field(10, ge=1, description="maximum number of passes over train")
    learning_rate: float = Field(
        0.01, gt=0, description="peak learning rate: the initial one, or that at the end of warmup"
    )


#: Keys of `train` that each part of a blend has of its own; the others are the blend's for all parts.
OWN = {
    "epochs", "batch_size", "optimizer", "learning_rate", "schedule", "warmup_epochs", "patience",
    "unknown_rate",
}  # fmt: skip


class RetrievalSettings(Settings):
    """Architecture, training and search index of the retrieval model."""

    monitor_mode: ClassVar[Literal["min", "max"]] = "max"

    model: RetrievalConfig = Field(TwoTowerConfig(), description="kind of model and its architecture")
    train: RetrievalTrainConfig = Field(RetrievalTrainConfig(), description="training loop")
    stop_on: Literal["recall@10", "recall@100", "ndcg@10", "ndcg@100"] = Field(
        "ndcg@10",
        description="metric on eval that early stopping and the tuner watch, over items that the user has "
        "not rated in train",
    )
    weights: Literal["auto", "equal"] = Field(
        "auto",
        description="weights of positives in implicit data; auto: the weight of the event, or log(1 + "
        "count), for every kind but ease; equal: all weigh the same; ratings are never weighted",
    )
    index: IndexKind = Field(
        "auto",
        description="search index of the exported model: exact; ivf (approximate); auto: ivf above 100,000 "
        "items, if it is faster",
    )

    max_epoch_minutes: float | None = Field(
        20,
        gt=0,
        description="limit in minutes on the estimated time of an epoch, for loss full; above it, training "
        "does not start; null: no limit",
    )

    @model_validator(mode="before")
    @classmethod
    def _trained_as_suits_the_kind(cls, tree: Any) -> Any:
        """Fills missing keys of `train` with the defaults of the kind of model; so for parts of a blend."""
        if not isinstance(tree, Mapping):
            return tree
        tree = _with_parts_trained_as_suits_them(tree)
        model, train = tree.get("model"), tree.get("train", {})
        kind = model.get("kind") if isinstance(model, Mapping) else None
        if kind not in KINDS or not isinstance(train, Mapping):
            return tree
        return {**tree, "train": {**KINDS[kind].training, **train}}

    def of_part(self, name: str) -> Self:
        """Returns the settings that a part of a blend is trained with, as if it were alone."""
        part = self.model.parts[name]  # type: ignore[union-attr]  # of a blend
        shared = self.train.model_dump(exclude=OWN)
        return self.checked(
            {**self.model_dump(), "model": part.model.model_dump(), "train": {**shared, **part.train}}
        )

    def of_kind(self, kind: str) -> Self:
        """The same with another kind; keys of `train` at this kind's defaults take the other kind's."""
        usual = self.checked({"model": {"kind": self.model.kind}}).train
        said = {name: value for name, value in self.train if value != getattr(usual, name)}
        return self.checked({**self.model_dump(), "model": {"kind": kind}, "train": said})

    @property
    def monitor(self) -> str:
        """Name of the logged metric that early stopping and the tuner watch."""
        return f"val_{self.stop_on}"


def _with_parts_trained_as_suits_them(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    model = tree.get("model")
    if isinstance(model, BlendConfig):
        model = model.model_dump()
    if not isinstance(model, Mapping) or model.get("kind") != "blend":
        return tree
    blend = BlendConfig.model_validate(model)
    parts = {
        name: {**part.model_dump(), "train": _own_training(name, part.model.kind, part.train)}
        for name, part in blend.parts.items()
    }
    return {**tree, "model": {**model, "parts": parts}}


def _own_training(name: str, kind: str, train: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a part's keys of `train`, with the defaults of its kind for missing ones.

    Raises:
        ValueError: a key or a value is wrong.
    """
    for key in train:
        if key not in OWN:
            hint = (
                f"set retrieval.train.{key}, which is for all parts"
                if key in RetrievalTrainConfig.model_fields
                else f"keys: {', '.join(sorted(OWN))}"
            )
            raise ValueError(f"parts.{name}.train.{key}: a part has no such setting; {hint}")
    try:
        whole = RetrievalTrainConfig.model_validate({**KINDS[kind].training, **train})
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        raise ValueError(
            f"parts.{name}.train.{wrong['loc'][0]} = {wrong['input']!r}: {wrong['msg']}"
        ) from None
    return whole.model_dump(include=OWN)
