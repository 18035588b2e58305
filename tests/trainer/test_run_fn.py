import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from marquee.errors import ConfigError
from tests.trainer.eagerly import eagerly
from trainer.data.pairs.trained_on import TrainedOn, rating_pairs
from trainer.run_fn import run_fn


def args_in(folder, files, vocabularies):
    """What TFX would give: example files, Transform's vocabularies, folders to write to."""
    assets = folder / "graph" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    for name, values in vocabularies.by_name().items():
        (assets / name).write_text("".join(f"{value}\n" for value in values))
    return SimpleNamespace(
        train_files=[f"{files}/train*"],
        eval_files=[f"{files}/eval*"],
        transform_graph_path=str(folder / "graph"),
        serving_model_dir=str(folder / "model" / "Format-Serving"),
        model_run_dir=str(folder / "run"),
        base_model=None,
        hyperparameters={"values": {"train.epochs": 2, "model.dim": 3}},
        custom_config={
            "model": {"kind": "mf", "members": 2},
            "description": shipped("movielens").model_dump(mode="json"),
            "train": {"epochs": 9, "batch_size": 500},
            "backup_dir": str(folder / "backup"),
            "code_fingerprint": "abc",
        },
    )


@pytest.fixture(scope="module")
def first(data, files, tmp_path_factory):
    """The folder of a first run: `model` and `run`."""
    folder = tmp_path_factory.mktemp("first")
    run_fn(args_in(folder, files, data.catalogue.vocabularies))
    return folder


@pytest.fixture
def fn_args(data, files, tmp_path):
    """Those of the next run, of one epoch."""
    args = args_in(tmp_path, files, data.catalogue.vocabularies)
    args.hyperparameters["values"]["train.epochs"] = 1
    return args


def run_without_graph(fn_args):
    with eagerly():
        run_fn(fn_args)


def test_a_model_is_trained_exported_and_reported(first):
    rate = tf.saved_model.load(str(first / "model" / "Format-Serving")).signatures["serving_default"]
    rated = rate(user_id=tf.constant(["u1"]), movie_title=tf.constant(["Film 3 (1973)"]))["user_rating"]
    assert 1.0 <= float(rated[0]) <= 5.0

    report = json.loads((first / "run" / "training.json").read_text())
    assert report["epochs"] == len(report["history"]) == 2  # the tuner's, not the config's
    assert report["settings"]["model"]["dim"] == 3
    assert report["settings"]["train"]["batch_size"] == 500
    assert report["rows"] == 2500
    assert report["device"].startswith("Training on ")
    assert report["rows_per_second"] > 0
    assert report["export_difference"] <= 1e-5
    assert report["warm_start"] is None
    assert list((first / "run" / "logs").rglob("events*"))
    assert not list((first / "backup").glob("*"))


def test_a_run_starts_from_the_model_that_it_is_given(first, fn_args, tmp_path):
    report = json.loads((first / "run" / "training.json").read_text())
    assert (first / "model" / "trained" / "weights.npz").is_file()

    fn_args.base_model = str(first / "model" / "Format-Serving")
    run_without_graph(fn_args)

    warm = json.loads((tmp_path / "run" / "training.json").read_text())["warm_start"]
    best = report["history"][report["best_epoch"] - 1]
    assert warm["from"] == str(first / "model" / "Format-Serving")
    assert warm["start"]["val_rmse"] == pytest.approx(best["val_rmse"], abs=1e-5)
    assert warm["rows"]["user"] == {"carried": 81, "new": 0, "gone": 0}
    assert (warm["cold"], warm["cold_because"]) == ([], "")
    assert (tmp_path / "model" / "trained" / "weights.npz").is_file()


@pytest.fixture
def unrated(columns, write_examples, tmp_path):
    """A file of 100 ratings whose pairs of user and film nobody else has."""
    given = set(zip(columns["user_id"], columns["movie_id"], strict=True))
    pairs = [(f"u{user}", f"m{movie}") for user in range(80) for movie in range(60)]
    user, movie = zip(*[pair for pair in pairs if pair not in given][:100], strict=True)
    path = tmp_path / "unrated.gz"
    write_examples(path, {"user_id": user, "movie_id": movie, "user_rating": [3.0] * 100})
    return str(path)


def test_what_a_model_was_trained_on_is_recorded_and_that_of_the_model_it_started_from(
    first, fn_args, unrated, tmp_path
):
    train, evaluation = rating_pairs(fn_args.train_files), rating_pairs(fn_args.eval_files)
    learned = TrainedOn.read(first / "model" / "trained")
    assert learned.complete
    assert learned.overlap(train) == 1.0
    assert learned.overlap(evaluation) == np.isin(evaluation, train).mean() < 0.6

    fn_args.train_files, fn_args.eval_files = fn_args.eval_files, [unrated]
    for name, base in (("cold", None), ("warm", str(first / "model" / "Format-Serving"))):
        fn_args.base_model = base
        fn_args.serving_model_dir = str(tmp_path / name / "Format-Serving")
        run_without_graph(fn_args)
    cold, warm = (TrainedOn.read(tmp_path / name / "trained") for name in ("cold", "warm"))
    assert cold.overlap(train) == np.isin(train, evaluation).mean() < 0.3
    assert warm.overlap(train) == warm.overlap(evaluation) == 1.0


def test_a_model_that_has_learned_what_the_new_one_is_judged_by_is_no_start(first, fn_args, tmp_path):
    fn_args.train_files, fn_args.eval_files = fn_args.eval_files, fn_args.train_files
    fn_args.base_model = str(first / "model" / "Format-Serving")
    run_without_graph(fn_args)

    warm = json.loads((tmp_path / "run" / "training.json").read_text())["warm_start"]
    assert "was trained on 100.0% of what the new one is judged by (eval)" in warm["cold_because"]
    assert TrainedOn.read(tmp_path / "model" / "trained").overlap(rating_pairs(fn_args.train_files)) == 1.0


def test_a_wrong_setting_is_refused_before_anything_is_read(fn_args):
    fn_args.custom_config["train"]["epoch"] = 3
    fn_args.train_files = ["/nowhere/*"]
    with pytest.raises(ConfigError, match=r"train\.epoch = 3: Extra inputs"):
        run_fn(fn_args)
