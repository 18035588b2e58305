"""Advice that is printed can be followed: commands, options and keys that are named in it exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from pipeline.cli.app import app
from pipeline.cli.run import _whole_keys
from pipeline.config.reference import reference
from pipeline.config.schema import RunConfig

ROOT = Path(__file__).resolve().parents[2]
#: Of other programs, in advice on how to call them.
FOREIGN = {"--reload_interval", "--runner", "--setup_file", "--extra_package", "--user", "--host"}


def texts() -> Iterator[tuple[str, str]]:
    """(where, text) of every string in the packages that is no docstring; what is filled in is `X`."""
    for package in ("marquee", "pipeline", "components", "trainer", "tuner", "serving"):
        for file in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            skipped = set()
            for node in ast.walk(tree):
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                    skipped.add(node.value)  # a docstring
                if isinstance(node, ast.JoinedStr):
                    skipped |= {part for part in ast.walk(node) if part is not node}
                    filled = (str(p.value) if isinstance(p, ast.Constant) else "X" for p in node.values)
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", "".join(filled)
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skipped:
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", node.value


@pytest.fixture(scope="module")
def commands():
    """By name, the options of each command."""
    found = typer.main.get_command(app).commands
    return {name: {option for param in each.params for option in param.opts} for name, each in found.items()}


def test_the_commands_and_options_that_advice_names_exist(commands):
    wrong = []
    for where, text in texts():
        for command, rest in re.findall(r"\bmarquee ([a-z]+)((?: +(?:--?[a-z][\w-]*|[A-Z]+|X))*)", text):
            if command not in commands:
                wrong.append(f"{where}: marquee {command}")
                continue
            known = commands[command] | (commands["run"] if command == "schedule" else set())
            wrong += [
                f"{where}: marquee {command} {o}"
                for o in re.findall(r"--[a-z][\w-]*", rest)
                if o not in known
            ]
    assert not wrong


def test_the_keys_that_advice_sets_exist():
    paths = {path for path, _, _ in reference(RunConfig)}
    known = paths | {path.rsplit(".", n)[0] for path in paths for n in range(1, path.count(".") + 1)}
    wrong = [
        f"{where}: --set {key}"
        for where, text in texts()
        for key in re.findall(r"--set '?([a-z_]+(?:\.[a-zA-Z_]+)+)=", text)
        if key not in known and not re.search(r"\.[A-Z]+$", key)
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("text", "node", "whole"),
    [
        ("Lower train.learning_rate, or set train.precision", "RankingTrainer",
         "Lower ranking.train.learning_rate, or set ranking.train.precision"),
        ("Lower model.min_rating.", "RetrievalTuner", "Lower retrieval.model.min_rating."),
        ("Set retrieval.model.loss=sampled", "RetrievalTrainer", "Set retrieval.model.loss=sampled"),
        ("Lower train.learning_rate", "Transform", "Lower train.learning_rate"),
        ("see my-train.csv", "RankingTrainer", "see my-train.csv"),
    ],
)  # fmt: skip
def test_a_key_is_named_as_set_takes_it(text, node, whole):
    assert _whole_keys(text, node) == whole
