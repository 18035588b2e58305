"""Training of a retrieval model from data and settings, for the Trainer and for each trial of the Tuner."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from trainer.data.catalogue import Catalogue
from trainer.data.features import USER_ID
from trainer.data.implicit.strengths import Strengths
from trainer.data.rating_data import RatingData
from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.metrics.full_catalogue import full_catalogue_metrics
from trainer.models.retrieval.model import RetrievalModel
from trainer.models.retrieval.registry import model_class
from trainer.training.batches import Batches, Rows, batches, in_memory
from trainer.training.blend import train_blend
from trainer.training.loop import TrainResult, train
from trainer.training.memory import check_memory
from trainer.training.retrieval_cost import check_full_softmax, short_executions
from trainer.training.retrieval_settings import RetrievalSettings

KS = (10, 100)
MOST_USERS = 20_000  # after each epoch: nDCG@10 has a standard error of some 0.002 then


def train_retrieval(
    settings: RetrievalSettings, data: RatingData, identity: str = "", **options
) -> TrainResult:
    """Builds and trains a retrieval model; `options` are those of `trainer.training.loop.train`.

    Args:
        settings: the settings of the model, the training loop and early stopping.
        data: train, and the ratings for early stopping, if any are held out.
        identity: a fingerprint of whatever else a resumable run depends on, such as the code.
    """
    if settings.weights == "equal":
        data = replace(data, catalogue=_unweighted(data.catalogue))
    if settings.model.kind == "blend":
        held_out = held_out_of(data) if data.evaluation is not None else None
        return train_blend(
            settings,
            data,
            train_retrieval,
            learned_from(settings, data),
            held_out,
            evaluation_on(held_out) if held_out else None,
            identity=identity,
            **options,
        )
    train_rows, least = data.train, settings.model.min_rating
    positives = train_rows.movie if least is None else train_rows.movie[train_rows.rating >= least]
    check_full_softmax(settings, len(positives), data.catalogue.movies - 1)
    check_memory(
        "retrieval",
        settings.model,
        settings.train,
        rows=len(train_rows),
        users=data.catalogue.users,
        items=data.catalogue.movies,
    )
    kind = model_class(settings.model)  # imported before the seed is set: imports draw from it too

    def built() -> RetrievalModel:
        model = kind(settings.model, data.catalogue)
        model.monitor = settings.monitor
        model.candidates_drawn_from(np.bincount(positives, minlength=data.catalogue.movies))
        return model

    return train(
        built,
        short_executions(learned_from(settings, data), settings, data.catalogue.movies - 1),
        evaluation_on(held_out_of(data, least)) if data.evaluation is not None else None,
        settings.train,
        identity=f"{settings.model_dump_json(exclude={'train'})} {data.fingerprint()} {identity}",
        **options,
    )


def learned_from(settings: RetrievalSettings, data: RatingData) -> Batches:
    """Builds the batches that the kind of model learns from (`KindConfig.learns_from`): ratings or users.

    A batch of users holds as many users as have `train.batch_size` ratings on average. Users are in memory,
    like their histories.
    """
    kind, config = settings.model, settings.train
    if kind.learns_from == "ratings":
        strengths = None
        if settings.weights == "auto":
            strengths = Strengths.of(data.train.rating, data.catalogue.description)
        kept = Rows(min_rating=kind.min_rating, forgotten=(USER_ID,), strengths=strengths)
        return batches(data.train, config, kept)
    users, first = np.unique(data.train.user, return_index=True)
    rows = data.train[first[users > 0]]
    share = 1.0 if kind.learns_from == "everyone" else config.batch_size / len(data.train)
    step = max(1, round(share * len(rows)))
    return in_memory(rows, config.model_copy(update={"batch_size": step}), Rows(forgotten=()))


def _unweighted(catalogue: Catalogue) -> Catalogue:
    """Returns the catalogue without the weights of interactions."""
    watched, watchers = (replace(table, weights=None) for table in (catalogue.watched, catalogue.watchers))
    return replace(catalogue, watched=watched, watchers=watchers)


def held_out_of(data: RatingData, min_rating: float | None = None) -> HeldOut:
    """Returns the films of eval's users that models are evaluated on after each epoch.

    Users whom train does not know are left out, and of many MOST_USERS are taken; if it knows none of them
    (`user_holdout`), their first ratings are used as histories.

    Raises:
        TrainingError: eval holds no positives, or train holds all of them as well.
    """
    assert data.evaluation is not None  # the caller checks this
    return HeldOut.of_split(data.evaluation, data.eval_files, data.catalogue, min_rating, MOST_USERS)


def evaluation(
    data: RatingData, min_rating: float | None = None
) -> Callable[[RetrievalModel], dict[str, float]]:
    """Returns the evaluation for early stopping: mean recall and NDCG over the users of `held_out_of`."""
    return evaluation_on(held_out_of(data, min_rating))


def evaluation_on(held_out: HeldOut) -> Callable[[RetrievalModel], dict[str, float]]:
    """Returns a function from a model to the mean recall and NDCG over held-out users.

    For each user, all films that the user has not rated in train are ranked. A film that train does not know
    is always missed.
    """
    watched = held_out.catalogue.watched

    def evaluate(model: RetrievalModel) -> dict[str, float]:
        def of_histories(users: np.ndarray) -> np.ndarray:
            return model.scores_of_histories(watched.of(users))

        scores = model.scores if held_out.met else of_histories
        found = full_catalogue_metrics(scores, held_out.users, held_out.positives, watched, KS)
        return {name: float(np.nanmean(found[name])) for name in found if name.startswith(("recall", "ndcg"))}

    return evaluate
