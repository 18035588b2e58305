from pathlib import Path

import keras_tuner
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata as hparams
from tensorboard.plugins.hparams.api_pb2 import STATUS_FAILURE, STATUS_SUCCESS

from marquee.errors import ConfigError
from trainer.models.ranking.config import DcnConfig
from trainer.training.hyperparameters import apply_hyperparameters
from trainer.training.ranking import RankingSettings
from trainer.training.retrieval_settings import RetrievalSettings
from tuner.config import TuneConfig
from tuner.oracles import oracle, settings
from tuner.search_space import conditions
from tuner.training_tuner import TrainingTuner
from tuner.trials import trial_table

SPACE = {
    "train.learning_rate": {"kind": "float", "min": 0.001, "max": 0.1, "sampling": "log"},
    "train.epochs": {"kind": "int", "min": 2, "max": 9},
    "model.head": {"kind": "choice", "values": ["ordinal", "squared"]},
}


@pytest.fixture(autouse=True)
def no_models(monkeypatch):
    """No trial here builds a model, and to look for one in all memory takes longer than the trial."""
    monkeypatch.setattr("keras.backend.clear_session", lambda: None)


def config(strategy="random", trials=6):
    return TuneConfig.model_validate({"strategy": strategy, "trials": trials, "space": SPACE})


def distance(values, on_epoch):
    """A training whose error is the learning rate's distance from 0.02; more epochs help a little."""
    error = abs(values["train.learning_rate"] - 0.02) + 0.01 / values["train.epochs"]
    on_epoch(1, {"val_rmse": error})
    return {"val_rmse": error}


def search(tmp_path, run_trial, **options):
    objective = keras_tuner.Objective("val_rmse", "min")
    tuner = TrainingTuner(oracle(config(**options), objective, epochs=9), run_trial, tmp_path / "trials")
    tuner.search()
    return tuner


@pytest.mark.parametrize("strategy", ["random", "bayesian", "hyperband"])
def test_each_strategy_completes_its_trials_and_finds_the_best_of_them(tmp_path, strategy):
    tuner = search(tmp_path, distance, strategy=strategy)
    table = trial_table(tuner)
    [best] = tuner.get_best_hyperparameters()

    assert len(table) == 6
    assert {row["status"] for row in table} == {"COMPLETED"}
    assert table[0]["score"] == min(row["score"] for row in table)
    assert set(best.values) == set(SPACE)
    assert best.values["train.learning_rate"] == table[0]["values"]["train.learning_rate"]


def test_hyperband_decides_the_epochs_itself(tmp_path):
    seen = []

    def record(values, on_epoch):
        seen.append(values["train.epochs"])
        return distance(values, on_epoch)

    search(tmp_path, record, strategy="hyperband", trials=15)

    assert min(seen) < max(seen) <= 9


def test_a_failed_trial_is_named_with_its_reason_and_the_search_goes_on(tmp_path):
    def fails_once(values, on_epoch):
        if not (tmp_path / "failed").exists():
            (tmp_path / "failed").touch()
            raise ValueError("the loss is not a number")
        return distance(values, on_epoch)

    table = trial_table(search(tmp_path, fails_once, trials=3))

    assert [row["status"] for row in table].count("COMPLETED") == 2
    assert table[-1]["score"] is None
    assert "the loss is not a number" in table[-1]["error"]


def test_tensorboard_is_told_what_each_trial_tried_and_how_it_ended(tmp_path):
    def fails_once(values, on_epoch):
        score = distance(values, on_epoch)
        if not (tmp_path / "failed").exists():
            (tmp_path / "failed").touch()
            raise ValueError("the loss is not a number")
        return score

    tuner = search(tmp_path, fails_once, trials=3)
    ended = {}
    for trial in tuner.oracle.trials.values():
        events = EventAccumulator(str(Path(tuner.project_dir) / "logs" / trial.trial_id))
        events.Reload()
        start, end = (
            events.SummaryMetadata(tag).plugin_data.content
            for tag in (hparams.SESSION_START_INFO_TAG, hparams.SESSION_END_INFO_TAG)
        )
        tried = hparams.parse_session_start_info_plugin_data(start).hparams
        assert tried["model.head"].string_value == trial.hyperparameters["model.head"]
        assert tried["train.epochs"].number_value == trial.hyperparameters["train.epochs"]
        ended[trial.trial_id] = hparams.parse_session_end_info_plugin_data(end).status

    assert sorted(ended.values()) == sorted([STATUS_FAILURE, STATUS_SUCCESS, STATUS_SUCCESS])


def test_finished_trials_are_not_repeated_after_an_interruption(tmp_path):
    calls = []

    def interrupted(values, on_epoch):
        calls.append(values)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return distance(values, on_epoch)

    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, interrupted)
    tuner = search(tmp_path, interrupted)

    assert len(trial_table(tuner)) == 6
    assert len(calls) == 7  # two done, one interrupted and tried again, three more


def test_settings_leave_out_what_hyperband_notes_for_itself():
    values = {"train.learning_rate": 0.1, "tuner/epochs": 3, "tuner/bracket": 1}

    assert settings(values) == {"train.learning_rate": 0.1, "train.epochs": 3}


@pytest.mark.parametrize("strategy", ["random", "bayesian", "hyperband"])
def test_a_search_over_kinds_gives_each_only_what_it_has(tmp_path, strategy):
    space = {
        "model.crosses": {"kind": "int", "min": 2, "max": 4},
        "model.dim": {"kind": "int", "min": 4, "max": 8},
        "model.kind": {"kind": "choice", "values": ["dcn", "dlrm", "mf"]},
        "model.dropout": {"kind": "float", "min": 0.05, "max": 0.1},
        "train.epochs": {"kind": "int", "min": 2, "max": 3},
    }
    tune = TuneConfig.model_validate({"strategy": strategy, "trials": 9, "space": space})
    chosen = []

    def run_trial(values, on_epoch):
        chosen.append(apply_hyperparameters(RankingSettings(), values).model)
        return {"val_rmse": 1.0}

    objective = keras_tuner.Objective("val_rmse", "min")
    search = oracle(tune, objective, 3, conditions(RankingSettings, tune.space))
    tuner = TrainingTuner(search, run_trial, tmp_path / "trials")
    tuner.search()

    assert {row["status"] for row in trial_table(tuner)} == {"COMPLETED"}
    assert len({model.kind for model in chosen}) > 1
    for row in trial_table(tuner):
        kind = row["values"]["model.kind"]
        assert ("model.crosses" in row["values"]) == (kind == "dcn")
        assert ("model.dropout" in row["values"]) == (kind != "mf")
    for model in chosen:
        assert model.kind == "mf" or 0.05 <= model.dropout <= 0.1
        assert model.kind != "dcn" or model.crosses >= 2


def test_a_path_that_no_searched_kind_has_is_refused():
    space = {
        "model.kind": {"kind": "choice", "values": ["dcn", "dlrm"]},
        "model.members": {"kind": "int", "min": 1, "max": 2},
    }
    tune = TuneConfig.model_validate({"space": space})
    with pytest.raises(ConfigError, match=r"none of dcn, dlrm has a setting model\.members"):
        conditions(RankingSettings, tune.space)


def test_another_kind_starts_from_its_own_defaults():
    settings = RankingSettings.of({"model": {"kind": "mf", "dim": 3}, "train": {"epochs": 7}}, None)
    found = apply_hyperparameters(settings, {"model.rank": 8, "model.kind": "dcn", "model.members": 2})

    assert found.model == DcnConfig(rank=8)
    assert found.train.epochs == 7
    with pytest.raises(ConfigError, match=r"model\.depth = 3: there is no such setting"):
        apply_hyperparameters(settings, {"model.kind": "dcn", "model.depth": 3})
    with pytest.raises(ConfigError, match=r"model\.rank = 3: there is no such setting"):
        apply_hyperparameters(settings, {"model.rank": 3})
    assert apply_hyperparameters(settings, {"model.kind": "mf", "model.rank": 3}) == settings


def test_a_kind_that_is_searched_is_trained_as_suits_it_but_for_what_was_said():
    said = RetrievalSettings.checked({"model": {"kind": "multvae"}, "train": {"batch_size": 500}})
    found = apply_hyperparameters(said, {"model.kind": "youtube_dnn", "train.epochs": 3})

    assert (found.train.epochs, found.train.learning_rate, found.train.patience) == (3, 0.02, 3)
    assert found.train.batch_size == 500
    assert apply_hyperparameters(found, {"model.kind": "two_tower"}).train.epochs == 3
