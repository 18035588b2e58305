"""The chapters about data and models, executed: they need no run of the pipeline."""

import pytest

from .execution import OF_MODELS, execute


@pytest.mark.parametrize("name", OF_MODELS)
def test_the_notebook_runs(name, tmp_path, monkeypatch):
    execute(name, tmp_path / "workspace", monkeypatch)
