"""The report of a real run, in a real browser that has no network."""

import json
import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from pipeline.report.report import page
from tests.marquee_process import Marquee

DESKTOP, PHONE = 1280, 390


class Markup(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, html):
        super().__init__()
        self.elements = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))


@pytest.fixture(scope="module")
def file(finished):
    """What `marquee run` wrote when it ended."""
    marquee, run = finished
    return marquee.workspace / "reports" / run.run_id / "report.html"


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("there is no chromium on PATH")
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def opened(browser, file):
    """From a colour scheme and a width to the page, drawn, and what went wrong meanwhile."""
    contexts = []

    def open_page(scheme="light", width=DESKTOP):
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, offline=True
        )
        contexts.append(context)
        shown, wrong = context.new_page(), []
        shown.on(
            "console", lambda message: message.type in ("error", "warning") and wrong.append(message.text)
        )
        shown.on("pageerror", lambda error: wrong.append(str(error)))
        shown.on("request", lambda sent: sent.url.startswith(("file:", "data:")) or wrong.append(sent.url))
        shown.goto(file.as_uri())
        shown.wait_for_selector("html[data-drawn]", timeout=90_000)
        return shown, wrong

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE)])
def test_it_opens_without_a_network_is_accessible_and_fits(opened, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    shown, wrong = opened(scheme, width)
    violations = Axe().run(shown).response["violations"]

    assert wrong == []
    assert [(each["id"], each["nodes"][0]["html"][:120]) for each in violations] == []
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    places = shown.evaluate(
        "[...document.querySelectorAll('[data-spec]')].map(p => !!p.querySelector('svg path'))"
    )
    assert len(places) > 20
    assert all(places)


def test_charts_follow_when_the_machine_turns_dark(opened):
    shown, wrong = opened("light")
    label = "document.querySelector('#data .role-axis-label text').getAttribute('fill')"
    light = shown.evaluate(label)
    shown.emulate_media(color_scheme="dark")
    shown.wait_for_selector("html[data-drawn=dark]", timeout=90_000)

    assert (light, shown.evaluate(label)) == ("#566070", "#a5aebd")
    assert wrong == []


def test_it_is_one_file_that_names_no_other(file):
    html = file.read_text(encoding="utf-8")
    markup = Markup(html)

    assert len(html.encode()) < 3_000_000
    loaded = [
        (tag, a.get("src") or a.get("href")) for tag, a in markup.elements if tag in ("script", "link", "img")
    ]
    assert {address for _, address in loaded if address} == {"data:,"}
    assert not re.search(r"url\(|@import", html.split("</style>")[0])
    assert html.count("window.vegaEmbed =") + html.count("window.vegaEmbed=") == 1


def test_every_chart_has_a_text_and_all_but_self_explaining_ones_a_table(file):
    markup = Markup(file.read_text(encoding="utf-8"))

    charts = [a for tag, a in markup.elements if a.get("role") == "img"]
    assert len(charts) > 20
    assert all(len(a["aria-label"]) > 30 for a in charts)
    regions = [a for tag, a in markup.elements if a.get("class") == "table"]
    assert all(a["tabindex"] == "0" and a["aria-label"] for a in regions)


def test_headings_go_down_a_level_at_a_time(file):
    levels = [
        int(tag[1])
        for tag, _ in Markup(file.read_text(encoding="utf-8")).elements
        if re.fullmatch("h[1-6]", tag)
    ]

    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_it_shows_what_was_measured(file, finished):
    marquee, run = finished
    html = file.read_text(encoding="utf-8")
    summary = marquee.summary(run)
    films = json.loads((run.output("RunReport", "report").path / "details.json").read_text())["map"]

    assert "Blessed and pushed" in html
    assert f"{summary['test']['test']['rmse']:.4f}" in html
    assert f"{summary['test']['recommender']['ndcg@10']:.4f}" in html
    assert len(films) == 800
    assert all(
        json.dumps(film["title"], ensure_ascii=False).replace("<", "\\u003c") in html for film in films[:50]
    )
    assert "marquee run --config smoke" in html
    assert html.count('<details class="card person"') == 10
    for heading in (
        "Calibration",
        "Coverage against popularity",
        "Settings and scores of the trials",
        "RMSE by group",
    ):
        assert f">{heading}</h" in html


def test_the_command_writes_it_again_and_names_the_file(finished, tmp_path):
    marquee, run = finished
    out = tmp_path / "mine.html"
    answer = marquee("report", run.run_id, "--out", str(out))

    assert answer.returncode == 0, answer.output
    assert answer.output.strip() == str(out)
    assert "Blessed and pushed" in out.read_text(encoding="utf-8")


def test_a_run_that_does_not_exist_is_answered_with_those_that_do(finished):
    marquee, run = finished
    answer = marquee("report", "yesterday")

    assert answer.returncode == 1
    assert "there is no run yesterday" in answer.output
    assert run.run_id in answer.output
    assert "Traceback" not in answer.output


def test_where_nothing_has_run_the_command_says_how_to_begin(tmp_path):
    answer = Marquee(tmp_path / "empty")("report")

    assert answer.returncode == 1
    assert "nothing has run in" in answer.output
    assert "marquee run" in answer.output


def test_a_film_called_like_markup_stays_a_film(left):
    title = '</script><script>alert("!")</script> (1999)'
    film = {"title": title, "words": ["Drama"], "ratings": 1, "x": 0.0, "y": 1.0}
    html = page(left(details={"map": [film] * 2}), vega="")

    assert html.count("<script") == html.count("</script>")
    assert "<script>alert" not in html


def test_a_failed_run_has_a_page_with_what_there_is(left):
    record = {
        "state": "failed", "failed_node": "RankingTrainer", "message": "Training diverged: loss is nan",
        "command": "marquee run --config x", "folder": "/a b", "config": {}, "versions": {"keras": "3"},
        "machine": {"cores": 2, "processor": "p", "memory_gib": 4.0, "gpus": [], "system": "s"}, "git": None,
        "seconds": 3.0,
    }  # fmt: skip
    html = page(left(states={"Transform": "done", "RankingTrainer": "failed"}, record=record), vega="")

    assert "RankingTrainer failed; what was finished before is kept." in html
    assert "Training diverged: loss is nan" in html
    assert "cd &#39;/a b&#39;\nmarquee run --config x" in html
