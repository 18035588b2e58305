import io
import json

import pytest
from rich.console import Console

from marquee.errors import MarqueeError
from pipeline.cli.printing.simulation import print_results
from pipeline.simulate.chart import table, write_chart
from pipeline.simulate.results import Results, Step

SETTINGS = {"origin": "four ratings", "spans": 3}
SPANS = [
    {"number": n, "ratings": 10 * n, "users": 4, "new_users": 4 - n, "first": n * 86_400, "last": n * 86_400}
    for n in (1, 2, 3)
]


def measured(rmse, users=4):
    return {"users": users, "ratings": 10, "rmse": rmse, "ndcg@10": rmse / 10, "recall@10": rmse / 20}


def step(strategy, span, rmse, pushed=False):
    future = {"all": measured(rmse), "known": measured(rmse - 0.1, 2) if span > 1 else None, "new": None}
    return Step(strategy, span, "20200101-000000", 1.0, pushed, pushed, span, [], future=future)


@pytest.fixture
def results(tmp_path):
    found = Results(tmp_path, SETTINGS, SPANS)
    for span in (1, 2):
        found.add(step("continuous", span, 1.0 - span / 100, pushed=True))
        found.add(step("frozen", span, 1.0 + span / 100))
    return found


def test_what_is_done_is_found_again(results, tmp_path):
    again = Results.resumed(tmp_path, SETTINGS, SPANS)
    assert again.steps == results.steps
    assert again.step("frozen", 2).future["all"]["rmse"] == 1.02
    assert again.step("frozen", 3) is None


def test_another_simulation_is_not_gone_on_with(results, tmp_path):
    with pytest.raises(MarqueeError, match=r"with other settings \(spans\)"):
        Results.resumed(tmp_path, {**SETTINGS, "spans": 4}, SPANS)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(MarqueeError, match="something that is no simulation"):
        Results.resumed(tmp_path, SETTINGS, SPANS)
    (tmp_path / "results.json").write_text(json.dumps({"steps": 4}))
    with pytest.raises(MarqueeError, match="cannot be read"):
        Results.resumed(tmp_path, SETTINGS, SPANS)


def test_the_table_has_a_row_a_span_that_was_asked_about_and_the_means(results):
    text = io.StringIO()
    print_results(results, Console(file=text, width=80))
    lines = [line.split() for line in text.getvalue().splitlines()]
    assert ["2", "1970-01-03", "4", "50%", "0.9900", "^", "-", "1.0100", "-"] in lines
    assert ["3", "1970-01-04", "4", "25%", "0.9800", "^", "-", "1.0200", "-"] in lines
    assert ["mean", "0.9850", "-", "1.0150", "-"] in lines
    assert ["known", "0.8800", "-", "0.9200", "-"] in lines
    assert "…" not in text.getvalue()


def test_means_are_over_the_spans_of_which_all_have_a_measure(tmp_path):
    results = Results(tmp_path, SETTINGS, SPANS)
    results.add(step("continuous", 1, 0.9))
    results.add(Step("frozen", 1, None, 1.0, False, False, None, []))  # nothing was good enough to be pushed
    for strategy, rmse in (("continuous", 0.7), ("frozen", 0.8)):
        results.add(step(strategy, 2, rmse, pushed=True))
    text = io.StringIO()
    print_results(results, Console(file=text, width=80))
    lines = [line.split() for line in text.getvalue().splitlines()]
    assert ["mean", "0.7000", "-", "0.8000", "-"] in lines


def test_the_page_holds_every_number_and_needs_no_network(results, tmp_path):
    assert table(results).query("who == 'known'")["rmse"].tolist() == [0.88, 0.92]
    write_chart(results, tmp_path / "quality.html")
    page = (tmp_path / "quality.html").read_text()
    assert '"rmse": 0.98' in page
    assert 'src="http' not in page
    assert not list(tmp_path.glob("*.part"))
