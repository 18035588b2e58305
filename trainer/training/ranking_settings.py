"""Model and training configuration of ranking. Light to import: no TensorFlow."""

from pydantic import Field

from trainer.models.ranking.config import MfConfig, RankingModelConfig
from trainer.training.settings import Settings


class RankingSettings(Settings):
    """Architecture and training of the ranking model."""

    model: RankingModelConfig = Field(MfConfig(), description="kind of model and its architecture")

    @property
    def monitor(self) -> str:
        """Name of the logged metric that early stopping and the tuner watch."""
        return "val_rmse"
