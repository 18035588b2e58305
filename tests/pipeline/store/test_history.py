"""`marquee runs`, `runs show`, `lineage` and `diff` on a finished run, as a user calls them."""

import json

import pytest

from pipeline.store.metadata.lineage import Lineage
from pipeline.store.origin import find_origin
from pipeline.store.workspace import Workspace


def test_runs_are_a_table_or_json(finished):
    marquee, run = finished
    table, listed = marquee("runs"), marquee("runs", "--json")

    assert (table.returncode, listed.returncode) == (0, 0)
    assert run.run_id in table.output
    [row] = json.loads(listed.output)
    assert (row["run"], row["state"], row["blessed"], row["pushed"]) == (run.run_id, "done", True, 1)


def test_a_run_is_shown_with_its_nodes_and_what_they_were_told(finished):
    marquee, run = finished
    shown = json.loads(marquee("runs", "show", "latest", "--json").output)
    table = marquee("runs", "show", run.run_id[-6:]).output

    assert [node["node"] for node in shown["nodes"]] == list(run.nodes)
    assert shown["models"]["ranking"]["kind"] == "mf"
    assert shown["models"]["ranking"]["tuned"].keys() == {"train.epochs", "train.learning_rate"}
    summary = marquee.summary(run)  # as TFMA itself read what it had measured
    assert shown["models"]["ranking"]["metrics"] == pytest.approx(summary["ranking"]["evaluation"])
    assert shown["models"]["ranking"]["reasons"] == summary["ranking"]["reasons"]
    assert "RecommenderAssembler" in table
    assert "candidates 200" in table


def test_a_pushed_version_is_traced_to_its_data(finished):
    marquee, run = finished
    answer = marquee("lineage", str(marquee.workspace / "serving_models" / "recommender" / "1"))
    found = json.loads(marquee("lineage", "recommender/1", "--json").output)

    assert answer.output.startswith("recommender version 1  served version")
    assert found["run"] == run.run_id
    assert found["data"]["rows"] == marquee.summary(run)["splits"]
    assert found["data"]["origin"] in answer.output
    assert {"MovieLensExampleGen", "Transform", "RankingTrainer", "RetrievalTrainer"} <= found["code"].keys()
    assert found["models"]["retrieval"]["blessed"] is True


def test_every_artifact_of_a_run_can_be_traced(finished):
    marquee, run = finished
    workspace = Workspace(marquee.workspace)

    for artifact in Lineage(workspace.metadata_db).artifacts():
        origin = find_origin(workspace, artifact.uri)
        assert origin.artifact.id == artifact.id
        assert origin.described()["run"] in (run.run_id, "")


def test_a_run_does_not_differ_from_itself(finished):
    marquee, run = finished

    assert "have no differences" in marquee("diff", run.run_id, "latest").output


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("runs", "show", "nope"), "there is no run nope; there are "),
        (("lineage", "recommender/99"), "no run in "),
        (("diff", "nope", "latest"), "there is no run nope"),
    ],
)
def test_what_does_not_exist_is_one_line_that_names_what_does(finished, command, said):
    marquee, _ = finished
    answer = marquee(*command)

    assert answer.returncode == 1
    assert answer.output.startswith(f"error: {said}")
    assert "Traceback" not in answer.output
