"""Training of a blend: its parts one after the other, then their weights and the scale, on eval.

The weights are those with which the lists for eval's users are best by the metric of early stopping. The
scale is that of a softmax over the films in which eval's films are the most likely. So a blend's scores are
like those of models that learn by a softmax, and a recommender may add stars to them.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import permutations
from typing import Any

import keras
import numpy as np

from marquee.progress import report
from trainer.data.rating_data import RatingData
from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.metrics.full_catalogue import full_catalogue_metrics
from trainer.evaluation.metrics.top_k import entries
from trainer.models.base import Model
from trainer.models.retrieval.blend import Blend
from trainer.models.retrieval.config import BlendConfig
from trainer.models.retrieval.model import RetrievalModel
from trainer.training.batches import Batches
from trainer.training.blended import Blended
from trainer.training.loop import TrainResult
from trainer.training.retrieval_settings import RetrievalSettings

MOST_SCORES = 50_000_000  # scores of all parts, 200 MB, by which weights are found
STEPS = (0.2, 0.1, 0.05)  # shares that the search moves from one part to another
SCALES = (0.05, 20.0)  # the scale is between them


def train_blend(
    settings: RetrievalSettings,
    data: RatingData,
    train_part: Callable[..., TrainResult],
    batches: Batches,
    held_out: HeldOut | None,
    evaluate: Callable[[RetrievalModel], dict[str, float]] | None,
    *,
    identity: str = "",
    passes: int | None = None,
    blend: Blended | None = None,
    initial: Callable[[Model], None] | None = None,
    log_dir: str | None = None,
    backup_dir: str | None = None,
    kept: object = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
    verbose: int = 0,
) -> TrainResult:
    """Trains the parts and finds their weights; arguments that are not named here are those of `loop.train`.

    Args:
        settings: settings whose model is a blend.
        data: train and eval, if anything is held out.
        train_part: `train_retrieval`.
        batches: the users as batches, for the report.
        held_out: eval's users and films, by which weights are found; None: nothing is held out.
        evaluate: the evaluation for early stopping, of a model of any kind.
        passes: 0 only builds the model; otherwise the parts' own epochs count.
        blend: what an earlier training found, which is repeated; None: weights that are not configured are
            found on eval, and are equal without it.
        kept: has no effect, since the parts are models of different kinds.
    """
    config = settings.model
    assert isinstance(config, BlendConfig)
    begun = None
    if initial:
        keras.utils.set_random_seed(settings.train.seed)
        begun = Blend(config, data.catalogue)
        initial(begun)
    results = {}
    for name in config.parts:
        results[name] = train_part(
            settings.of_part(name),
            data,
            f"{identity} part {name}",
            passes=0 if passes == 0 else (blend.epochs.get(name) if blend else None),
            initial=partial(_carry, begun.parts[name]) if begun else None,
            log_dir=os.path.join(log_dir, name) if log_dir else None,
            backup_dir=os.path.join(backup_dir, name) if backup_dir else None,
            callbacks=callbacks,
            on_epoch=partial(_say, name, settings),
            verbose=verbose,
        )
    model = Blend(config, data.catalogue, {name: result.model for name, result in results.items()})
    model.monitor = settings.monitor
    found = blend
    if found is None and passes != 0:
        found = _found(settings, model, results, held_out)
    if found is not None:
        model.weigh(found.weights, found.scale)
    logs = {f"val_{name}": value for name, value in evaluate(model).items()} if evaluate else {}
    history = [logs] if passes != 0 else []
    if on_epoch and history:
        on_epoch(1, logs)
    return TrainResult(
        model,
        history,
        epochs=len(history),
        best_epoch=len(history),
        rows_per_second=_speed(results),
        device=next(iter(results.values())).device,
        data=batches,
        resumed=0,
        blend=found,
    )


def _carry(source: Model, target: Model) -> None:
    """Assigns the weights of a part of the blend, as it begins, to the model of this part to be trained."""
    for variable, value in zip(target.weights, source.weights, strict=True):
        variable.assign(value)


def _say(name: str, settings: RetrievalSettings, epoch: int, logs: Mapping[str, float]) -> None:
    epochs, metric = settings.model.parts[name].train["epochs"], settings.monitor  # type: ignore[union-attr]
    score = f", {metric.removeprefix('val_')} on eval {logs[metric]:.4f}" if metric in logs else ""
    report(f"{name}: epoch {epoch} of {epochs}{score}", epoch / epochs)


def _speed(results: Mapping[str, TrainResult]) -> float:
    """Returns the rows per second of all parts together."""
    timed = [each for each in results.values() if each.rows_per_second]
    seconds = sum(each.data.rows * each.epochs / each.rows_per_second for each in timed)
    return sum(each.data.rows * each.epochs for each in timed) / seconds if seconds else 0.0


def _found(
    settings: RetrievalSettings,
    model: Blend,
    results: Mapping[str, TrainResult],
    held_out: HeldOut | None,
) -> Blended:
    """Returns the weights, as configured or as found on eval, the scale, and the parts' best epochs."""
    config: Any = settings.model
    epochs = {name: result.best_epoch for name, result in results.items()}
    given = {name: part.weight for name, part in config.parts.items()}
    known = None not in given.values()
    total = sum(given.values()) if known else len(given)
    weights = {name: (weight if known else 1) / total for name, weight in given.items()}
    if held_out is None:
        return Blended(weights, 1.0, epochs, {})
    report("finds the weights of the parts on eval")
    scores = ScoresOfParts(model, held_out, settings.stop_on)
    if not known:
        weights = scores.best_weights()
    alone = {
        name: result.history[result.best_epoch - 1] for name, result in results.items() if result.history
    }
    return Blended(
        weights,
        scores.best_scale(weights),
        epochs,
        {name: logs[settings.monitor] for name, logs in alone.items() if settings.monitor in logs},
    )


class ScoresOfParts:
    """The parts' scores of eval's users, of which a sample is kept in memory.

    Args:
        model: the blend with trained parts.
        held_out: eval's users and films.
        metric: the metric by which weights are compared, such as `ndcg@10`.
    """

    def __init__(self, model: Blend, held_out: HeldOut, metric: str):
        movies = model.catalogue.movies
        some = held_out.sampled(max(1, MOST_SCORES // (movies * len(model.names))))
        self._users, self._positives = some.users, some.positives
        self._seen, self._metric = some.catalogue.watched, metric
        self._place = np.zeros(len(self._seen), np.int64)
        self._place[self._users] = np.arange(len(self._users))
        self._scores = {}
        for name, part in model.parts.items():
            blocks = [self._users[start : start + 256] for start in range(0, len(self._users), 256)]
            found = [
                part.scores(each) if some.met else part.scores_of_histories(self._seen.of(each))
                for each in blocks
            ]
            deviation = model.deviation(part)
            self._scores[name] = np.concatenate(found) / np.float32(deviation or 1)

    def quality(self, weights: Mapping[str, float]) -> float:
        """Returns the mean of the metric over the users."""
        blended = self._blended(weights)
        found = full_catalogue_metrics(
            lambda users: blended[self._place[users]],
            self._users,
            self._positives,
            self._seen,
            (int(self._metric.split("@")[1]),),
        )
        return float(np.nanmean(found[self._metric]))

    def best_weights(self) -> dict[str, float]:
        """Returns weights that sum to 1: the best that moves from one part to another lead to.

        The moves begin with equal weights, and once more with the best part alone.
        """
        names = list(self._scores)
        equal = dict.fromkeys(names, 1 / len(names))
        alone = [{name: float(name == only) for name in names} for only in names]
        found = [self._climbed(start) for start in (equal, max(alone, key=self.quality))]
        best = max(found, key=self.quality)
        return {name: round(weight, 6) for name, weight in best.items()}

    def _climbed(self, weights: dict[str, float]) -> dict[str, float]:
        best = self.quality(weights)
        for step in STEPS:
            improved = True
            while improved:
                improved = False
                for giver, taker in permutations(weights, 2):
                    moved = min(step, weights[giver])
                    tried = {**weights, giver: weights[giver] - moved, taker: weights[taker] + moved}
                    quality = self.quality(tried)
                    if moved > 0 and quality > best + 1e-9:
                        weights, best, improved = tried, quality, True
        return weights

    def best_scale(self, weights: Mapping[str, float]) -> float:
        """Returns the scale with which a softmax over unseen films makes eval's films the most likely."""
        scores = self._blended(weights)
        scores[:, 0] = -np.inf  # the unknown film
        places, films = entries(self._seen, self._users)
        scores[places, films] = -np.inf
        scores -= scores.max(axis=1, keepdims=True)
        places, films = entries(self._positives, self._users)
        there = (films > 0) & np.isfinite(scores[places, films])
        places, films = places[there], films[there]
        if not len(films):
            return 1.0
        counts = np.bincount(places, minlength=len(scores))
        reached = float(scores[places, films].sum(dtype=np.float64))

        def loss(log_scale: float) -> float:
            scale = np.exp(log_scale)
            normalizers = np.log(np.exp(np.float32(scale) * scores).sum(axis=1, dtype=np.float64))
            return float(counts @ normalizers - scale * reached)

        return round(float(np.exp(_lowest(loss, *np.log(SCALES)))), 4)

    def _blended(self, weights: Mapping[str, float]) -> np.ndarray:
        total = sum(weights.values())
        return sum(np.float32(weights[name] / total) * each for name, each in self._scores.items())


def _lowest(function: Callable[[float], float], low: float, high: float, steps: int = 24) -> float:
    """Returns where a function with one minimum is lowest, by golden sections."""
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(steps):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if function(left) < function(right):
            high = right
        else:
            low = left
    return (low + high) / 2
