"""From a config to its model, by kind: the kind `mf` is the class `Mf` in `trainer/ranking/mf.py`."""

from importlib import import_module
from typing import TYPE_CHECKING

from trainer.ranking.config import MfConfig, MlpConfig, RankingConfig

if TYPE_CHECKING:
    from trainer.catalogue import Catalogue
    from trainer.ranking.model import RankingModel

KINDS: dict[str, type] = {"mlp": MlpConfig, "mf": MfConfig}

__all__ = ["KINDS", "RankingConfig", "build", "model_class"]


def model_class(config: RankingConfig) -> "type[RankingModel]":
    """The class of the config's kind. TensorFlow is imported here, not before."""
    name = "".join(word.capitalize() for word in config.kind.split("_"))
    return getattr(import_module(f"trainer.ranking.{config.kind}"), name)


def build(config: RankingConfig, catalogue: "Catalogue") -> "RankingModel":
    """The model that the config describes, untrained."""
    return model_class(config)(config, catalogue)
