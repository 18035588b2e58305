import sys
from types import SimpleNamespace

import pytest

from pipeline.cli.app import main


@pytest.fixture
def in_process(monkeypatch, capsys):
    """Calls the command line in this process; gives its exit status and what it wrote."""

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["marquee", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "100")
        monkeypatch.setattr("os._exit", sys.exit)  # which would end pytest
        try:
            status = main() or 0
        except SystemExit as ended:
            status = ended.code
        said = capsys.readouterr()
        return SimpleNamespace(status=status, out=said.out, err=said.err)

    return call
