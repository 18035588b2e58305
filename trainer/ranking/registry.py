"""From a config to its model, by kind: the kind `mf` is the class `Mf` in `trainer/ranking/mf.py`."""

from importlib import import_module
from typing import TYPE_CHECKING

from trainer.ranking.config import MfConfig, MlpConfig, RankingConfig

if TYPE_CHECKING:
    from trainer.catalogue import Catalogue
    from trainer.ranking.model import RankingModel

KINDS: dict[str, type] = {"mlp": MlpConfig, "mf": MfConfig}

__all__ = ["KINDS", "RankingConfig", "build"]


def build(config: RankingConfig, catalogue: "Catalogue") -> "RankingModel":
    """The model that the config describes, untrained. TensorFlow is imported here, not before."""
    module = import_module(f"trainer.ranking.{config.kind}")
    return getattr(module, config.kind.capitalize())(config, catalogue)
