"""What training a ranking model can be told. Light to import: no TensorFlow."""

from pydantic import Field

from trainer.models.ranking.config import MfConfig, RankingModelConfig
from trainer.training.settings import Settings


class RankingSettings(Settings):
    """What is trained, and how."""

    model: RankingModelConfig = Field(MfConfig(), description="the kind of model and its architecture")

    @property
    def monitor(self) -> str:
        """The log that early stopping and the tuner watch."""
        return "val_rmse"
