"""Training of a ranking model from data and settings, for the Trainer and for each trial of the Tuner."""

from dataclasses import replace

import numpy as np

from trainer.data.catalogue import Catalogue
from trainer.data.implicit.negatives import Negatives
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings
from trainer.models.ranking.registry import model_class
from trainer.training.batches import EVERY_RATING, Rows, batches, eval_batches
from trainer.training.loop import TrainResult, train
from trainer.training.memory import check_memory
from trainer.training.ranking_settings import RankingSettings

SEED = 20  # of the negatives of eval: the same in every epoch and every trial


def train_ranking(settings: RankingSettings, data: RatingData, identity: str = "", **options) -> TrainResult:
    """Builds and trains a ranking model; `options` are those of `trainer.training.loop.train`.

    Of ratings it predicts the rating. Of implicit feedback it predicts the chance of an interaction, against
    negatives (`trainer.data.implicit.negatives`), of which `train.batch_size` counts as many as there are.

    Args:
        settings: the settings of the model and the training loop; the head is chosen by the data
            (`RankingSettings.for_data`).
        data: train, and the ratings for early stopping, if any are held out.
        identity: a fingerprint of whatever else a resumable run depends on, such as the code.
    """
    settings = settings.for_data(data.catalogue.description, len(data.catalogue.stars))
    catalogue = data.catalogue
    check_memory(
        "ranking",
        settings.model,
        settings.train,
        rows=len(data.train),
        users=catalogue.users,
        items=catalogue.movies,
    )
    kind = model_class(settings.model)  # imported before the seed is set: imports draw from it too
    kept, evaluation = EVERY_RATING, data.evaluation
    if catalogue.description.implicit:
        catalogue = _of_labels(catalogue, settings.negatives)
        drawn = Negatives.of(data.train, data.train, catalogue.users, settings.negatives)
        kept = Rows(negatives=drawn)
        evaluation = evaluation and eval_with_negatives(data, settings.negatives)
    return train(
        lambda: kind(settings.model, catalogue),
        batches(data.train, settings.train, kept),
        eval_batches(evaluation) if evaluation is not None else None,
        settings.train,
        identity=f"{settings.model_dump_json(exclude={'train'})} {data.fingerprint()} {identity}",
        **options,
    )


def eval_with_negatives(data: RatingData, number: int) -> Ratings:
    """Returns eval's interactions with label 1, and always the same negatives with label 0."""
    assert data.evaluation is not None  # the caller checks this
    known = Ratings.joined(data.train, data.evaluation)
    drawn = Negatives.of(known, known, data.catalogue.users, number)
    return drawn.with_negatives(data.evaluation, np.random.default_rng(SEED))


def _of_labels(catalogue: Catalogue, negatives: int) -> Catalogue:
    """Returns the catalogue with labels in place of strengths: 1, and 0 so many times.

    Negatives are examples too: a prior would else be as many times stronger than it is for ratings.
    """
    return replace(
        catalogue,
        stars=np.array([0.0, 1.0], np.float32),
        star_share=np.array([negatives, 1.0]) / (1 + negatives),
        rows=catalogue.rows * (1 + negatives),
        event_share=tuple(share / (1 + negatives) for share in catalogue.event_share),
    )
