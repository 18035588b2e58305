from pathlib import Path

from pipeline.config.reference import fields_at, markdown, reference
from pipeline.config.schema import RunConfig

ROOT = Path(__file__).resolve().parents[3]


def test_the_committed_reference_is_what_the_models_say():
    assert markdown(RunConfig) in (ROOT / "docs" / "configuration.md").read_text()


def test_every_key_says_what_it_is():
    assert [path for path, _, text in reference(RunConfig) if not text] == []


def test_the_keys_beside_an_unknown_one_are_found_inside_a_union():
    assert fields_at(RunConfig, ("data", "split", "temporal")) == ["eval", "kind", "test"]
    assert fields_at(RunConfig, ("push",)) == ["keep"]
