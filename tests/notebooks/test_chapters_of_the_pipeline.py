"""The chapters about the pipeline and what it serves, executed on the workspace of a finished run."""

import shutil

import pytest

from .execution import OF_THE_PIPELINE, execute


@pytest.fixture(scope="module")
def workspace(finished, tmp_path_factory):
    marquee, _ = finished
    copy = tmp_path_factory.mktemp("notebooks") / "workspace"  # which chapters write to
    return shutil.copytree(marquee.workspace, copy)


LONG = ("05_pipeline", "07_your_own_data")  # each makes runs of its own


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in OF_THE_PIPELINE]
)
def test_the_notebook_runs(name, workspace, monkeypatch):
    execute(name, workspace, monkeypatch)
