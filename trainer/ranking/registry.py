"""From a config to its model: `wide_deep` is the class `WideDeep` in `trainer/ranking/wide_deep.py`."""

from importlib import import_module
from typing import TYPE_CHECKING

from trainer.ranking.config import (
    DcnConfig,
    DeepfmConfig,
    DlrmConfig,
    MfConfig,
    MlpConfig,
    RankingConfig,
    WideDeepConfig,
)

if TYPE_CHECKING:
    from trainer.catalogue import Catalogue
    from trainer.ranking.model import RankingModel

KINDS: dict[str, type] = {
    "mf": MfConfig,
    "mlp": MlpConfig,
    "dlrm": DlrmConfig,
    "dcn": DcnConfig,
    "deepfm": DeepfmConfig,
    "wide_deep": WideDeepConfig,
}

__all__ = ["KINDS", "RankingConfig", "build", "model_class"]


def model_class(config: RankingConfig) -> "type[RankingModel]":
    """The class of the config's kind. TensorFlow is imported here, not before."""
    name = "".join(word.capitalize() for word in config.kind.split("_"))
    return getattr(import_module(f"trainer.ranking.{config.kind}"), name)


def build(config: RankingConfig, catalogue: "Catalogue") -> "RankingModel":
    """The model that the config describes, untrained."""
    return model_class(config)(config, catalogue)
