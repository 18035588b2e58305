"""The notebooks: paired with their scripts, without outputs, and executed in quick mode."""

import os
import re
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
SCRIPTS = sorted(FOLDER.glob("[0-9]*.py"))
NAMES = [script.stem for script in SCRIPTS]
SECONDS = 280  # of one cell; a notebook's own test ends it a little later


def written(name: str) -> nbformat.NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def cells(notebook: nbformat.NotebookNode) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def test_there_is_a_chapter_for_each_step():
    assert NAMES == [
        "00_quick_start",
        "01_data",
        "02_ranking",
        "03_retrieval",
        "04_tuning",
        "05_pipeline",
        "06_deploy",
        "07_your_own_data",
    ]
    assert [file.stem for file in sorted(FOLDER.glob("*.ipynb"))] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_notebook_and_script_say_the_same(name):
    assert cells(written(name)) == cells(jupytext.read(FOLDER / f"{name}.py")), "run: make notebooks-sync"


@pytest.mark.parametrize("name", NAMES)
def test_no_output_is_kept(name):
    code = [cell for cell in written(name).cells if cell.cell_type == "code"]

    assert len(code) > 5
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_begins_with_its_settings_and_ends_with_what_to_read_next(name):
    prose = [cell.source for cell in written(name).cells if cell.cell_type == "markdown"]

    assert prose[0].startswith("# ")
    assert prose[1].startswith("## Settings")
    last = prose[-1][prose[-1].index("## What to read next") :]
    links = re.findall(r"\]\((\S+?)\)", " ".join(prose))
    assert last
    assert all((FOLDER / link).exists() for link in links if not link.startswith("http"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Path:
    """What one chapter leaves, the next ones find: they are executed in order."""
    return tmp_path_factory.mktemp("notebooks") / "workspace"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", NAMES)
def test_the_notebook_runs(name, workspace, monkeypatch):
    monkeypatch.setenv("MARQUEE_NOTEBOOK_QUICK", "1")
    monkeypatch.setenv("MARQUEE_WORKSPACE", str(workspace))
    monkeypatch.setenv("MARQUEE_GROUPLENS_URL", "http://127.0.0.1:9/")
    # The kernel of this very environment, whatever others are registered.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    notebook = written(name)
    NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()

    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = {kind for output in outputs for kind in output.get("data", {})}
    assert "image/svg+xml" in shown  # it plots
    errors = [output.text for output in outputs if output.get("name") == "stderr"]
    assert errors == []  # no warning stands between a cell and what it shows
