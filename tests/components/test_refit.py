"""The node that refits what is blessed: what it does where something is not, and what stands behind it."""

import json

import pytest
from tfx.types import artifact_utils, standard_artifacts

from components import recommender_assembler, serving_validator
from components.not_refit import FILE, is_not_refit
from components.refit.executor import Executor
from trainer import refit as training

PARAMETERS = {
    **{"task": "ranking", "mode": "all", "backup_dir": "", "code_fingerprint": "abc"},
    "description": '{"feedback": "implicit"}',
}


@pytest.fixture
def artifact(tmp_path):
    """Makes an artifact with a folder; `blessed=1` and the like are its properties."""

    def make(kind, name, **properties):
        made = kind()
        made.uri = str(tmp_path / name)
        (tmp_path / name).mkdir(exist_ok=True)
        for key, value in properties.items():
            made.set_int_custom_property(key, value)
        return made

    return make


@pytest.fixture
def outputs(artifact):
    return {
        "model": [artifact(standard_artifacts.Model, "refit")],
        "model_run": [artifact(standard_artifacts.ModelRun, "refit_run")],
    }


@pytest.fixture
def inputs(artifact):
    """Everything that is given, of blessed models."""
    examples = artifact(standard_artifacts.Examples, "examples")
    examples.split_names = artifact_utils.encode_split_names(["eval", "test", "train"])
    return {
        "examples": [examples],
        "transform_graph": [artifact(standard_artifacts.TransformGraph, "graph")],
        "judged_run": [artifact(standard_artifacts.ModelRun, "judged_run")],
        "judged_model": [artifact(standard_artifacts.Model, "judged")],
        **{
            f"{name}_blessing": [artifact(standard_artifacts.ModelBlessing, name, blessed=1)]
            for name in ("ranking", "retrieval", "recommender")
        },
    }


@pytest.fixture
def asked(monkeypatch):
    """What the training was asked for, in place of it."""
    calls = []
    monkeypatch.setattr(training, "refit", lambda *given: calls.append(given))
    return calls


def test_a_blessed_model_is_refit_on_every_split_train_first(inputs, outputs, asked, tmp_path):
    Executor().Do(inputs, outputs, PARAMETERS)

    [(wanted, path, run)] = asked
    assert list(wanted.files) == ["train", "eval", "test"]
    assert wanted.files["test"][0].startswith(f"{tmp_path}/examples/Split-test")
    assert (wanted.task, wanted.mode, wanted.base_model, wanted.backup_dir) == ("ranking", "all", None, None)
    assert wanted.description.implicit
    assert (path, run) == (f"{tmp_path}/refit/Format-Serving", tmp_path / "refit_run")
    assert outputs["model"][0].get_int_custom_property("refit") == 1
    assert not is_not_refit(outputs["model"][0])


@pytest.mark.parametrize("refused", ["ranking", "retrieval", "recommender"])
def test_where_any_blessing_was_refused_nothing_is_trained(inputs, outputs, asked, refused):
    inputs[f"{refused}_blessing"][0].set_int_custom_property("blessed", 0)
    Executor().Do(inputs, outputs, PARAMETERS)

    assert asked == []
    assert is_not_refit(outputs["model"][0])
    assert outputs["model"][0].get_int_custom_property("refit") == 0


def test_where_the_gate_lets_no_model_through_nothing_is_trained(inputs, outputs, asked):
    Executor().Do({**inputs, "judged_model": []}, outputs, PARAMETERS)

    assert asked == []
    assert is_not_refit(outputs["model"][0])


def test_of_what_was_not_refit_nothing_is_assembled_and_nothing_validated(
    inputs, outputs, artifact, tmp_path
):
    Executor().Do({**inputs, "judged_model": []}, outputs, PARAMETERS)
    [refused] = outputs["model"]
    assembled = artifact(standard_artifacts.Model, "assembled")
    recommender_assembler.component.Executor().Do(
        {"ranking": [refused], "retrieval": [refused]},
        {"model": [assembled]},
        {"candidates": 200, "rating_weight": 0.2},
    )
    assert [path.name for path in (tmp_path / "assembled").iterdir()] == [FILE]

    blessing = artifact(standard_artifacts.InfraBlessing, "infra")
    serving_validator.component.Executor().Do(
        {"ranking": [refused], "retrieval": [refused], "recommender": [assembled]},
        {"blessing": [blessing]},
        {},
    )
    assert blessing.get_int_custom_property("blessed") == 0
    assert (tmp_path / "infra" / "INFRA_NOT_BLESSED").exists()
    found = json.loads((tmp_path / "infra" / "validation.json").read_text())
    assert found["problems"] == []
    assert found["nothing"] == "nothing was refit: not every blessing was given"
