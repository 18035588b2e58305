"""A ranking model from files and settings: what the Trainer does once and the Tuner many times."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from trainer.batches import Batches, batches, eval_batches
from trainer.catalogue import Catalogue, read_train
from trainer.config import TrainConfig
from trainer.hyperparameters import apply_hyperparameters
from trainer.loop import TrainResult, train
from trainer.ranking.config import MfConfig, RankingConfig
from trainer.ranking.registry import build
from trainer.ratings import Ratings
from trainer.strict import Strict
from trainer.vocabularies import Vocabularies


class RankingSettings(Strict):
    """What is trained, and how."""

    model: RankingConfig = Field(default_factory=MfConfig, description="kind of model and its settings")
    train: TrainConfig = Field(default_factory=TrainConfig, description="the training loop")

    @classmethod
    def of(cls, config: Mapping[str, Any], hyperparameters: Mapping[str, Any] | None) -> "RankingSettings":
        """The config's settings with the tuner's choice put in.

        Args:
            config: may hold `model` and `train`, as plain dicts.
            hyperparameters: KerasTuner's config, of which `values` counts, or None.

        Raises:
            ConfigError: a wrong key or value.
        """
        settings = cls.checked({name: config[name] for name in cls.model_fields if config.get(name)})
        values = (hyperparameters or {}).get("values", {})
        # Hyperband keeps notes of its own among the values: tuner/epochs, tuner/bracket…
        chosen = {path: value for path, value in values.items() if not path.startswith("tuner/")}
        return apply_hyperparameters(settings, chosen)


@dataclass(frozen=True, eq=False)
class RankingData:
    """Train and eval, read once; `train_files` are there to be streamed again."""

    train: Ratings
    evaluation: Ratings
    catalogue: Catalogue
    train_files: Sequence[str] = ()

    @classmethod
    def read(cls, train_files: Sequence[str], eval_files: Sequence[str], transform: str) -> "RankingData":
        """Reads files by glob patterns, with the vocabularies of the `transform` artifact.

        Raises:
            TrainingError: no files, no ratings or no vocabularies.
        """
        vocabularies = Vocabularies.from_transform(transform)
        ratings, catalogue = read_train(train_files, vocabularies)
        return cls(ratings, Ratings.from_files(eval_files, vocabularies), catalogue, train_files)

    def batches(self, config: TrainConfig) -> Batches:
        return batches(self.train, self.train_files, self.catalogue.vocabularies, config)

    def fingerprint(self) -> str:
        """A checksum of train and eval."""
        checksum = 0
        for column in (*self.train.features().values(), *self.evaluation.features().values()):
            checksum = zlib.crc32(column, checksum)
        return f"{len(self.train)}-{len(self.evaluation)}-{checksum:08x}"


def train_ranking(settings: RankingSettings, data: RankingData, identity: str = "", **options) -> TrainResult:
    """Builds and trains; `options` are those of `trainer.loop.train`.

    Args:
        settings: the model and the loop.
        data: train, and what stops early.
        identity: what else a run to go on from must have been made from, such as a fingerprint of the code.
    """
    return train(
        lambda: build(settings.model, data.catalogue),
        data.batches(settings.train),
        eval_batches(data.evaluation),
        settings.train,
        identity=f"{settings.model_dump_json()} {data.fingerprint()} {identity}",
        **options,
    )
