"""Training of a ranking model from data and settings, for the Trainer and for each trial of the Tuner."""

from trainer.data.rating_data import RatingData
from trainer.models.ranking.registry import model_class
from trainer.training.batches import batches, eval_batches
from trainer.training.loop import TrainResult, train
from trainer.training.ranking_settings import RankingSettings


def train_ranking(settings: RankingSettings, data: RatingData, identity: str = "", **options) -> TrainResult:
    """Builds and trains a ranking model; `options` are those of `trainer.training.loop.train`.

    Args:
        settings: the settings of the model and the training loop.
        data: train, and the ratings for early stopping, if any are held out.
        identity: a fingerprint of whatever else a resumable run depends on, such as the code.
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
