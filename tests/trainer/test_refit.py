"""What is served: the judged settings on every split, or the judged weights with everything seen."""

import json
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from trainer.catalogue import read_train
from trainer.count_vocabularies import count_vocabularies
from trainer.data import RatingData
from trainer.errors import TrainingError
from trainer.ranking.registry import KINDS as RANKING
from trainer.refit import Refit, refit
from trainer.retrieval.registry import KINDS as RETRIEVAL
from trainer.run_fn import run_fn
from trainer.trained import Trained
from trainer.trained_on import TrainedOn, rating_pairs

TEST_ONLY = {  # users and films that no other split holds
    "user_id": ["new user", "new user", "u1"],
    "movie_id": ["m1", "new film", "new film"],
    "user_rating": [4.0, 5.0, 2.0],
    "timestamp": [880_000_000, 880_000_001, 990_000_000],
    "movie_title": ["Film 1 (1971)", "New Film (1999)", "New Film (1999)"],
    "movie_genres": [["Comedy"], ["Western"], ["Western"]],
}
SMALL = {"train": {"epochs": 2, "batch_size": 500, "patience": 1}}
EVERY_KIND = [("ranking", kind) for kind in RANKING] + [("retrieval", kind) for kind in RETRIEVAL]


@pytest.fixture(scope="module")
def splits(files, write_examples, tmp_path_factory):
    """Patterns by split; `test` brings a user and a film that are nowhere else."""
    test = tmp_path_factory.mktemp("test") / "test.gz"
    write_examples(test, TEST_ONLY)
    return {"train": [f"{files}/train*"], "eval": [f"{files}/eval*"], "test": [str(test)]}


@pytest.fixture(scope="module")
def graph(data, tmp_path_factory):
    """Transform's vocabularies, of train."""
    assets = tmp_path_factory.mktemp("graph") / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    vocabularies = data.catalogue.vocabularies
    for name in vocabularies.__dataclass_fields__:
        (assets / name).write_text("".join(f"{value}\n" for value in getattr(vocabularies, name)))
    return str(assets.parents[1])


@pytest.fixture(scope="module")
def judged(splits, graph, tmp_path_factory):
    """Trains a kind on train once, and gives the folder with `run` and `model`."""
    made = {}

    def train(task, kind):
        if (task, kind) not in made:
            folder = made[task, kind] = tmp_path_factory.mktemp(f"{task}-{kind}")
            run_fn(
                SimpleNamespace(
                    train_files=splits["train"],
                    eval_files=splits["eval"],
                    transform_graph_path=graph,
                    serving_model_dir=str(folder / "model" / "Format-Serving"),
                    model_run_dir=str(folder / "run"),
                    base_model=None,
                    hyperparameters=None,
                    custom_config={"task": task, "model": {"kind": kind}, **SMALL},
                )
            )
        return made[task, kind]

    return train


def refitted(judged, graph, splits, folder, task, kind, mode, **options):
    """Refits; gives the SavedModel's folder and `training.json`."""
    path = folder / "served" / "Format-Serving"
    asked = Refit(
        task=task,
        mode=mode,
        files=splits,
        judged_run=judged(task, kind) / "run",
        judged_model=str(judged(task, kind) / "model" / "Format-Serving"),
        transform=graph,
        **options,
    )
    refit(asked, str(path), folder / "served run")
    return path, json.loads((folder / "served run" / "training.json").read_text())


def answered(path, signature, **inputs):
    found = tf.saved_model.load(str(path)).signatures[signature](
        **{name: tf.constant(value) for name, value in inputs.items()}
    )
    return {name: value.numpy() for name, value in found.items()}


def rated(splits, *names):
    """Each user's films in these splits."""
    films = {}
    for name in names:
        for user, film in pairs(splits[name]):
            films.setdefault(user, set()).add(film)
    return films


def pairs(patterns):
    from trainer.examples import example_batches, expand

    batches = example_batches(expand(patterns), ("user_id", "movie_id")).as_numpy_iterator()
    return [pair for batch in batches for pair in zip(batch["user_id"], batch["movie_id"], strict=True)]


def listed(path, users):
    """The films that each user is given, of all that have not been seen."""
    found = answered(path, "candidates", user_id=users, k=100, exclude_seen=True)["movie_id"]
    return {user: {film for film in films if film} for user, films in zip(users, found, strict=True)}


@pytest.mark.parametrize(("task", "kind"), EVERY_KIND)
def test_a_kind_refit_on_everything_knows_every_user_and_film(judged, graph, splits, tmp_path, task, kind):
    path, training = refitted(judged, graph, splits, tmp_path, task, kind, "all")

    before = json.loads((judged(task, kind) / "run" / "training.json").read_text())
    assert training["epochs"] == before["best_epoch"]
    assert training["settings"] == before["settings"]
    assert training["rows"] == (3003 if before["rows"] == 2500 else 81)  # ratings, or users
    assert training["refit"]["ratings"] == 3003
    assert (training["refit"]["users"], training["refit"]["items"]) == (81, 61)
    assert all(not name.startswith("val_") for logs in training["history"] for name in logs)
    learned = TrainedOn.read(tmp_path / "served" / "trained")
    assert all(learned.overlap(rating_pairs(files)) == 1.0 for files in splits.values())
    if task == "retrieval":
        films = rated(splits, "train", "eval", "test")
        for user, shown in listed(path, list(films)).items():
            assert shown
            assert not shown & films[user]
    else:
        known, unknown = (
            answered(path, "rate_ids", user_id=["u1"], movie_id=[film])["user_rating"]
            for film in ("new film", "no film")
        )
        assert np.isfinite([known, unknown]).all()


@pytest.mark.parametrize(("task", "kind"), EVERY_KIND)
def test_a_kind_with_everything_seen_keeps_its_weights(judged, graph, splits, tmp_path, task, kind):
    """Nothing seen but train, it answers as the judged model does, to the last bit."""
    path, training = refitted(judged, graph, {"train": splits["train"]}, tmp_path, task, kind, "seen")
    before = judged(task, kind) / "model" / "Format-Serving"
    users, films = [f"u{each}" for each in range(20)], [f"m{each}" for each in range(20)]
    if task == "ranking":
        ask = {"signature": "rate_ids", "user_id": users, "movie_id": films}
    else:
        ask = {"signature": "candidates", "user_id": users, "k": 10, "exclude_seen": True}
    ours, theirs = answered(path, **ask), answered(before, **ask)
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name])
    assert training["refit"]["mode"] == "seen"


@pytest.mark.parametrize("kind", RETRIEVAL)
def test_with_everything_seen_nobody_that_train_knows_is_shown_what_they_rated(
    judged, graph, splits, tmp_path, kind
):
    path, training = refitted(judged, graph, splits, tmp_path, "retrieval", kind, "seen")
    films = rated(splits, "train", "eval", "test")
    for user, shown in listed(path, [user for user in films if user != b"new user"]).items():
        assert shown
        assert not shown & films[user]
    # What it cannot do: someone whose only ratings train does not hold is anybody.
    new = listed(path, [b"new user", b"nobody"])
    assert new[b"new user"] == new[b"nobody"]
    assert training["refit"]["users"] == 80
    record = TrainedOn.read(tmp_path / "served" / "trained")
    assert record.overlap(rating_pairs(splits["test"])) == pytest.approx(0.0)


def test_a_refit_begins_from_the_last_refit_model_and_says_so(judged, graph, splits, tmp_path):
    path, _ = refitted(judged, graph, splits, tmp_path, "ranking", "mf", "all")
    again = tmp_path / "again"
    _, training = refitted(judged, graph, splits, again, "ranking", "mf", "all", base_model=str(path))
    assert training["warm_start"]["cold_because"] == ""
    assert sum(table["new"] for table in training["warm_start"]["rows"].values()) == 0


def test_a_killed_refit_is_gone_on_from(judged, graph, splits, tmp_path, monkeypatch):
    from trainer import loop

    class Killed(Exception):
        pass

    def kill(*args, **kwargs):
        raise Killed

    once = {"backup_dir": str(tmp_path / "backup"), "code": "abc"}
    with monkeypatch.context() as patched:
        patched.setattr(loop.Model, "weights_by_name", kill)  # after the last epoch
        patched.setattr("trainer.refit.deliver", kill)
        patched.setattr("trainer.backup.Backup.on_train_end", lambda self, logs=None: None)
        with pytest.raises(Killed):
            refitted(judged, graph, splits, tmp_path, "ranking", "mf", "all", **once)
    _, training = refitted(judged, graph, splits, tmp_path, "ranking", "mf", "all", **once)
    assert training["epochs_resumed"] == training["epochs"] >= 1
    assert not list((tmp_path / "backup").glob("*"))


def test_weights_of_other_users_are_refused_for_what_everything_is_seen_in(judged, data, tmp_path):
    from trainer.ranking.config import MfConfig
    from trainer.ranking.mf import Mf
    from trainer.warm_start import put_weights

    trained = Trained.read(judged("ranking", "mf") / "model" / "trained")
    fewer = Trained(trained.kind, trained.weights, trained.keys | {"user": ("", *["x"] * 80)})
    model = Mf(
        MfConfig(
            **json.loads((judged("ranking", "mf") / "run" / "training.json").read_text())["settings"]["model"]
        ),
        data.catalogue,
    )
    model({name: tf.constant(column[:2]) for name, column in data.train.features().items()})
    with pytest.raises(TrainingError, match="knows other users or items"):
        put_weights(fewer, model)


def test_vocabularies_are_counted_as_transform_counts_them(files, data):
    counted = count_vocabularies([f"{files}/train*"])
    theirs = data.catalogue.vocabularies
    train, _ = read_train([f"{files}/train*"], counted)
    for name in counted.__dataclass_fields__:
        assert set(getattr(counted, name)) == set(getattr(theirs, name))
    times = Counter(train.user.tolist())
    assert [times[row] for row in range(1, 81)] == sorted(times.values(), reverse=True)


def test_what_is_seen_is_in_the_order_of_time(graph, splits):
    _, whole = RatingData.with_everything_seen(splits["train"], splits["eval"] + splits["test"], graph)
    catalogue = whole.catalogue
    known = Counter(pairs(splits["train"]) + pairs(splits["eval"]) + pairs(splits["test"]))
    assert len(catalogue.watched.values) == sum(
        times for (user, film), times in known.items() if user != b"new user" and film != b"new film"
    )
    assert catalogue.rows == 2500  # train's still: what was learned from
