import pytest

from pipeline.report.sections.verdict import banner
from pipeline.store.workspace import Workspace

BLESSED = {
    "blessed": True,
    "reasons": ["rmse 0.9 is within the bar of 1.2"],
    "pushed": "/w/serving_models/{a}/7",
    "push": {"outcome": "pushed", "version": 7, "by": "now", "when": 1.0},
}
NOT_BLESSED = {
    "blessed": False,
    "reasons": ["rmse 0.9500: 0.0500 up, worse than the last blessed model's 0.9000"],
    "pushed": None,
}


def test(rmse, ndcg, recall):
    mean = {"rmse": 1.1, "mae": 0.9}
    lists = {"retrieval": {"recall@100": recall}, "recommender": {"ndcg@10": ndcg}}
    popular = {"retrieval_popularity": {"ndcg@10": 0.1, "recall@100": 0.4}}
    return {"test": {"rows": 10, "rmse": rmse, "mae": 0.7}, "mean_rating_baseline": mean, **lists, **popular}


test.__test__ = False


@pytest.mark.parametrize(
    ("summary", "record", "states", "word", "sentence"),
    [
        (BLESSED, None, None, "Blessed and pushed", "Pushed as version 7 on 19"),
        (
            BLESSED | {"pushed": None, "push": {"outcome": "withdrawn", "version": 3, "by": "r1"}},
            None,
            None,
            "Blessed, not pushed",
            "Not pushed: these models were withdrawn by hand, as version 3, pushed by run r1.",
        ),
        (
            BLESSED | {"pushed": None, "push": {"outcome": "served", "version": 3, "by": "r1"}},
            None,
            None,
            "Blessed",
            "These models were already served as version 3, pushed by run r1.",
        ),
        (NOT_BLESSED, None, None, "Not blessed", "the served version stays the same"),
        (None, None, {"Transform": "done", "RankingTrainer": "failed"}, "Failed", "RankingTrainer failed"),
        (
            None,
            {"state": "failed", "failed_node": "Transform", "message": "no"},
            None,
            "Failed",
            "Transform failed",
        ),
        (None, {"state": "interrupted"}, {"RankingTuner": "cancelled"}, "Interrupted", "during RankingTuner"),
        (None, {"state": "running"}, {"Transform": "done"}, "Interrupted", "what was finished is kept"),
        (None, {"state": "running"}, {"RankingTuner": "running"}, "Interrupted", "during RankingTuner"),
        (None, {"state": "done"}, {"Transform": "done"}, "Partial run", "Transform was its last node"),
    ],
)
def test_a_run_is_summed_up_in_a_word_and_a_sentence(left, summary, record, states, word, sentence):
    found = banner(left(summary=summary, record=record, states=states or {"RunReport": "done"}))

    assert found.word == word
    assert sentence in found.sentence


def test_a_run_is_under_way_while_its_process_has_the_workspace(left, tmp_path):
    record = {"state": "running", "started": 5.0}
    with Workspace(tmp_path).lock():
        between = banner(left("now", record=record, states={"Transform": "done"}))
        during = banner(left("now", record=record, states={"Transform": "done", "RankingTuner": "running"}))

    assert (between.word, between.sentence) == ("Running", "The run is in progress.")
    assert (during.word, during.sentence) == ("Running", "RankingTuner is in progress.")


def test_numbers_stand_beside_a_baseline_and_the_last_blessed_run(left):
    ingest = {"rows": {"test": 10}}
    before = left("before", summary=BLESSED, test=test(0.95, 0.30, 0.6), ingest=ingest)
    now = left(summary=BLESSED, test=test(0.90, 0.25, 0.6), ingest=ingest, previous=before)

    rating, lists, retrieved, *_ = banner(now).facts

    assert (rating.value, rating.tone) == ("0.9000", "good")
    assert rating.note == "−0.0500 (better) since the last blessed run; baseline (mean rating): 1.1000"
    assert (lists.value, lists.tone) == ("0.2500", "bad")
    assert "−0.0500 (worse)" in lists.note
    assert (retrieved.tone, retrieved.note) == (
        "", "±0 (unchanged) since the last blessed run; baseline (most popular films): 0.4000",
    )  # fmt: skip


def test_numbers_on_other_test_rows_are_not_compared(left):
    before = left("before", summary=BLESSED, test=test(0.95, 0.3, 0.6), ingest={"rows": {}}, data="other")
    now = left(summary=BLESSED, test=test(0.90, 0.3, 0.6), ingest={"rows": {}}, previous=before)

    assert banner(now).facts[0].note == "baseline (mean rating): 1.1000"


def test_a_blessing_that_was_withheld_without_a_reason_does_not_pass_in_silence(left):
    silent = {"ranking": {"blessed": False, "reasons": BLESSED["reasons"], "missed": []}}
    found = banner(left(summary=BLESSED | {"blessed": False} | silent, states={"RunReport": "done"}))

    assert (found.reasons[-1].tone, found.reasons[-1].text) == (
        "bad", "ranking: its evaluator withheld the blessing although all bars are met.",
    )  # fmt: skip


def test_a_missed_bar_is_told_from_one_that_was_met(left):
    reasons = ["rmse 0.9 is within the bar of 1.2", "rmse 1.3 is over the bar of 1.2", "rmse: another eval"]
    summary = NOT_BLESSED | {"reasons": reasons, "missed": reasons[1:2], "not_compared": reasons[2:]}
    found = banner(left(summary=summary, states={"RunReport": "done"}))

    assert [note.tone for note in found.reasons] == ["good", "bad", "warn"]
