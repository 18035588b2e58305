"""Whatever is in a file, an inspection proposes or says what is wrong; it never fails otherwise."""

import contextlib
import json

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from marquee.errors import MarqueeError
from pipeline.config.load import check_config
from pipeline.inspection.propose import propose
from pipeline.inspection.writing.rows import rows_as_read
from pipeline.inspection.writing.yaml_text import configuration

ANYTHING = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
CELL = st.one_of(
    st.text(max_size=12),
    st.integers(-5, 10**13).map(str),
    st.sampled_from(
        ["", "user", "item", "rating", "view", "2024-01-01", "a|b", "1,5", "nan", '"', "NULL", "[1, 2]"]
    ),
)


def _inspected(folder):
    with contextlib.suppress(MarqueeError):
        proposal = propose(folder)
        list(rows_as_read(proposal))
        text = configuration(proposal, "mine", "mine.pbtxt")
        config = check_config(yaml.safe_load(text), "mine.yaml")
        assert config.data.described == proposal.described


@ANYTHING
@given(st.binary(max_size=400))
def test_any_bytes(tmp_path, content):
    (tmp_path / "data.csv").write_bytes(content)
    _inspected(tmp_path)


@ANYTHING
@example([["USER", "\x1b\n0", "00"], ["", "0"]], ",")  # a cell that YAML's comments may not hold
@given(st.lists(st.lists(CELL, max_size=5), max_size=12), st.sampled_from([",", "\t", ";", "|", "::", " "]))
def test_any_cells(tmp_path, rows, separator):
    (tmp_path / "data.csv").write_text("\n".join(separator.join(row) for row in rows), "utf-8", "replace")
    _inspected(tmp_path)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_KEYS = st.sampled_from(["user", "item", "rating", "tags", "x"])


@ANYTHING
@given(st.lists(st.dictionaries(_KEYS, _JSON, min_size=1), min_size=1, max_size=8), st.booleans())
def test_any_json(tmp_path, rows, lines):
    text = (
        "\n".join(map(json.dumps, rows)) if lines else json.dumps({str(n): row for n, row in enumerate(rows)})
    )
    (tmp_path / "data.json").write_text(text)
    _inspected(tmp_path)
