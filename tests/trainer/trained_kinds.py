"""A ranking model of every kind, trained once for all the tests that ask for one, in whatever process."""

import fcntl
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from trainer.data.rating_data import RatingData
from trainer.export.ranking import export_ranking
from trainer.models.ranking.model import RankingModel
from trainer.models.ranking.registry import model_class
from trainer.training.ranking import RankingSettings, train_ranking

FEATURES = ["age", "gender", "occupation", "zip", "genres", "year"]
NUMBERS = ["age", "activity", "year", "popularity", "time"]
WEAK = {"l2": 14}  # the default prior of these is for more than 2,500 ratings
TASKS = {"dim": 8, "tower": [16], "liked_weight": 1.0, "watched_weight": 1.0, **WEAK}
#: Of each kind the one that can do most: they take in side features, numbers, heads, ranks and drop-outs.
KINDS = {
    "mlp": {"hidden": [32], "features": [*FEATURES, "time"]},
    "mf": {"members": 2, "dim": 4},
    "dlrm": {"dim": 8},
    "dcn": {
        **{"dim": "auto", "hidden": [16], "structure": "parallel", "crosses": 2, "rank": 4},
        **{"dense": NUMBERS, "dropout": 0.1},
    },
    "deepfm": {"dim": 8, "hidden": [16], "dense": NUMBERS},
    "wide_deep": {"dim": 8, "hidden": [16], "bins": 500},
    "shared_bottom": {**TASKS, "bottom": [16], "watched_weight": 0.0},
    "mmoe": {**TASKS, "experts": 2, "expert": [16], "head": "ordinal"},
    "cgc": {**TASKS, "shared_experts": 1, "expert": [16], "features": [], "dense": [], "dropout": 0.1},
    "ple": {**TASKS, "shared_experts": 1, "expert": [16], "features": [], "dense": NUMBERS},
    "joint": {"dim": 8, "hidden": [16], **WEAK},
}
LOOP = {"epochs": 12, "batch_size": 250, "patience": 0, "learning_rate": 0.02, "unknown_rate": 0.03}


def settings(model: dict, **train) -> RankingSettings:
    """Those of a model that learns enough to be judged, in a few seconds."""
    return RankingSettings.of({"model": model, "train": {**LOOP, **train}}, None)


@dataclass(frozen=True)
class TrainedKinds:
    """Trains each of `KINDS` once, whatever process asks first; the others read what it has learned.

    Args:
        folder: that all processes share.
        data: the tests'.
    """

    folder: Path
    data: RatingData
    _models: dict[str, RankingModel] = field(default_factory=dict)

    def model(self, kind: str) -> RankingModel:
        """The trained model: leave it as it is."""
        if kind not in self._models:
            with self._locked(kind):
                self._models[kind] = self._trained(kind)
        return self._models[kind]

    def history(self, kind: str) -> list[dict[str, float]]:
        """The logs of its epochs."""
        self.model(kind)
        return json.loads((self.folder / f"{kind}.json").read_text())

    def exported(self, kind: str, path: Path) -> str:
        """A copy of its export, at `path`."""
        model, kept = self.model(kind), self.folder / f"{kind}.export"
        with self._locked(kind):
            if not kept.exists():
                part = self.folder / f"{kind}.part"
                export_ranking(model, str(part))
                part.rename(kept)
        shutil.copytree(kept, path)
        return str(path)

    def untrained(self, kind: str) -> RankingModel:
        """A model as training begins with it."""
        chosen = settings({"kind": kind, **KINDS[kind]})
        made = model_class(chosen.model)  # imported before the seed is set: imports draw from it too
        keras.utils.set_random_seed(chosen.train.seed)
        model = made(chosen.model, self.data.catalogue)
        model({name: tf.constant(column[:2]) for name, column in self.data.train.features().items()})
        return model

    def _trained(self, kind: str) -> RankingModel:
        history, weights = self.folder / f"{kind}.json", self.folder / f"{kind}.npz"
        if history.exists():
            model = self.untrained(kind)
            with np.load(weights) as arrays:
                model.set_weights([arrays[f"arr_{place}"] for place in range(len(arrays))])
            return model
        result = train_ranking(settings({"kind": kind, **KINDS[kind]}), self.data)
        np.savez(weights, *(weight.numpy() for weight in result.model.weights))
        history.write_text(json.dumps(result.history))
        return result.model

    def _locked(self, kind: str) -> "_Lock":
        self.folder.mkdir(exist_ok=True)
        return _Lock(self.folder / f"{kind}.lock")


class _Lock:
    """Lets one process at a time into a `with`."""

    def __init__(self, path: Path):
        self._path = path

    def __enter__(self):
        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self._file.close()
