import json

import pytest

from pipeline.store.metadata.lineage import Artifact, Node
from pipeline.store.next_span import beyond_chance, headline, next_span, sentences
from serving.data_words import DataWords


def interval(value, low=None, high=None):
    return {"value": value, "low": low, "high": high}


def lists(recommender, recent, low, high, users=100):
    return {
        "users": users,
        "recommender": interval(recommender, 0.1, 0.3),
        "recent": interval(recent, 0.1, 0.3),
        "popularity": interval(0.1, 0.05, 0.15),
        "less_recent": interval(recommender - recent, low, high),
        "less_popularity": interval(recommender - 0.1, 0.02, 0.2),
    }


FOUND = {
    "made": True,
    "why_not": None,
    "share": 0.2,
    "moment": 889_000_000,
    "last": 893_000_000,
    "trained": {"ranking": {"kind": "mf", "epochs": 3}, "retrieval": {"kind": "two_tower", "epochs": 5}},
    "rows": {"train": 800, "judged": 200},
    "days": 30,
    "by_days": {"7": 0.2, "30": 0.21, "90": 0.2},
    "lists": {"known": lists(0.21, 0.2, -0.01, 0.03), "new": lists(0.3, 0.4, -0.13, -0.07, 9)},
    "ratings": {
        "rows": 200,
        "model": interval(0.95, 0.9, 1.0),
        "biases": interval(0.99, 0.95, 1.03),
        "mean": interval(1.1, 1.05, 1.15),
        "less_biases": interval(-0.08, -0.1, -0.06),
        "less_mean": interval(-0.3, -0.35, -0.25),
    },
}


@pytest.mark.parametrize(
    ("low", "high", "lower_is_better", "said"),
    [
        (0.01, 0.02, False, "better"),
        (-0.02, -0.01, False, "worse"),
        (-0.02, -0.01, True, "better"),
        (0.01, 0.02, True, "worse"),
        (-0.01, 0.02, False, "no difference beyond chance"),
        (0.0, 0.0, False, "no difference beyond chance"),
        (None, None, False, "one user only, so no interval"),
    ],
)
def test_better_and_worse_are_said_outside_the_interval_alone(low, high, lower_is_better, said):
    assert beyond_chance(interval(0.0, low, high), lower_is_better) == said


def test_the_headline_has_the_figure_what_it_is_compared_with_and_the_interval():
    assert headline(FOUND) == (
        "on the next span by time: recommended nDCG@10 0.2100, 1.05 x the popularity of the last 30 days "
        "(0.2000); difference -0.0100 to +0.0300: no difference beyond chance"
    )


def test_everything_else_is_told_after_it():
    assert list(sentences(FOUND))[1:] == [
        "2.10 x the popularity of all time (0.1000); difference +0.0200 to +0.2000: better; 100 users",
        "9 cold-start users: nDCG@10 0.3000, 0.75 x the recent popularity (0.4000); "
        "difference -0.1300 to -0.0700: worse",
        "ratings there: RMSE 0.9500, mean and biases 0.9900: better",
    ]


def test_users_are_called_as_the_data_calls_them():
    told = list(sentences(FOUND, DataWords(user="listener", users="listeners")))
    assert told[1].endswith("; 100 listeners")
    assert told[2].startswith("9 cold-start listeners: ")


def test_nobody_new_is_not_told_of_and_a_popularity_that_finds_nothing_divides_nothing():
    known = lists(0.21, 0.0, 0.1, 0.3)
    found = FOUND | {"lists": {"known": known, "new": None}}

    assert "the popularity of the last 30 days is 0.0000; difference +0.1000" in headline(found)
    assert len(list(sentences(found))) == 3


def test_why_it_was_not_made_is_said():
    found = {"made": False, "why_not": "the ratings have no times that differ"}

    assert list(sentences(found)) == [
        "not measured on the next span by time: the ratings have no times that differ"
    ]


def test_it_is_read_from_what_the_node_left(tmp_path):
    (tmp_path / "temporal.json").write_text(json.dumps(FOUND))
    node = Node("TemporalCheck", "done", 1.0, 0.0, {"check": Artifact(str(tmp_path), {})})

    assert next_span({"TemporalCheck": node}) == FOUND
    assert next_span({}) is None
