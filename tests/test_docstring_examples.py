"""Docstrings' examples: they run, and whatever docs/parity.md gives to model authors has one."""

import doctest
from importlib import import_module
from io import StringIO
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.test_parity import CATALOGUE, ROWS

ROOT = Path(__file__).parent.parent
PACKAGES = ("marquee", "serving", "pipeline", "trainer", "tuner", "components")
MODULES = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in PACKAGES
    for file in sorted((ROOT / package).rglob("*.py"))
    if ">>>" in file.read_text(encoding="utf-8")
]
#: What examples use without importing it, beside their own module's names.
KNOWN = {"np": np, "tf": tf, "keras": keras, "catalogue": CATALOGUE}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
#: Keras's own are not for us to document.
OURS = sorted({where for _, where in ROWS if where.startswith("trainer.")})


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name):
    said, runner = StringIO(), doctest.DocTestRunner(optionflags=OPTIONS)
    for test in doctest.DocTestFinder(exclude_empty=True).find(import_module(name), extraglobs=KNOWN):
        runner.run(test, out=said.write)
    assert runner.tries, "No docstring holds the module's `>>>`."
    assert not runner.failures, said.getvalue()


@pytest.mark.parametrize("where", OURS)
def test_what_model_authors_use_has_an_example(where):
    module, name = where.rsplit(".", 1)
    section = (getattr(import_module(module), name).__doc__ or "").partition("Examples:\n")[2]
    examples = doctest.DocTestParser().get_examples(section)
    assert any(doctest.SKIP not in each.options for each in examples), f"{where} has no example that runs."
