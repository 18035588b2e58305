import json
import math
import signal
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest

from marquee.errors import TrainingError
from tests.trainer.eagerly import eagerly
from trainer.training import devices
from trainer.training.backup import Backup
from trainer.training.compiled import KeptModel, learning_rate
from trainer.training.config import TrainConfig
from trainer.training.early_stopping import EarlyStopping
from trainer.training.ranking import RankingSettings, train_ranking


def settings(**train):
    train = {"epochs": 4, "batch_size": 250, "patience": 0, "learning_rate": 0.01, **train}
    return RankingSettings.of({"model": {"kind": "mf", "members": 2, "dim": 4}, "train": train}, None)


@pytest.fixture(scope="module")
def plain(data):
    return train_ranking(settings(), data)


def last(result):
    return result.history[-1]["val_rmse"]


def test_each_epoch_is_logged_and_told(data, tmp_path):
    told = []
    result = train_ranking(
        settings(epochs=2),
        data,
        log_dir=str(tmp_path / "logs"),
        on_epoch=lambda epoch, logs: told.append((epoch, logs)),
    )

    assert [epoch for epoch, _ in told] == [1, 2]
    assert [logs for _, logs in told] == result.history
    assert set(result.history[0]) >= {"loss", "rmse", "mae", "regularization_loss", "val_rmse", "val_mae"}
    assert (result.epochs, result.best_epoch) == (2, 2)
    assert result.rows_per_second > 0
    assert list((tmp_path / "logs").rglob("events.out.tfevents*"))


def test_the_same_seed_gives_the_same_model(plain, data):
    again = train_ranking(settings(), data)
    # As near as sums whose order the threads decide can be.
    for logs, before in zip(again.history, plain.history, strict=True):
        assert logs == pytest.approx(before, rel=1e-4)


@pytest.mark.parametrize("schedule", ["cosine", "none"])
def test_a_kept_model_learns_from_the_start_with_another_rate(schedule, data):
    kept, models = KeptModel(), []
    for rate, epochs in ((0.03, 1), (0.01, 3)):
        chosen = settings(learning_rate=rate, epochs=epochs, schedule=schedule)
        result = train_ranking(chosen, data, kept=kept)
        models.append(result.model)
    assert models[0] is models[1]
    fresh = train_ranking(chosen, data)
    for logs, expected in zip(result.history, fresh.history, strict=True):
        assert logs == pytest.approx(expected, rel=1e-4)
    other = train_ranking(settings(epochs=1, batch_size=500, schedule=schedule), data, kept=kept)
    assert other.model is not models[0]


def test_training_stops_when_eval_gets_no_better_and_keeps_the_best(data):
    # So high a rate that eval is best early and then swings.
    result = train_ranking(settings(epochs=30, patience=2, learning_rate=0.3, schedule="none"), data)
    values = [logs["val_rmse"] for logs in result.history]

    assert result.epochs < 30
    assert result.best_epoch == 1 + int(np.argmin(values)) == result.epochs - 2
    features = data.evaluation.features()
    found = np.sqrt(np.mean((result.model(features).numpy() - data.evaluation.rating) ** 2))
    assert found == pytest.approx(min(values), rel=1e-5)


def test_a_loss_that_is_no_number_is_an_error(data):
    train = {"optimizer": "sgd", "learning_rate": 1e6, "batch_size": 100}
    wild = RankingSettings.of({"model": {"kind": "mlp"}, "train": train}, None)
    with pytest.raises(TrainingError, match=r"(?s)diverged: loss is .* after epoch 1.*Lower"):
        train_ranking(wild, data)


def test_xla_gives_the_same_numbers(plain, data):
    assert last(train_ranking(settings(xla=True), data)) == pytest.approx(last(plain), abs=1e-4)


PRECISIONS = ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_mf_stays_in_float32_whatever_the_precision(precision, data):
    with eagerly():
        result = train_ranking(settings(epochs=2, batch_size=1250, precision=precision), data)

    assert result.model.compute_dtype == "float32"
    assert result.history[-1]["loss"] < result.history[0]["loss"]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_half_precision_learns_and_answers_in_float32(precision, data):
    model = {"kind": "mlp", "hidden": [16]}
    train = {"epochs": 3, "batch_size": 250, "precision": precision}
    result = train_ranking(RankingSettings.of({"model": model, "train": train}, None), data)

    assert last(result) < result.history[0]["val_rmse"] + 0.05
    assert result.model.fields.compute_dtype == precision.removeprefix("mixed_")
    assert result.model(data.evaluation.features()).dtype == "float32"
    assert (type(result.model.optimizer).__name__ == "LossScaleOptimizer") == (precision == "mixed_float16")
    assert keras.config.dtype_policy().name == "float32"  # what comes after is as it was


def test_streamed_training_learns_as_well(plain, data):
    result = train_ranking(settings(in_memory="never"), data)
    assert not result.data.in_memory
    assert last(result) == pytest.approx(last(plain), abs=0.03)


def test_the_learning_rate_falls_to_nothing_over_all_epochs():
    falling = learning_rate(TrainConfig(learning_rate=0.1, epochs=10), steps=5)
    assert [float(falling(step)) for step in (0, 25, 50)] == pytest.approx([0.1, 0.05, 0.0])
    assert learning_rate(TrainConfig(learning_rate=0.1, schedule="none"), steps=5) == 0.1


def test_the_learning_rate_first_rises_in_at_most_half_of_the_epochs():
    rising = learning_rate(TrainConfig(learning_rate=0.1, epochs=12, warmup_epochs=2), steps=5)
    assert [float(rising(step)) for step in (0, 5, 10, 35, 60)] == pytest.approx([0, 0.05, 0.1, 0.05, 0])
    short = learning_rate(TrainConfig(learning_rate=0.1, epochs=2, warmup_epochs=2), steps=5)
    assert [float(short(step)) for step in (0, 5, 10)] == pytest.approx([0, 0.1, 0])


def test_a_gpu_that_is_not_there_is_said_in_words(monkeypatch):
    monkeypatch.setattr(devices.tf.config, "list_logical_devices", lambda kind: [])
    with pytest.raises(TrainingError, match=r"(?s)sees no GPU.*train.device to auto or cpu") as caught:
        devices.choose(TrainConfig(device="gpu"))
    assert caught.value.hint


def test_mirroring_needs_two_devices():
    with pytest.raises(TrainingError, match="only one CPU"):
        devices.choose(TrainConfig(device="cpu", strategy="mirrored"))
    assert devices.choose(TrainConfig(device="cpu")).line == "Training on CPU:0."


FORKS = """
import json, os, sys
os.environ["TF_USE_LEGACY_KERAS"] = "0"
import tensorflow as tf
from trainer.data import catalogue as catalogues
from trainer.data.rating_data import RatingData
from trainer.training.ranking import RankingSettings, train_ranking
from trainer.data.ratings import Ratings
from components.movielens_example_gen.shipped import shipped
from trainer.data.vocabularies import Vocabularies
train, evaluation = json.load(open(sys.argv[1]))
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()  # before TensorFlow has looked for devices
    if child:
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    for stream, path in enumerate(asked["files"], start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    if asked["cpus"] > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        each = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(cpu, [each] * asked["cpus"])
    vocabularies = Vocabularies.from_columns(train, shipped("movielens"))
    ratings, catalogue = catalogues.from_columns(train, vocabularies)
    data = RatingData(ratings, Ratings.from_columns(evaluation, vocabularies), catalogue)
    exec(asked["body"])
    break
"""


@pytest.fixture(scope="module")
def script(split, tmp_path_factory):
    """Runs `body` in a process of its own, with the tests' `data`; gives (exit code, what it printed).

    Each is a fork of one process that has loaded the libraries.
    """
    folder = tmp_path_factory.mktemp("script")
    columns, output, errors = (folder / name for name in ("columns.json", "output", "errors"))
    columns.write_text(json.dumps(split))
    with subprocess.Popen(
        [sys.executable, "-c", FORKS, str(columns)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as forks:

        def run(body: str, cpus: int = 1) -> tuple[int, str]:
            asked = {"body": textwrap.dedent(body), "cpus": cpus, "files": [str(output), str(errors)]}
            print(json.dumps(asked), file=forks.stdin, flush=True)
            code = int(forks.stdout.readline())
            assert code in (0, -signal.SIGKILL), errors.read_text()[-3000:]
            return code, output.read_text()

        yield run
        forks.stdin.close()


MIRRORED = """
from trainer.training.weights import Trained
from trainer.training.warm_start import WarmStart, trained_folder
settings = RankingSettings.of({{"model": {{"kind": "mf", "members": 2, "dim": 4}}, "train": {{
    "epochs": 4, "batch_size": 250, "patience": 0,
    "learning_rate": 0.01, "strategy": "mirrored"}}}}, None)
first = train_ranking(settings, data)
Trained.of(first.model).write(trained_folder({base!r}))
second = train_ranking(settings, data, passes=0, initial=WarmStart({base!r}))
copies = [each.numpy() for each in second.model.user.value.values]
print(json.dumps({{
    "device": first.device,
    "ended": first.history[-1]["val_rmse"],
    "started": second.start["val_rmse"],
    "apart": float(abs(copies[0] - copies[1]).max()),
    "dcn": train_ranking(RankingSettings.of({dcn}, None), data).history[-1]["val_rmse"],
}}))
"""


def network(kind, strategy):
    return {
        "model": {"kind": kind, "dim": 4, "hidden": [8], "features": ["genres"], "dense": ["year"]},
        "train": {"epochs": 2, "batch_size": 250, "patience": 0, "learning_rate": 0.01, "strategy": strategy},
    }


@pytest.fixture(scope="module")
def mirrored(script, tmp_path_factory):
    """What two devices come to, and then start from again; and what a network comes to."""
    base = str(tmp_path_factory.mktemp("model") / "Format-Serving")
    _, printed = script(MIRRORED.format(base=base, dcn=network("dcn", "mirrored")), cpus=2)
    return json.loads(printed.strip().splitlines()[-1])


def test_two_mirrored_devices_learn_what_one_does(plain, mirrored):
    assert mirrored["device"] == "Training on 2 CPUs, mirrored."
    assert mirrored["ended"] == pytest.approx(last(plain), abs=1e-3)


def test_every_mirrored_device_starts_from_the_weights_that_are_given(mirrored):
    assert mirrored["started"] == pytest.approx(mirrored["ended"], abs=1e-5)
    assert mirrored["apart"] == 0


def test_what_training_starts_from_is_measured_before_the_first_epoch(data, plain):
    def initial(model):
        for variable, value in zip(model.trainable_variables, plain.model.trainable_variables, strict=True):
            variable.assign(value)

    result = train_ranking(settings(epochs=1), data, initial=initial)
    expected = {name: value for name, value in plain.history[-1].items() if name.startswith("val_")}
    assert result.start == pytest.approx(expected, abs=1e-5)
    assert len(result.history) == 1
    assert plain.start is None


def test_a_network_learns_on_two_mirrored_devices_what_it_does_on_one(mirrored, data):
    alone = train_ranking(RankingSettings.of(network("dcn", "none"), None), data)
    assert mirrored["dcn"] == pytest.approx(last(alone), abs=2e-3)


@pytest.mark.slow
def test_so_does_one_with_a_linear_model_beside_it(script, data):
    alone = train_ranking(RankingSettings.of(network("wide_deep", "none"), None), data)
    config = network("wide_deep", "mirrored")
    body = f"print(train_ranking(RankingSettings.of({config}, None), data).history[-1]['val_rmse'])"
    _, printed = script(body, cpus=2)

    assert float(printed.strip().splitlines()[-1]) == pytest.approx(last(alone), abs=2e-3)


STOPPED_EARLY = {"epochs": 40, "patience": 4, "learning_rate": 0.3, "schedule": "none"}

KILLED = """
import keras, signal
class Kill(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
    def on_train_batch_end(self, batch, logs=None):
        if self.epoch == 5:  # in the middle of the sixth epoch
            os.kill(os.getpid(), signal.SIGKILL)
settings = RankingSettings.model_validate_json({settings!r})
train_ranking(settings, data, backup_dir={folder!r}, callbacks=[Kill()])
"""


def test_a_killed_run_goes_on_as_if_nothing_had_happened(script, data, tmp_path):
    chosen, folder, started = settings(**STOPPED_EARLY), str(tmp_path / "backup"), []

    code, _ = script(KILLED.format(settings=chosen.model_dump_json(), folder=folder))
    assert code == -signal.SIGKILL
    assert (tmp_path / "backup" / "state.npz").is_file()

    record = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: started.append(epoch))
    resumed = train_ranking(chosen, data, backup_dir=folder, callbacks=[record])
    straight = train_ranking(chosen, data)

    assert started[0] == 5  # five were finished
    assert resumed.best_epoch == straight.best_epoch
    assert resumed.epochs == straight.epochs > 5  # early stopping remembers the best, and how long ago
    for straight_logs, resumed_logs in zip(straight.history, resumed.history, strict=True):
        assert resumed_logs == pytest.approx(straight_logs, abs=1e-3)
    assert not (tmp_path / "backup" / "state.npz").exists()


def test_the_best_before_the_kill_is_what_a_resumed_run_ends_with(data, tmp_path):
    stopping = EarlyStopping("val_rmse", patience=3)
    backup = Backup(str(tmp_path), "run", stopping)
    model = train_ranking(settings(), data, passes=0).model
    for callback in (stopping, backup):
        callback.set_model(model)
    best = model.user.numpy()
    for epoch, value in enumerate([0.9, 0.95]):
        for callback in (stopping, backup):
            callback.on_epoch_end(epoch, {"val_rmse": value})
        model.user.assign_add(np.ones_like(best))

    again = EarlyStopping("val_rmse", patience=3)
    history = Backup(str(tmp_path), "run", again).restore(model)

    assert (again.best, again.best_epoch, again.wait, len(history)) == (0.9, 0, 1, 2)
    np.testing.assert_allclose(model.user, best + 1)
    again.set_model(model)
    again.on_train_end()
    np.testing.assert_allclose(model.user, best)


def test_another_runs_state_is_left_alone(data, tmp_path):
    model = train_ranking(settings(), data, passes=0).model
    stopping = EarlyStopping("val_rmse", patience=3)
    backup = Backup(str(tmp_path), "one config", stopping)
    for callback in (stopping, backup):
        callback.set_model(model)
        callback.on_epoch_end(0, {"val_rmse": 0.9})

    fresh = EarlyStopping("val_rmse", patience=3)
    assert Backup(str(tmp_path), "another", fresh).restore(model) == []
    assert fresh.best == math.inf
