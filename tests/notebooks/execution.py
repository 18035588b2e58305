"""A notebook, executed in quick mode."""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
OF_MODELS = ("01_data", "02_ranking", "03_retrieval", "04_tuning")
OF_THE_PIPELINE = ("00_quick_start", "05_pipeline", "06_deploy", "07_your_own_data")
SECONDS = 280  # of one cell; a notebook's own test ends it a little later


def execute(name: str, workspace: Path, monkeypatch) -> None:
    """Asserts that a chapter runs, plots, and lets no warning stand between a cell and what it shows.

    Args:
        name: of the notebook, without its suffix.
        workspace: where it writes; may hold a finished run of `smoke`.
        monkeypatch: pytest's, for the variables of the kernel.
    """
    monkeypatch.setenv("MARQUEE_NOTEBOOK_QUICK", "1")
    monkeypatch.setenv("MARQUEE_WORKSPACE", str(workspace))
    monkeypatch.setenv("MARQUEE_GROUPLENS_URL", "http://127.0.0.1:9/")
    # The kernel of this very environment, whatever others are registered.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()

    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = {kind for output in outputs for kind in output.get("data", {})}
    assert "image/svg+xml" in shown
    errors = [output.text for output in outputs if output.get("name") == "stderr"]
    assert errors == []
