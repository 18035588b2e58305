"""What the report says of lists: as they were judged, on test, and on the next span by time."""

from pipeline.report.blocks import Notes, Table
from pipeline.report.quality.lists import lists
from pipeline.report.sections.attention import attention
from pipeline.report.sections.comparison import comparison
from pipeline.report.sections.verdict import banner
from pipeline.store.metadata.lineage import Artifact
from tests.pipeline.store.test_next_span import FOUND, interval

MEASURES = {"ndcg@10": 0.25, "recall@10": 0.2, "under_mean@10": 0.3, "coverage@10": 0.4}
ERRORS = {"ndcg@10": 0.01, "recall@10": 0.01, "under_mean@10": 0.02}
RECOMMENDED = {
    "candidate": MEASURES,
    "popularity": MEASURES | {"ndcg@10": 0.12},
    "baseline": MEASURES | {"ndcg@10": 0.26, "under_mean@10": 0.2},
    "standard_errors": {"candidate": ERRORS, "popularity": ERRORS, "baseline": ERRORS},
    "change": {
        "baseline": {
            "ndcg@10": {"mean": -0.01, "standard_error": 0.01},
            "under_mean@10": {"mean": 0.1, "standard_error": 0.01},
        }
    },
    "eval": {"users": 10, "under_mean": 0.45},
    "blessed": True,
    "reasons": [],
}
TEST = {
    "test": {"rows": 10, "rmse": 0.9, "mae": 0.7},
    "mean_rating_baseline": {"rmse": 1.1, "mae": 0.9},
    "retrieval": {"recall@100": 0.6},
    "recommender": {"ndcg@10": 0.2},
    "retrieval_popularity": {"ndcg@10": 0.1, "recall@100": 0.4},
}


def details(ndcg, low, high, less=None):
    both = {"recall@10": interval(0.1, 0.0, 0.2)}
    whole = {
        "users": 9,
        "recommender": {"ndcg@10": interval(ndcg, low, high), **both},
        "retrieval_popularity": {"ndcg@10": interval(0.1, 0.05, 0.15), **both},
    }
    catalogue = {"coverage@10": 0.5, "novelty@10": 2.0, "mean_popularity@10": 9.0, "gini@10": 0.5}
    shown = dict.fromkeys(("recommender", "retrieval_popularity"), catalogue)
    return {
        "lists": {
            "whole": whole, "slices": {}, "catalogue": shown, "chosen_popularity": 5.0,
            **({"less_popularity": {"recommender": less}} if less else {}),
        },
        "ratings": {"calibration": [], "slices": {}, "whole": {"rmse": 0.9, "low": 0.87, "high": 0.93}},
    }  # fmt: skip


def rows(section, part):
    [found] = [each for each in section.parts if each.title == part]
    return [list(map(_text, row)) for table in found.blocks if isinstance(table, Table) for row in table.rows]


def texts(section):
    return [
        note.text
        for part in section.parts
        for block in part.blocks
        if isinstance(block, Notes)
        for note in block.notes
    ]


def _text(cell):
    return getattr(cell, "text", cell)


def test_the_judged_lists_stand_beside_the_last_blessed_ones_with_their_errors(left):
    section = lists(left(recommended=RECOMMENDED))

    assert rows(section, "Recommender on eval")[0] == [
        "nDCG@10", "0.2500 ± 0.0100", "0.2600 ± 0.0100", "0.1200 ± 0.0100",
    ]  # fmt: skip
    assert rows(section, "Recommender on eval")[2][0] == "rating below the user's mean"
    assert "of all ratings in eval it is 45.0 %" in section.parts[0].lead


def test_lists_of_implicit_data_have_no_row_of_ratings(left):
    def without(found):
        return {name: value for name, value in found.items() if not name.startswith("under_mean")}

    recommended = {
        **RECOMMENDED,
        **{name: without(RECOMMENDED[name]) for name in ("candidate", "popularity", "baseline", "eval")},
    }
    section = lists(left(recommended=recommended))

    found = [row[0] for row in rows(section, "Recommender on eval")]
    assert found == ["nDCG@10", "recall@10", "catalogue coverage"]
    assert "mean" not in section.parts[0].lead


def test_a_recommender_is_compared_as_its_evaluator_compared_it(left):
    ours = Artifact("/m/2", {}, id=2)
    before = left("before", models={"recommender": Artifact("/m/1", {}, id=1, made_in="before")})
    now = left(recommended=RECOMMENDED, models={"recommender": ours}, previous=before)

    said = {row[0]: row[-1] for row in rows(comparison(now), "Measures")}
    assert said["recommender ndcg@10"] == "within noise (± 0.0200)"
    assert said["recommender under_mean@10"] == "worse"
    same = left("same", models={"recommender": ours})
    again = left("again", recommended=RECOMMENDED, models={"recommender": ours}, previous=same)
    assert any(
        text.startswith("The recommender model is the one of run") for text in texts(comparison(again))
    )


def test_the_next_span_by_time_has_a_part_a_fact_and_a_note_where_nothing_is_gained(left):
    sources = left(next_span=FOUND, test=TEST, details=details(0.2, 0.15, 0.25))
    found = rows(lists(sources), "On the next span by time")

    assert [row[0] for row in found[:3]] == [
        "recommender, 100 users with older ratings",
        "most popular in the last 30 days, 100 users with older ratings",
        "most popular of all time, 100 users with older ratings",
    ]
    assert found[1][-1] == "no difference beyond chance"
    assert found[2][-1] == "better"
    assert found[4][-1] == "worse"
    assert found[-1][-1] == "better"  # squared errors: lower
    [fact] = [fact for fact in banner(sources).facts if "next span" in fact.label]
    assert (fact.value, fact.tone) == ("0.2100", "")
    assert "most popular in the last 30 days): 0.2000" in fact.note
    notes = [text for text in texts(attention(sources)) if "next span" in text]
    assert notes == [
        "On the next span by time, nDCG@10 for users with older ratings is 0.2100, not clearly "
        "above the 0.2000 of the most popular films in the last 30 days.",
        "On the next span by time, nDCG@10 for cold-start users is 0.3000, worse than the 0.4000 of the "
        "most popular films in the last 30 days.",
    ]


def test_why_there_is_no_next_span_is_said(left):
    sources = left(next_span={"made": False, "why_not": "the ratings have no times that differ"})

    assert texts(lists(sources)) == [
        "Not measured on the next span by time: the ratings have no times that differ."
    ]


def test_times_popularity_on_test_come_with_the_difference_and_whether_it_is_chance(left):
    clear = lists(left("a", details=details(0.2, 0.15, 0.25, interval(0.1, 0.06, 0.14))))
    assert clear.lead == (
        "The recommender's nDCG@10 on test is 0.2000, 2.0 times the baseline, the most popular films "
        "(difference 0.0600 to 0.1400: better)."
    )
    chance = left("b", test=TEST, details=details(0.11, 0.12, 0.25, interval(0.01, -0.01, 0.03)))
    assert "no difference beyond chance" in lists(chance).lead
    assert any("not clearly above" in text for text in texts(attention(chance)))


def test_a_change_on_test_that_chance_explains_is_neither_better_nor_worse(left):
    ingest = {"rows": {}}
    before = left(
        "before", summary={"blessed": True}, test=TEST, ingest=ingest, details=details(0.2, 0.15, 0.25)
    )
    now = left(
        test=TEST | {"recommender": {"ndcg@10": 0.24}, "test": {"rows": 10, "rmse": 0.8, "mae": 0.7}},
        ingest=ingest,
        details=details(0.24, 0.19, 0.29),
        previous=before,
    )
    rating, recommended, *_ = banner(now).facts

    assert rating.note.startswith("−0.1000 (better)")
    assert recommended.tone == ""
    assert recommended.note.startswith("+0.0400 (within noise, ± 0.0707)")
