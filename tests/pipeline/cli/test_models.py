import json
import subprocess
import sys

import pytest

from marquee.errors import ConfigError
from pipeline.cli.kinds import TASKS, kinds, print_models, settings
from trainer.models.ranking.config import DcnConfig


def test_every_kind_of_every_task_has_a_line():
    found = kinds()
    assert {(row["task"], row["kind"]) for row in found} == {(t, k) for t, ks in TASKS.items() for k in ks}
    assert all(row["what"].endswith(".") for row in found)


def test_a_kinds_settings_have_defaults_that_build_it_and_say_what_they_are():
    [found] = settings("dcn")
    defaults = {field["name"]: field["default"] for field in found["fields"]}

    assert found["task"] == "ranking"
    assert DcnConfig.model_validate(defaults) == DcnConfig()
    for kind in (kind for configs in TASKS.values() for kind in configs):
        assert all(field["what"] for each in settings(kind) for field in each["fields"])


def test_json_is_what_was_found(capsys):
    print_models("dcn", as_json=True)
    assert json.loads(capsys.readouterr().out) == settings("dcn")


def test_an_unknown_kind_is_answered_with_those_there_are():
    with pytest.raises(ConfigError, match=r"'svd'[\s\S]*ranking: .*dcn"):
        settings("svd")


def test_the_command_lists_kinds_without_loading_tensorflow():
    code = "import sys; from pipeline.cli.app import app; app(['models'], standalone_mode=False)"
    code += "; print([m for m in ('tensorflow', 'keras', 'tfx') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert all(row["kind"] in out for row in kinds())
    assert out.splitlines()[-1] == "[]"
