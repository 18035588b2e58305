"""Lookup of a config's model class: the kind `two_tower` is in `trainer/models/retrieval/two_tower.py`."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from trainer.models.retrieval.config import (
    BlendConfig,
    EaseConfig,
    IalsConfig,
    KindConfig,
    MfConfig,
    MultvaeConfig,
    RetrievalConfig,
    SasrecConfig,
    TwoTowerConfig,
    YoutubeDnnConfig,
)

if TYPE_CHECKING:
    from trainer.data.catalogue import Catalogue
    from trainer.models.retrieval.model import RetrievalModel

KINDS: dict[str, type[KindConfig]] = {
    "two_tower": TwoTowerConfig,
    "mf": MfConfig,
    "youtube_dnn": YoutubeDnnConfig,
    "sasrec": SasrecConfig,
    "ease": EaseConfig,
    "ials": IalsConfig,
    "multvae": MultvaeConfig,
    "blend": BlendConfig,
}

__all__ = ["KINDS", "RetrievalConfig", "build", "model_class"]


def model_class(config: RetrievalConfig) -> "Callable[[RetrievalConfig, Catalogue], RetrievalModel]":
    """Returns the class of the config's kind; TensorFlow is imported only here."""
    name = "".join(word.capitalize() for word in config.kind.split("_"))
    return getattr(import_module(f"trainer.models.retrieval.{config.kind}"), name)


def build(config: RetrievalConfig, catalogue: "Catalogue") -> "RetrievalModel":
    """Builds the untrained model that the config describes."""
    return model_class(config)(config, catalogue)
