"""What the pages tell a reader to type is what the code understands."""

import ast
import importlib.util
import re
import shlex

import pytest
import typer
import yaml

from marquee.errors import ConfigError
from pipeline.cli.app import app
from pipeline.config.load import CONFIGS, load_config
from pipeline.config.reference import fields_at
from pipeline.config.schema import RunConfig
from tests.docs.pages import ROOT, calls, fenced, inline

GROUP = typer.main.get_command(app)
SECTIONS = fields_at(RunConfig, ())
#: Shown for what is said of them.
MISTAKES = {"ranking.train.epoch"}
OPEN = re.compile(r"…|[A-Z]{3,}|\bFILE\b")  # left to the reader: `marquee models KIND`


def parsed(call: str) -> dict:
    """The parameters of a call, by name; raises what typer raises for a wrong one."""
    name, *arguments = shlex.split(call, comments=True)
    parent = GROUP.context_class(GROUP, info_name="marquee")
    with GROUP.commands[name].make_context(name, arguments, parent=parent) as context:
        params = dict(context.params)
        if name == "schedule":
            with GROUP.commands["run"].make_context("run", list(context.args), parent=parent) as run:
                params |= {key: run.params[key] for key in ("config", "set_")}
    return params


FENCED = sorted({(code.page.relative_to(ROOT).as_posix(), call) for code in fenced() for call in calls(code)})
INLINE = sorted({(code.page.relative_to(ROOT).as_posix(), call) for code in inline() for call in calls(code)})


def test_there_are_commands_to_check():
    assert len(FENCED) > 40
    assert len(INLINE) > 10


@pytest.mark.parametrize(("page", "call"), FENCED)
def test_a_command_in_a_block_is_one(page, call):
    if OPEN.search(call):
        named_options_exist(call)
        return
    params = parsed(call)
    overrides = [each for each in params.get("set_") or [] if not any(m in each for m in MISTAKES)]
    config = params.get("config") or "ml-100k"
    if config in {file.stem for file in CONFIGS.glob("*.yaml")}:
        load_config(config, overrides, data__path=str(params["data"]) if params.get("data") else None)


@pytest.mark.parametrize(("page", "call"), INLINE)
def test_a_command_in_the_text_is_one(page, call):
    named_options_exist(call)


def named_options_exist(call: str) -> None:
    name, *rest = shlex.split(call)
    assert name in GROUP.commands, f"marquee {name}"
    known = {option for each in (name, "run") for p in GROUP.commands[each].params for option in p.opts}
    for word in rest:
        if word.startswith("-") and word not in ("--help",):
            assert word.split("=")[0] in known, f"marquee {name} {word}"


def test_a_key_that_is_named_is_a_key_of_the_configuration():
    dotted = re.compile(rf"(?:--set )?'?((?:{'|'.join(SECTIONS)})(?:\.[a-z_0-9]+)+)(?:[=:].*)?'?$", re.DOTALL)
    unknown = []
    for code in inline():
        found = dotted.match(code.text)
        if found and not is_key(found[1]) and found[1] not in MISTAKES and not is_file(found[1]):
            unknown.append((code.page.name, found[1]))
    assert unknown == []


def is_key(path: str) -> bool:
    *parents, last = path.split(".")
    return last in fields_at(RunConfig, tuple(parents)) or parents[-1] == "tasks"


def is_file(path: str) -> bool:
    return path.rsplit(".", 1)[-1] in ("yaml", "json", "csv", "db", "tflite", "py")


def test_values_that_are_set_in_the_text_are_allowed():
    for code in inline():
        for key, value in re.findall(r"^--set ([\w.]+)=(.+)$", code.text):
            if key not in MISTAKES and not OPEN.search(value):
                load_config("ml-100k", [f"{key}={value.strip(chr(39))}"])


def test_a_yaml_block_is_a_configuration():
    blocks = [yaml.safe_load(code.text) for code in fenced() if code.language == "yaml"]
    assert len(blocks) >= 4
    for block in blocks:
        assert set(block) <= set(SECTIONS)
        load_config("ml-100k", [f"{path}={yaml.safe_dump(value)}" for path, value in _leaves(block)])


def _leaves(block: dict, prefix: str = ""):
    for key, value in block.items():
        if isinstance(value, dict) and set(value) <= set(fields_at(RunConfig, (*_parts(prefix), key))):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _parts(prefix: str) -> tuple[str, ...]:
    return tuple(part for part in prefix.split(".") if part)


def test_a_python_block_is_python_and_imports_what_is_there():
    for code in fenced():
        if code.language == "python":
            for node in ast.walk(ast.parse(code.text)):
                if isinstance(node, ast.ImportFrom):
                    assert importlib.util.find_spec(node.module), f"{code.page.name}: {node.module}"


def test_a_misspelt_command_would_be_found():
    with pytest.raises(Exception, match="No such option"):
        parsed("run --confg ml-1m")
    with pytest.raises(ConfigError):
        load_config("ml-100k", ["ranking.train.epoch=3"])
