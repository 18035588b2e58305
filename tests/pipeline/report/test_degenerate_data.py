"""A report never crashes and never costs the page, whatever the data were."""

import logging
import math

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.report import report
from pipeline.report.quality.lists import lists
from pipeline.report.report import SECTIONS, page
from pipeline.report.sections.data import data
from pipeline.report.sections.verdict import banner
from pipeline.report.words import NOTHING, day, duration, interval, moment, number, share, signed
from tests.pipeline.report.degenerate import ALL_EQUAL, ONE_EACH, TABLES, artifacts

SORRY = "could not be made"
ANY = st.one_of(st.sampled_from([0.0, 4.0, -1e30, math.nan, math.inf]), st.floats(-10, 10))


def every_section(sources):
    banner(sources)
    for make in SECTIONS:
        make(sources)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables=TABLES, predicted=ANY, scored=ANY)
@example(tables=ALL_EQUAL, predicted=4.0, scored=0.0)
@example(tables=ONE_EACH, predicted=4.0, scored=0.0)
@example(tables=(ALL_EQUAL[0], ONE_EACH[0], ONE_EACH[0]), predicted=math.nan, scored=1.0)
def test_no_section_fails_on_data_that_says_little(left, tables, predicted, scored):
    every_section(left(run_id="now", **artifacts(tables, predicted, scored)))


def test_what_is_left_of_a_run_may_be_any_part_of_it(left):
    whole = artifacts(ALL_EQUAL, 4.0, 1.0)
    for name in whole:
        every_section(left(run_id=f"no-{name}", **{key: each for key, each in whole.items() if key != name}))


def test_the_page_of_a_run_on_equal_ratings_is_whole(left):
    html = page(left(**artifacts(ALL_EQUAL, 4.0, 0.0)), vega="")
    assert SORRY not in html
    assert "NaN" not in html


def test_a_section_that_fails_is_a_sentence_in_the_page_and_its_cause_in_the_log(left, monkeypatch, caplog):
    def nodes(sources):
        raise KeyError("lost")

    monkeypatch.setattr(report, "SECTIONS", (data, nodes, lists))
    with caplog.at_level(logging.ERROR):
        html = page(left(ingest=artifacts(ALL_EQUAL, 4.0, 1.0)["ingest"]), vega="")
    assert "This section could not be made: KeyError: &#39;lost&#39;" in html
    assert "9 ratings, split: " in html
    assert caplog.records[0].exc_info[0] is KeyError


def test_a_section_that_cannot_be_drawn_is_a_sentence_too(left):
    html = page(left(details={"users": [{"shown": [], "user": "a"}]}), vega="")
    assert SORRY in html
    assert 'id="repeat"' in html


def test_a_banner_that_fails_does_not_cost_the_page(left):
    html = page(left(summary={"blessed": True}), vega="")
    assert "The outcome could not be summarized: KeyError: &#39;" in html


@pytest.mark.parametrize("seconds", [10**12 * 1000, -(10**15), math.inf, math.nan, None])
def test_a_time_that_no_calendar_has_is_said_in_words(seconds):
    for said in (day(seconds), moment(seconds)):
        assert said in ("after year 9999", "before year 1", NOTHING)


@pytest.mark.parametrize("words", [number, share, signed, duration, lambda value: interval(value, value)])
@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_nothing(words, value):
    assert words(value) == NOTHING
