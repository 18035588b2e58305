"""The site as it is built: without a warning, every link leads somewhere, and no network is needed."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import ROOT


@dataclass
class Built(HTMLParser):
    """A page: its ids, and what it links to or loads."""

    file: Path
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self.feed(self.file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in ("script", "img", "iframe") and given.get("src"):
            self.loaded.append(given["src"])
        if tag == "link" and given.get("href") and given.get("rel") != "canonical":
            self.loaded.append(given["href"])


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return {file.relative_to(site).as_posix(): Built(file) for file in site.rglob("*.html")}, site


def test_every_link_and_anchor_leads_somewhere(built):
    pages, site = built
    lost = []
    for name, page in pages.items():
        for link in page.links:
            address = urlsplit(link)
            if address.scheme or address.netloc or name == "404.html":
                continue
            path = unquote(address.path)
            target = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
            if target in pages:
                if address.fragment and unquote(address.fragment) not in pages[target].ids:
                    lost.append((name, link))
            elif not (site / target).exists():
                lost.append((name, link))
    assert lost == []
    assert sum(len(page.links) for page in pages.values()) > 1000


def test_addresses_elsewhere_are_whole(built):
    pages, _ = built
    for page in pages.values():
        for link in page.links:
            address = urlsplit(link)
            if address.scheme in ("http", "https"):
                assert re.fullmatch(r"[\w.-]+\.\w{2,}(:\d+)?|localhost(:\d+)?", address.netloc), link


def test_nothing_is_loaded_from_a_network(built):
    pages, site = built
    for name, page in pages.items():
        for source in page.loaded:
            address = urlsplit(source)
            assert not address.netloc, f"{name} loads {source}"
            if name != "404.html":
                file = (site / name).parent / unquote(address.path)
                assert file.exists(), f"{name} loads {source}"


def test_flowcharts_are_drawn_without_a_script(built):
    page = built[0]["models.html"].file.read_text(encoding="utf-8")
    source = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    assert page.count('<div class="diagram"><svg') == source.count("```mermaid") > 5
    assert 'class="mermaid"' not in page


def test_the_dag_is_the_pipelines(built):
    pages, _ = built
    page = pages["explanation/architecture.html"].file.read_text(encoding="utf-8")
    for node in ("MovieLensExampleGen", "RankingTuner", "LastBlessedRanking", "AtomicPusher", "RunReport"):
        assert f">{node}</tspan>" in page
        assert f"<code>{node}</code>" in page
    assert page.count('<g class="optional">') >= 2  # RetrievalTuner, BulkRecommender


def test_pages_made_from_the_code_have_what_the_code_has(built):
    from pipeline.cli.app import app
    from serving.contract import CONTRACT

    pages, _ = built
    commands = pages["reference/command-line.html"]
    for command in app.registered_commands:
        name = command.name or command.callback.__name__
        assert f"marquee-{name}" in commands.ids
    contract = pages["reference/serving-contract.html"].file.read_text(encoding="utf-8")
    for signatures in CONTRACT.values():
        for signature in signatures:
            assert f"<code>{signature}</code>" in contract


def test_every_module_that_can_be_imported_is_in_the_reference(built):
    pages, _ = built
    shown = {
        each for name, page in pages.items() if name.startswith("reference/python/") for each in page.ids
    }
    missing = []
    for package in ("marquee", "trainer", "tuner", "serving", "components"):
        for file in (ROOT / package).rglob("*.py"):
            parts = file.relative_to(ROOT).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            # Of a package that shows what it exports, the modules behind it are not shown.
            if len(parts) > 1 and not any(".".join(parts[:n]) in shown for n in range(2, len(parts) + 1)):
                missing.append(".".join(parts))
    assert missing == []


def test_the_search_index_is_there_for_pages_opened_as_files(built):
    _, site = built
    assert (site / "search" / "search_index.js").read_text(encoding="utf-8").startswith("var __index = ")
