"""`marquee simulate` itself, on few users: real runs, and what goes on after an interruption."""

import json
import re
from pathlib import Path

import pytest

from pipeline.store.metadata.lineage import Lineage
from pipeline.store.node_files import RANKING_SLICES
from pipeline.store.ranking_metrics import ranking_metrics
from serving.versions.versions import list_versions
from tests.marquee_process import Answer, Marquee, states

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]
SMALL = (
    "ranking.model={kind: mf, dim: 4, members: 2}",
    "ranking.train={epochs: 3, batch_size: 1000}",
    "retrieval.model.dim=8",
    "retrieval.train={epochs: 3, batch_size: 1000}",
    "retrieval.bless={over_popularity: {}, bars: {index_recall@100: {min: 0.5}}}",
    "recommender.bless={over_popularity: {}, bars: {ndcg@10: {min: 0}}}",
    "ranking.bless.bars={rmse: {max: 2}}",
)


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    out = tmp_path_factory.mktemp("simulate") / "out"
    sets = [part for each in SMALL for part in ("--set", each)]
    return ["simulate", "--spans", "3", "--users", "100", "--no-cold", "--out", str(out), *sets]


@pytest.fixture(scope="module")
def out(command):
    return Path(command[command.index("--out") + 1])


@pytest.fixture(scope="module")
def marquee(out):
    return Marquee(out.parent / "workspace")


@pytest.fixture(scope="module")
def simulated(marquee, command) -> Answer:
    answer = marquee(*command, seconds=800)  # two whole runs
    assert answer.returncode == 0, answer.output
    return answer


def steps(out, strategy):
    found = json.loads((out / "results.json").read_text())["steps"]
    return [step for step in found if step["strategy"] == strategy]


def run_after(out, span):
    return Lineage(out / "continuous" / "metadata.db").run(steps(out, "continuous")[span - 1]["run_id"])


def training(run, node):
    return json.loads((run.output(node, "model_run").path / "training.json").read_text())


def test_each_span_but_the_last_is_run_and_the_next_one_is_asked_about(simulated, out):
    assert [step["span"] for step in steps(out, "continuous")] == [1, 2]
    for strategy in ("continuous", "frozen", "no model"):
        for step in steps(out, strategy):
            assert 0.5 < step["future"]["all"]["rmse"] < 2
            assert 0 <= step["future"]["all"]["ndcg@10"] <= 1
    assert sorted(path.name for path in (out / "data").glob("span-*")) == ["span-0001", "span-0002"]
    assert list_versions(out / "continuous" / "serving_models", "ranking") == [1, 2]


def test_after_the_first_span_the_first_models_are_the_frozen_ones_and_later_they_are_not(simulated, out):
    continuous, frozen = steps(out, "continuous"), steps(out, "frozen")
    assert frozen[0]["future"] == continuous[0]["future"]
    assert frozen[1]["future"] != continuous[1]["future"]
    assert [step["version"] for step in frozen] == [1, 1]


def test_a_run_on_a_new_span_begins_where_the_last_refit_models_ended(simulated, out):
    """The judged training too: split by `newest_span`, they have not learned what it is judged by."""
    first, second = run_after(out, 1), run_after(out, 2)
    ingest = json.loads((second.output("MovieLensExampleGen", "examples").path / "ingest.json").read_text())
    assert list(ingest["spans"]) == ["1", "2"]
    for task in ("Ranking", "Retrieval"):
        assert training(first, f"{task}Trainer")["warm_start"] is None
        base = first.output(f"{task}Refit", "model")
        for node in (f"{task}Trainer", f"{task}Refit"):
            warm = training(second, node)["warm_start"]
            assert warm["cold_because"] == ""
            assert warm["from"].startswith(base.uri)
            assert sum(table["carried"] for table in warm["rows"].values()) > 0


def test_candidate_and_baseline_are_measured_on_the_same_rows_of_the_newest_span(simulated, out):
    run = run_after(out, 2)
    slices = run.output("RankingEvaluator", "evaluation").path / RANKING_SLICES.name
    metrics = ranking_metrics(json.loads(slices.read_text()))
    rows = run.output("MovieLensExampleGen", "examples").properties["rows_eval"]
    assert metrics["candidate"]["example_count"] == metrics["baseline"]["example_count"] == rows
    assert metrics["candidate"]["rmse"] != metrics["baseline"]["rmse"]


def test_the_terminal_gets_a_table_and_a_page_is_written(simulated, out):
    assert "RMSE on the next span" in simulated.output
    assert re.search(r"(?m)^ +2  \d{4}-\d\d-\d\d  ", simulated.output)
    assert "quality.html" in simulated.output
    assert (out / "quality.html").stat().st_size > 100_000


def test_a_night_without_a_new_span_reuses_everything_and_says_so(simulated, marquee, out):
    answer = marquee(
        "schedule", "--once", "--config", str(out / "continuous.yaml"), "--workspace", str(out / "continuous")
    )
    assert answer.returncode == 0, answer.output
    run = Lineage(out / "continuous" / "metadata.db").run()
    assert set(states(run).values()) == {"cached"}
    printed = "\n".join(log.read_text() for log in (out / "continuous" / "logs").glob("scheduled-*.log"))
    assert "no new span: 2 is still the newest, and everything about it was reused" in printed
    assert list_versions(out / "continuous" / "serving_models", "ranking") == [1, 2]


def test_what_was_finished_is_not_done_again(simulated, marquee, command, out):
    before = json.loads((out / "results.json").read_text())
    kept = [step for step in before["steps"] if step["span"] == 1]
    (out / "results.json").write_text(json.dumps({**before, "steps": kept}))

    answer = marquee(*command)

    assert answer.returncode == 0, answer.output
    assert f"resuming: {len(kept)} steps are done already" in answer.output
    after = json.loads((out / "results.json").read_text())["steps"]
    assert after[: len(kept)] == kept
    assert [step["future"] for step in after] == [step["future"] for step in before["steps"]]


def test_other_settings_do_not_go_on_in_the_same_folder(simulated, marquee, command):
    answer = marquee(*command, "--window", "1")
    assert answer.returncode == 1
    assert "holds a simulation with other settings (config)" in answer.output


def test_spans_that_are_missing_or_empty_end_a_run_in_a_line_and_nothing_is_lost(simulated, marquee, out):
    spans, arguments = out / "data", ("run", "--config", str(out / "continuous.yaml"))
    (spans / "span-0004").mkdir()
    gap = marquee(*arguments)
    (spans / "span-0003").mkdir()
    empty = marquee(*arguments)
    for number in (3, 4):
        (spans / f"span-000{number}").rmdir()
    assert (gap.returncode, empty.returncode) == (1, 1)
    assert "span-0003 is missing between span-0001 and span-0004" in gap.output
    assert "span-0003: the span is empty: it holds no rating" in empty.output
    assert "Traceback" not in gap.output + empty.output
