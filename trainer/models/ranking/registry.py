"""From a config to its model: `wide_deep` is the class `WideDeep` of `wide_deep.py`, beside its config."""

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
    """The class of the config's kind. TensorFlow is imported here, not before."""
    name = "".join(word.capitalize() for word in config.kind.split("_"))
    package = type(config).__module__.rpartition(".")[0]
    return getattr(import_module(f"{package}.{config.kind}"), name)


def build(config: RankingModelConfig, catalogue: "Catalogue") -> "RankingModel":
    """The model that the config describes, untrained."""
    return model_class(config)(config, catalogue)
