"""Lookup of a config's model class: the kind `wide_deep` is the class `WideDeep` of `wide_deep.py`."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from trainer.models.ranking.config import (
    CgcConfig,
    DcnConfig,
    DeepfmConfig,
    DlrmConfig,
    JointConfig,
    MfConfig,
    MlpConfig,
    MmoeConfig,
    PleConfig,
    RankingModelConfig,
    SharedBottomConfig,
    WideDeepConfig,
)

if TYPE_CHECKING:
    from trainer.data.catalogue import Catalogue
    from trainer.models.ranking.model import RankingModel

KINDS: dict[str, type] = {
    "mf": MfConfig,
    "mlp": MlpConfig,
    "dlrm": DlrmConfig,
    "dcn": DcnConfig,
    "deepfm": DeepfmConfig,
    "wide_deep": WideDeepConfig,
    "shared_bottom": SharedBottomConfig,
    "mmoe": MmoeConfig,
    "cgc": CgcConfig,
    "ple": PleConfig,
    "joint": JointConfig,
}

__all__ = ["KINDS", "RankingModelConfig", "build", "model_class"]


def model_class(config: RankingModelConfig) -> "Callable[[RankingModelConfig, Catalogue], RankingModel]":
    """Returns the class of the config's kind; TensorFlow is imported only here."""
    name = "".join(word.capitalize() for word in config.kind.split("_"))
    package = type(config).__module__.rpartition(".")[0]
    return getattr(import_module(f"{package}.{config.kind}"), name)


def build(config: RankingModelConfig, catalogue: "Catalogue") -> "RankingModel":
    """Builds the untrained model that the config describes."""
    return model_class(config)(config, catalogue)
