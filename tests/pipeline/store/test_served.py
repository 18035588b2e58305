"""What is told of a served version: judged models that were measured, and those refit after them."""

import json

import pytest

from pipeline.cli.printing.origin import print_origin
from pipeline.store.metadata.lineage import Lineage
from pipeline.store.origin import find_origin
from pipeline.store.served import refit, whose_numbers
from pipeline.store.workspace import Workspace
from tests.pipeline.metadata_store import Store


def delivered(root, mode="all"):
    """A run that pushed version 1; `mode` None: a blessing was refused, and nothing refit."""
    store, art = Store(root / "metadata.db"), root / "artifacts"
    examples = store.artifact("Examples", art / "Gen" / "1", rows_train=80, rows_eval=10, rows_test=10)
    judged = store.artifact("Model", art / "RankingTrainer" / "2")
    judged_run = store.artifact("ModelRun", art / "RankingTrainer" / "run")
    settings = {"model": {"kind": "mf"}, "train": {"epochs": 9}}
    training = {"settings": settings, "epochs": 8, "best_epoch": 5, "rows": 80, "device": "CPU"}
    (art / "RankingTrainer" / "run" / "training.json").write_text(json.dumps(training))
    blessing = store.artifact("ModelBlessing", art / "Evaluator" / "3", blessed=int(mode is not None))
    served = store.artifact("Model", art / "RankingRefit" / "4", refit=int(mode is not None))
    served_run = store.artifact("ModelRun", art / "RankingRefit" / "run")
    if mode:
        facts = {"mode": mode, "ratings": 100, "users": 12, "items": 7}
        (art / "RankingRefit" / "run" / "training.json").write_text(
            json.dumps({**training, "epochs": 5, "refit": facts})
        )
    report = store.artifact("ModelEvaluation", art / "RunReport" / "5")
    (art / "RunReport" / "5" / "report.json").write_text(json.dumps({"test": {"rmse": 0.9}}))
    pushed = store.artifact(
        "PushedModel", art / "Pusher" / "6", pushed=int(mode is not None), pushed_version="1"
    )
    run = store.run("20260101-000001")
    run.node("MovieLensExampleGen", outputs={"examples": examples})
    run.node(
        "RankingTrainer", inputs={"examples": examples}, outputs={"model": judged, "model_run": judged_run}
    )
    run.node("RankingEvaluator", inputs={"model": judged}, outputs={"blessing": blessing})
    run.node(
        "RankingRefit",
        inputs={"examples": examples, "judged_run": judged_run, **({"judged_model": judged} if mode else {})},
        outputs={"model": served, "model_run": served_run},
    )
    run.node(
        "AtomicPusher",
        inputs={"ranking": served, "ranking_blessing": blessing},
        outputs={"pushed_model": pushed},
    )
    run.node("RunReport", inputs={"ranking": judged}, outputs={"report": report})
    (root / "serving_models" / "ranking" / "1").mkdir(parents=True)
    (root / "serving_models" / "ranking" / "1" / "saved_model.pb").touch()
    return Workspace(root)


def nodes(workspace):
    return Lineage(workspace.metadata_db).run().nodes


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("all", "the served models are trained on all 100 ratings with the same settings"),
        ("seen", "the served models have the same weights, and know all 100 ratings of their users"),
        (
            None,
            "nothing was refit: not every blessing was given; the measures are those of the judged models",
        ),
    ],
)
def test_a_runs_measures_are_said_to_be_the_judged_models(tmp_path, mode, said):
    found = nodes(delivered(tmp_path, mode))
    assert said in whose_numbers(found)
    assert (refit(found, "ranking") is None) == (mode is None)
    without = {name: node for name, node in found.items() if name != "RankingRefit"}
    assert whose_numbers(without) == ""  # what is judged is served


def test_the_lineage_of_a_served_version_shows_the_refit_and_the_judged_model_with_its_blessing(
    tmp_path, capsys
):
    workspace = delivered(tmp_path)
    found = find_origin(workspace, "ranking/1").described()

    assert found["refit"]["ranking"]["epochs"] == 5
    assert found["refit"]["ranking"]["model"]["made_by"] == "RankingRefit"
    assert found["models"]["ranking"]["model"]["made_by"] == "RankingTrainer"
    assert found["models"]["ranking"]["blessed"] is True
    assert found["test"] == {"test": {"rmse": 0.9}}  # of the judged model, and said to be
    print_origin(workspace, "ranking/1")
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "ranking, refit for serving" in said
    assert "5 epochs on all 100 ratings of 12 users, with the settings above" in said
    assert "measured on the judged models, trained on train" in said
