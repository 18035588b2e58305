"""Every kind of model on `smoke`'s data: it learns, is exported, and is served as it was trained."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from components.movielens_example_gen.shipped import shipped
from components.serving_validator.executor import validate
from trainer.data.rating_data import RatingData
from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.popularity import popular_lists
from trainer.evaluation.quality import judge
from trainer.models.ranking.registry import KINDS as RANKING
from trainer.models.retrieval.registry import KINDS as RETRIEVAL
from trainer.run_fn import run_fn

pytestmark = pytest.mark.slow
# What 16,000 ratings of 200 users ask for, where it is not what 80,000 of all do.
SETTINGS = {
    "mlp": {"train": {"epochs": 15, "batch_size": 500, "learning_rate": 0.001}},
    "two_tower": {"train": {"batch_size": 500}},
    "sasrec": {"train": {"batch_size": 1000}},
    "ease": {"model": {"l2": 100.0}},
    "ials": {"model": {"l2": 10.0, "dim": 20}},
}
SIGNATURES = {"ranking": 4, "retrieval": 9}  # at least; a model of several tasks has one more


@pytest.fixture(scope="module")
def smoke(finished):
    """Files of train and eval, the vocabularies, and what knowing nobody comes to on eval."""
    _, run = finished
    examples = run.output("MovieLensExampleGen", "examples").path
    transform = str(run.output("Transform", "transform_graph").path)
    files = {split: [str(examples / f"Split-{split}" / "*")] for split in ("train", "eval")}
    data = RatingData.read(files["train"], files["eval"], transform, shipped("movielens"))
    held_out = HeldOut.of(data.evaluation, data.catalogue)
    popular = judge(popular_lists(held_out), held_out).means()["ndcg@10"]
    mean = float(np.sqrt(np.mean((data.evaluation.rating - data.train.rating.mean()) ** 2)))
    return SimpleNamespace(files=files, transform=transform, baseline={"ranking": mean, "retrieval": popular})


@pytest.mark.parametrize(
    ("task", "kind"), [("ranking", kind) for kind in RANKING] + [("retrieval", kind) for kind in RETRIEVAL]
)
def test_a_kind_beats_the_baseline_and_is_served_as_it_was_trained(task, kind, smoke, tmp_path):
    settings = SETTINGS.get(kind, {}) if (task, kind) != ("retrieval", "mf") else {}
    run_fn(
        SimpleNamespace(
            train_files=smoke.files["train"],
            eval_files=smoke.files["eval"],
            transform_graph_path=smoke.transform,
            serving_model_dir=str(tmp_path / "Format-Serving"),
            model_run_dir=str(tmp_path / "run"),
            hyperparameters=None,
            base_model=None,
            custom_config={
                "task": task,
                "description": shipped("movielens").model_dump(mode="json"),
                "model": {"kind": kind, **settings.get("model", {})},
                "train": settings.get("train", {}),
            },
        )
    )
    training = json.loads((tmp_path / "run" / "training.json").read_text())
    best = training["history"][training["best_epoch"] - 1]
    if task == "ranking":
        assert best["val_rmse"] < 0.97 * smoke.baseline[task]
    else:
        assert best["val_ndcg@10"] > smoke.baseline[task]
    assert training["export_difference"] <= 1e-5  # in a v1 session, every signature

    served = validate({task: tmp_path / "Format-Serving"})
    assert served["problems"] == []
    assert served["requests"] >= 2 * SIGNATURES[task]  # over REST and over gRPC
