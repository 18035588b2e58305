"""The chapters about the pipeline and what it serves, executed on the workspace of a finished run."""

import pytest

from .execution import OF_THE_PIPELINE, copy_of, execute


@pytest.fixture(scope="module")
def workspace(finished, tmp_path_factory):
    marquee, _ = finished
    return copy_of(marquee.workspace, tmp_path_factory.mktemp("notebooks"))


@pytest.mark.parametrize("name", OF_THE_PIPELINE)
def test_the_notebook_runs(name, workspace, monkeypatch):
    execute(name, workspace, monkeypatch)
