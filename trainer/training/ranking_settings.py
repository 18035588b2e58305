"""Model and training configuration of ranking. Light to import: no TensorFlow."""

from typing import Self

from pydantic import Field

from marquee.errors import ConfigError
from trainer.data.description import Description, Scale
from trainer.models.multitask.config import MultiTaskConfig
from trainer.models.ranking.config import MfConfig, RankingModelConfig
from trainer.training.settings import Settings


class RankingSettings(Settings):
    """Architecture and training of the ranking model."""

    model: RankingModelConfig = Field(MfConfig(), description="kind of model and its architecture")
    negatives: int = Field(
        4,
        ge=1,
        description="implicit data: items drawn at random beside each interaction, by popularity to the "
        "power of 0.75, without those that the user has: new ones in every epoch, the same in evaluation",
    )

    def for_data(self, description: Description, levels: int | None = None) -> Self:
        """Chooses the head that suits the data: the chance of an interaction, or a rating.

        An ordinal head learns a threshold between two neighbouring ratings. On a scale with more than
        `Scale.MOST_LEVELS` it becomes the head of squared error.

        Args:
            description: the description of the data.
            levels: the number of different ratings in train, if it is known; it counts where the description
                names no scale with steps.

        Raises:
            ConfigError: a multi-task model of implicit data that tell no event types, or a head of chances
                for ratings.
        """
        head, kind = self.model.head, self.model.kind
        if description.implicit:
            if isinstance(self.model, MultiTaskConfig) and description.events is None:
                raise ConfigError(
                    f"ranking.model.kind = {kind!r}: it learns several tasks together, and implicit data "
                    "without event types have one task alone, the chance of an interaction.",
                    "Describe at least two event types (data.interactions.event), or choose mf, mlp, dlrm, "
                    "dcn, deepfm, wide_deep or joint.",
                )
            return self._with_head("chance")
        if head == "chance":
            raise ConfigError(
                "ranking.model.head = 'chance': the data have ratings, and a chance is learned from "
                "interactions without any.",
                "Choose ordinal or squared, or describe interactions without a rating.",
            )
        scale = description.scale
        levels = (scale.levels if scale else None) or levels
        if head == "ordinal" and levels is not None and levels > Scale.MOST_LEVELS:
            return self._with_head("squared")
        return self

    def _with_head(self, head: str) -> Self:
        if self.model.head == head:
            return self
        return self.model_copy(update={"model": self.model.model_copy(update={"head": head})})

    @property
    def monitor(self) -> str:
        """Name of the logged metric that early stopping and the tuner watch."""
        return "val_log_loss" if self.model.head == "chance" else "val_rmse"
