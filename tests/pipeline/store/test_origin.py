import json

import pytest

from marquee.errors import MarqueeError
from pipeline.cli.printing.diff import print_diff
from pipeline.store.metadata.lineage import Lineage
from pipeline.store.origin import find_origin, pushes, standing
from pipeline.store.runs.diff import difference, unsure, verdicts
from pipeline.store.runs.facts import described
from pipeline.store.runs.rows import known_run, state
from pipeline.store.workspace import Workspace
from pipeline.ui.pages.models import leaderboard
from tests.pipeline.metadata_store import Store


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Two runs: the first pushes version 1; the second trains anew on data from the cache, pushes nothing."""
    root = tmp_path_factory.mktemp("workspace")
    store = Store(root / "metadata.db")
    art = root / "artifacts"
    examples = store.artifact(
        "Examples", art / "Gen" / "1", origin="a file", dataset="custom", rows_train=80, rows_eval=10,
        split=json.dumps({"kind": "random"}),
    )  # fmt: skip
    models = [store.artifact("Model", art / "RankingTrainer" / number) for number in ("2", "3")]
    runs = [store.artifact("ModelRun", art / "ModelRun" / number) for number in ("2", "3")]
    for number, epochs in (("2", 3), ("3", 4)):
        (art / "ModelRun" / number / "training.json").write_text(
            json.dumps({"settings": {"model": {"kind": "mf"}, "train": {"epochs": epochs}}, "epochs": epochs})
        )
    blessing = store.artifact("ModelBlessing", art / "Evaluator" / "2", blessed=1)
    pushed = store.artifact("PushedModel", art / "Pusher" / "2", pushed=1, pushed_version="1")
    nothing = store.artifact("PushedModel", art / "Pusher" / "3", pushed=0)

    def trainer(epochs):
        return json.dumps({"train": {"epochs": epochs}, "model": {"kind": "mf"}, "code_fingerprint": "c0de"})

    first = store.run("20260101-000001")
    first.node("MovieLensExampleGen", outputs={"examples": examples}, fingerprint="f1", code_fingerprint="a1")
    first.node("RankingTrainer", inputs={"examples": examples},
               outputs={"model": models[0], "model_run": runs[0]}, custom_config=trainer(3))  # fmt: skip
    first.node("RankingEvaluator", inputs={"model": models[0]}, outputs={"blessing": blessing})
    first.node("AtomicPusher", inputs={"ranking": models[0], "ranking_blessing": blessing},
               outputs={"pushed_model": pushed})  # fmt: skip
    second = store.run("20260102-000002")
    second.node("MovieLensExampleGen", "cached", outputs={"examples": examples},
                fingerprint="f1", code_fingerprint="a1")  # fmt: skip
    second.node("Last", kind="tfx.Resolver", inputs={"model": models[0]})
    second.node("RankingTrainer", inputs={"examples": examples},
                outputs={"model": models[1], "model_run": runs[1]}, custom_config=trainer(4))  # fmt: skip
    second.node("RankingEvaluator", "failed", inputs={"model": models[1], "baseline_model": models[0]})
    second.node("AtomicPusher", inputs={"ranking": models[1]}, outputs={"pushed_model": nothing})
    folder = root / "serving_models" / "ranking" / "1"
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").touch()
    record = {"state": "done", "command": "marquee run", "git": {"revision": "abc", "changed": True}}
    (root / "reports" / "20260101-000001").mkdir(parents=True)
    (root / "reports" / "20260101-000001" / "run.json").write_text(json.dumps(record))
    return Workspace(root)


@pytest.mark.parametrize(
    "asked", ["ranking/1", "serving_models/ranking/1", "{root}/serving_models/ranking/1/x"]
)
def test_a_pushed_version_is_found_by_any_of_its_names(workspace, asked):
    origin = find_origin(workspace, asked.format(root=workspace.root))

    assert origin.title == "ranking version 1"
    assert origin.standing == "served version"
    assert list(origin.nodes) == ["MovieLensExampleGen", "RankingTrainer", "RankingEvaluator", "AtomicPusher"]


def test_an_origin_names_data_code_configuration_and_blessing(workspace):
    found = find_origin(workspace, "ranking/1").described()

    assert found["run"] == "20260101-000001"
    assert found["data"]["fingerprint"] == "f1"
    assert found["data"]["rows"] == {"train": 80, "eval": 10}
    assert found["models"]["ranking"]["settings"] == {"model.kind": "mf", "train.epochs": 3}
    assert found["models"]["ranking"]["blessed"] is True
    assert (found["command"], found["revision"]) == ("marquee run", "abc, with changes")
    assert found["code"] == {"MovieLensExampleGen": "a1", "RankingTrainer": "c0de"}


def test_an_artifact_has_an_origin_too_and_what_it_was_compared_with_is_none_of_it(workspace):
    origin = find_origin(workspace, "artifacts/RankingTrainer/3")

    assert origin.title == "Model of RankingTrainer"
    # The data came from the cache: the run that read it is named.
    assert {name: node.run_id for name, node in origin.nodes.items()} == {
        "MovieLensExampleGen": "20260101-000001",
        "RankingTrainer": "20260102-000002",
        "RankingEvaluator": "20260102-000002",
    }
    assert origin.described()["models"]["ranking"]["compared_with"] == "20260101-000001"


def test_a_judgement_taken_from_the_cache_is_placed_in_the_run_in_which_it_ran(tmp_path):
    workspace = Workspace(tmp_path)
    store = Store(workspace.metadata_db)
    model = store.artifact("Model", tmp_path / "model")
    blessing = store.artifact("ModelBlessing", tmp_path / "blessing", blessed=1)
    once = store.run("r1").node("RankingTrainer", outputs={"model": model})
    once.node("RankingEvaluator", inputs={"model": model}, outputs={"blessing": blessing})
    pushed = store.artifact("PushedModel", tmp_path / "pushed", pushed=1, pushed_version="1")
    later = store.run("r2").node("RankingTrainer", "cached", outputs={"model": model})
    later.node("RankingEvaluator", "cached", inputs={"model": model}, outputs={"blessing": blessing})
    later.node("AtomicPusher", inputs={"ranking": model}, outputs={"pushed_model": pushed})

    steps = {each["node"]: each for each in find_origin(workspace, "ranking/1").described()["steps"]}
    assert {name: step["run"] for name, step in steps.items()} == {
        "RankingTrainer": "r1", "RankingEvaluator": "r1", "AtomicPusher": "r2",
    }  # fmt: skip
    assert steps["RankingEvaluator"]["seconds"] == 1.0


def test_what_nobody_made_is_answered_with_what_there_is(workspace, tmp_path):
    with pytest.raises(MarqueeError, match=r"no run in .* pushed ranking version 7\npushed versions: 1;"):
        find_origin(workspace, "ranking/7")
    with pytest.raises(MarqueeError, match=r"no run in .* made /etc\npushed versions: 1"):
        find_origin(workspace, "/etc")
    with pytest.raises(MarqueeError, match=r"pushed anything here yet; begin with: \S+ run"):
        find_origin(Workspace(tmp_path), "recommender/1")


def test_a_version_that_was_pruned_still_has_its_origin(workspace, tmp_path):
    origin = find_origin(workspace, str(tmp_path / "ranking" / "1"), models=tmp_path)

    assert origin.standing == standing(tmp_path, "ranking", 1) == "not kept"
    assert list(pushes(Lineage(workspace.metadata_db))) == [1]


def test_a_run_is_described_with_the_run_that_made_what_it_took_from_the_cache(workspace):
    found = described(workspace, known_run(workspace, "latest"))

    assert found["state"] == "failed"
    assert found["pushed"] == 0
    nodes = {node["node"]: node for node in found["nodes"]}
    assert (nodes["MovieLensExampleGen"]["state"], nodes["MovieLensExampleGen"]["made_in"]) == (
        "cached",
        "20260101-000001",
    )
    assert nodes["RankingTrainer"]["settings"] == {"train.epochs": 4, "model.kind": "mf"}
    assert nodes["RankingTrainer"]["seconds"] == 1.0


def test_two_runs_differ_in_what_was_changed_and_in_nothing_else(workspace):
    found = difference(workspace, *(known_run(workspace, each) for each in ("000001", "000002")))

    assert found["data"] == found["code"] == found["metrics"] == []
    assert found["configuration"] == [("RankingTrainer: train.epochs", 3, 4)]
    assert found["hyper-parameters"] == [("ranking: train.epochs", 3, 4)]
    assert found["nodes"] == [
        ("MovieLensExampleGen", "done", "cached"),
        ("RankingEvaluator", "done", "failed"),
    ]
    assert ("models", "pushed 1", "not blessed") in found["outcome"]


def test_of_two_runs_the_better_is_named_and_nothing_is_said_within_the_evaluators_own_noise(tmp_path):
    workspace = Workspace(tmp_path)
    store = Store(workspace.metadata_db)
    models = [store.artifact("Model", tmp_path / f"model{number}") for number in (1, 2)]
    for number, ndcg in ((1, 0.40), (2, 0.41)):
        folder = tmp_path / f"evaluation{number}"
        evaluation = store.artifact("ModelEvaluation", folder)
        change = {"ndcg@10": {"standard_error": 0.02}, "recall@10": {"standard_error": 0.001}}
        metrics = {"candidate": {"ndcg@10": ndcg, "recall@10": ndcg}, "change": {"baseline": change}}
        (folder / "metrics.json").write_text(json.dumps(metrics))
        run = store.run(f"r{number}").node("RetrievalTrainer", outputs={"model": models[number - 1]})
        taken = {"model": models[1], "baseline_model": models[0]} if number == 2 else {"model": models[0]}
        run.node("RetrievalEvaluator", inputs=taken, outputs={"evaluation": evaluation})

    runs = [known_run(workspace, name) for name in ("r1", "r2")]
    found = difference(workspace, *runs)
    assert [row[0] for row in found["metrics"]] == ["retrieval: ndcg@10", "retrieval: recall@10"]
    assert verdicts(runs, found) == {"retrieval: recall@10": 1}
    assert unsure(runs, {"retrieval: recall@10": 1}) == set()


def test_a_measure_whose_noise_nobody_knows_is_marked_so(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    workspace = Workspace(tmp_path)
    store = Store(workspace.metadata_db)
    for number, ndcg in ((1, 0.40), (2, 0.41)):
        folder = tmp_path / f"evaluation{number}"
        outputs = {"model": store.artifact("Model", tmp_path / f"model{number}")}
        run = store.run(f"r{number}").node("RetrievalTrainer", outputs=outputs)
        evaluation = store.artifact("ModelEvaluation", folder)
        (folder / "metrics.json").write_text(json.dumps({"candidate": {"ndcg@10": ndcg}}))
        run.node("RetrievalEvaluator", inputs=outputs, outputs={"evaluation": evaluation})

    print_diff(workspace, ["r1", "r2"])
    assert "+0.01 better (noise unknown)" in " ".join(capsys.readouterr().out.split())


def test_an_unknown_run_is_answered_with_those_that_exist(workspace):
    with pytest.raises(MarqueeError, match="no run nope; there are 20260102-000002, 20260101-000001"):
        known_run(workspace, "nope")


def test_an_interrupted_run_is_told_from_one_that_runs(workspace, tmp_path):
    store = Store(tmp_path / "metadata.db")
    store.run("r1").node("Gen", "running")
    run = Lineage(tmp_path / "metadata.db").run("r1")
    mine = Workspace(tmp_path)

    assert state(mine, run) == "interrupted"
    with mine.lock():
        assert state(mine, run) == "running"


def test_a_model_that_a_later_run_judged_has_its_metrics(tmp_path):
    store = Store(tmp_path / "metadata.db")
    model = store.artifact("Model", tmp_path / "artifacts" / "model")
    evaluation = store.artifact("ModelEvaluation", tmp_path / "artifacts" / "evaluation")
    blessing = store.artifact("ModelBlessing", tmp_path / "artifacts" / "blessing", blessed=1)
    slices = {"(all)": {"(all)": {"candidate": {"rmse": 0.9}}}}
    (tmp_path / "artifacts" / "evaluation" / "slices.json").write_text(json.dumps(slices))
    judged = {"evaluation": evaluation, "blessing": blessing}
    store.run("r1").node("RankingTrainer", outputs={"model": model})
    later = store.run("r2").node("RankingTrainer", "cached", outputs={"model": model})
    later.node("RankingEvaluator", inputs={"model": model}, outputs=judged)
    again = store.run("r3").node("RankingTrainer", "cached", outputs={"model": model})
    again.node("RankingEvaluator", "cached", inputs={"model": model}, outputs=judged)

    origin = find_origin(Workspace(tmp_path), "artifacts/model")
    assert {name: node.run_id for name, node in origin.nodes.items()} == {
        "RankingTrainer": "r1",
        "RankingEvaluator": "r2",
    }
    assert origin.described()["models"]["ranking"]["metrics"] == {"rmse": 0.9}
    [row] = leaderboard(Lineage(tmp_path / "metadata.db"), "ranking")
    assert (row["run"], row["metrics"], row["blessed"]) == ("r1", {"rmse": 0.9}, True)


def test_a_number_that_was_given_again_is_of_the_push_that_gave_it_last(tmp_path):
    store = Store(tmp_path / "metadata.db")
    for run, content in (("r1", "a"), ("r2", "b"), ("r3", "b")):
        folder = tmp_path / "artifacts" / run
        pushed = store.artifact("PushedModel", folder, pushed=1, pushed_version="1", content=content)
        store.run(run).node("AtomicPusher", outputs={"pushed_model": pushed})

    assert {version: push.made_in for version, push in pushes(Lineage(tmp_path / "metadata.db")).items()} == {
        1: "r2"  # r1's was deleted with its folder; r3 found r2's in front
    }


@pytest.mark.parametrize("said", ["failed", "interrupted"])
def test_how_a_run_ended_is_what_it_wrote_down_whatever_its_nodes_say(tmp_path, said):
    Store(tmp_path / "metadata.db").run("r1").node("Gen")
    write_record(tmp_path, "r1", said)
    run = Lineage(tmp_path / "metadata.db").run("r1")

    assert (run.state, state(Workspace(tmp_path), run)) == ("done", said)


def test_between_two_nodes_a_run_still_runs_and_one_that_was_killed_does_not(tmp_path):
    store = Store(tmp_path / "metadata.db")
    for place, name in enumerate(("killed", "alive")):
        store.run(name).node("Gen")
        write_record(tmp_path, name, "running", started=100.0 + place)
    mine, lineage = Workspace(tmp_path), Lineage(tmp_path / "metadata.db")

    with mine.lock():
        assert [state(mine, lineage.run(name)) for name in ("killed", "alive")] == ["interrupted", "running"]
    assert state(mine, lineage.run("alive")) == "interrupted"


def write_record(root, run_id, state, started=100.0):
    folder = root / "reports" / run_id
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"state": state, "started": started}))
