"""The notebooks: paired with their scripts, and without outputs."""

import re

import jupytext
import nbformat
import pytest

from .execution import FOLDER, OF_MODELS, OF_THE_PIPELINE

SCRIPTS = sorted(FOLDER.glob("[0-9]*.py"))
NAMES = [script.stem for script in SCRIPTS]


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
    assert sorted((*OF_MODELS, *OF_THE_PIPELINE)) == NAMES  # each is executed


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
