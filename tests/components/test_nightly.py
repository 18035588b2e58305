"""A few nights of `benchmarks/nightly.py`: data grows, and every night's models are held against the last."""

import importlib.util
import re
from pathlib import Path

import pytest

from benchmarks.nightly import RankingTask, divided, in_order, nights
from benchmarks.ranking import read
from benchmarks.retrieval import taken

RANKING = {
    "model": {"kind": "mf", "dim": 4, "members": 2},
    "train": {"epochs": 4, "batch_size": 1000, "learning_rate": 0.03},
}
RETRIEVAL = {"model": {"kind": "ease"}, "train": {"epochs": 1}}


@pytest.fixture(scope="module")
def arriving():
    """MovieLens 100K as it might have come in by chance: its first 18,000 ratings."""
    recbole = Path(importlib.util.find_spec("recbole").origin).parent
    return taken(in_order(read(str(recbole / "dataset_example" / "ml-100k")), "chance"), range(18_000))


def test_night_after_night_models_are_compared_and_what_is_pushed_is_not_worse_on_test(arriving):
    found = nights(arriving, "hash", 2, 14_000, 2_000, RANKING, RETRIEVAL)

    assert [night["rows"] for night in found] == [14_000, 16_000, 18_000]
    assert found[0]["pushed"]
    for task in ("ranking", "retrieval"):
        later = [night[task] for night in found[1:]]
        assert not any("not compared" in each["reason"] for each in later)
        # By standard errors on rows that decided nothing: none was refused that is better, and none pushed
        # that is worse.
        assert all(each["test"]["z"] > -3 if each["blessed"] else each["test"]["z"] < 1 for each in later)


def test_a_split_that_is_drawn_anew_every_night_is_no_basis_for_a_comparison(arriving):
    last = nights(arriving, "random", 1, 16_000, 2_000, RANKING, RETRIEVAL)[-1]

    assert last["pushed"]
    for task in ("ranking", "retrieval"):
        reason = last[task]["reason"]
        known = re.search(r"not compared with the last blessed model, which was trained on (\d+) %", reason)
        assert known, reason
        assert (
            60 <= int(known[1]) <= 90
        )  # train was 80 % of 16,000 of the 18,000 rows that eval is drawn from


def test_an_equal_model_is_not_refused_by_the_shipped_bars_and_a_worse_one_is(arriving):
    parts = divided(arriving, "hash")
    task = RankingTask(RANKING)
    assert task.night(*parts)["blessed"]

    for seed in (1, 2):
        task.custom = {**RANKING, "train": {**RANKING["train"], "seed": seed}}
        equal = task.night(*parts)
        assert equal["blessed"], equal["reason"]
    task.custom = {**RANKING, "train": {**RANKING["train"], "epochs": 1, "learning_rate": 0.003}}
    worse = task.night(*parts)
    assert not worse["blessed"]
    assert "standard errors), worse than the last blessed model's" in worse["reason"]
