"""A ranking model from files and settings: what the Trainer does once and the Tuner many times."""

from trainer.data.rating_data import RatingData
from trainer.models.ranking.registry import model_class
from trainer.training.batches import batches, eval_batches
from trainer.training.loop import TrainResult, train
from trainer.training.ranking_settings import RankingSettings


def train_ranking(settings: RankingSettings, data: RatingData, identity: str = "", **options) -> TrainResult:
    """Builds and trains; `options` are those of `trainer.training.loop.train`.

    Args:
        settings: the model and the loop.
        data: train, and what stops early, if anything does.
        identity: what else a run to go on from must have been made from, such as a fingerprint of the code.
    """
    kind = model_class(settings.model)  # imported before the seed is set: imports draw from it too
    return train(
        lambda: kind(settings.model, data.catalogue),
        batches(data.train, data.train_files, data.catalogue.vocabularies, settings.train),
        eval_batches(data.evaluation) if data.evaluation is not None else None,
        settings.train,
        identity=f"{settings.model_dump_json()} {data.fingerprint()} {identity}",
        **options,
    )
