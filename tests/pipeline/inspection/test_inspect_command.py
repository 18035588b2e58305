"""`marquee inspect` on a terminal."""

import re

import pytest
from typer.testing import CliRunner

from pipeline.cli import app as program
from tests.pipeline.inspection.shops import shop, write


@pytest.fixture
def said(tmp_path, monkeypatch):
    """What the command prints at 80 columns, in a folder of its own; the schema is not inferred."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("pipeline.inspection.inspect.inferred_schema", lambda proposal: "")

    def say(*arguments):
        return CliRunner().invoke(program.app, ["inspect", *map(str, arguments)])

    return say


def test_what_a_shops_owner_reads(said, tmp_path):
    shop(tmp_path / "shop")

    output = re.sub(" +$", "", said("shop").output, flags=re.M)

    assert re.search(r"^interactions +events.csv +CSV, a header; 400 rows$", output, re.M)
    assert re.search(r"^  user +user +40 users \(by its name\)$", output, re.M)
    assert re.search(r"^items +products.jsonl +JSON Lines; 70 rows$", output, re.M)
    assert re.search(r"^  category +country +3 words: ", output, re.M)
    assert re.search(r"^  product +B-", output, re.M)
    assert "the events' weights are guesses" in output
    assert "wrote mine.yaml and mine.pbtxt" in output
    assert output.endswith("next: marquee run --config mine.yaml\n")
    assert max(map(len, output.splitlines())) <= 80
    assert "path: shop " in (tmp_path / "mine.yaml").read_text()
    assert "{schema: mine.pbtxt}" in (tmp_path / "mine.yaml").read_text()


def test_a_workspace_that_is_there_is_another_data_sets(said, tmp_path):
    shop(tmp_path / "shop")
    (tmp_path / "workspace").mkdir()

    assert said("shop", "--out", "soap.yaml").output.endswith("run --config soap.yaml --workspace soap\n")


def test_a_mistake_is_an_error_without_a_traceback(said, tmp_path):
    write(tmp_path / "weather.csv", [("Rome", 3.5), ("Oslo", 1.25)], "city,temperature")

    answer = said("weather.csv")

    assert answer.exit_code == 1
    assert type(answer.exception).__name__ == "DataError"
    assert not (tmp_path / "mine.yaml").exists()
