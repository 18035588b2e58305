"""A report speaks of the data's own nouns, and of films only where the data are films."""

import json
import re
from dataclasses import replace

import pytest

from pipeline.report.names import group, heading
from pipeline.report.report import page
from pipeline.report.sections.data import data
from pipeline.report.sections.verdict import banner
from pipeline.store.data_words import recorded, words_of
from tests.pipeline.report.degenerate import ONE_EACH, artifacts
from trainer.data.description import Categories, Category, Description, Nouns, Number

ARTISTS = Description(
    feedback="implicit",
    nouns=Nouns(user="listener", item="artist"),
    user_features={"country": Category(), "age": Number(name="listener_age"), "plan": Category()},
    item_features={"label": Category(), "tags": Categories(name="artist_tags"), "debut_year": Number()},
)
#: Three listeners of twelve artists, each with a strength of its own.
PLAYS = tuple(
    [(f"u{user}", str((user * 5 + step) % 12), float(2**step), 1000 * step) for user in range(3)
     for step in steps]
    for steps in (range(8), range(8, 10), range(10, 12))
)  # fmt: skip
PLACES = [
    {
        "title": f"Band {number}",
        "genres": ["rock", "jazz"][: number % 3],
        "ratings": 9 - number,
        "x": 0.1,
        "y": 0.1,
    }
    for number in range(3)
]
MODELS = ("recommender", "recent", "popularity")
NEXT = {
    "made": True, "moment": 1.0, "days": 30, "share": 0.2, "rows": {"train": 80},
    "trained": {"ranking": {"kind": "mf", "epochs": 3}},
    "lists": {
        "known": {
            "users": 100,
            **{key: {"value": 0.2, "low": 0.1, "high": 0.3} for key in MODELS},
            **{key: {"value": 0.0, "low": -0.1, "high": 0.1} for key in ("less_recent", "less_popularity")},
        },
        "new": None,
    },
    "ratings": {
        "rows": 50,
        **{name: {"value": 0.9, "low": 0.8, "high": 1.0} for name in ("model", "biases", "mean")},
        **{name: {"value": 0.0, "low": -0.1, "high": 0.1} for name in ("less_biases", "less_mean")},
    },
}  # fmt: skip


def described(description, tables=PLAYS):
    """Artifacts of a run on data with this description."""
    found = artifacts(tables, 3.0, 1.0)
    found["ingest"] |= {"notes": []} | description.model_dump(mode="json")
    found["details"]["map"] = PLACES
    found["details"]["latency"] = {
        "p50_ms": 1.0, "p95_ms": 2.0, "p99_ms": 3.0, "calls": 9, "edges": [0.0, 1.0, 2.0], "counts": [5, 4],
        "batches": [{"users": 8, "ms": 2.0, "users_per_second": 4000.0}], "cores": 2,
    }  # fmt: skip
    return {**found, "next_span": NEXT}


def spoken(html):
    """The words of the page, the charts' among them, but no style, script or name of an attribute."""
    html = re.sub(r"<style>.*?</style>|<script>.*?</script>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html)


def plain(sources):
    """The sources, of a pipeline whose name is not the `films` of `conftest.left`."""
    return replace(sources, run=replace(sources.run, pipeline="taste"))


def found(words, html):
    """Where the text, or the name of an anchor, has one of the words."""
    return re.findall(rf".{{,30}}\b(?:{words})\b.{{,30}}", re.sub(r' class="[^"]*"', "", html), re.IGNORECASE)


def test_the_report_of_artists_and_listeners_names_them_and_no_film(left):
    html = spoken(page(plain(left(**described(ARTISTS))), vega=""))

    assert "could not be made" not in html
    for said in (
        "Map of artists",
        "the 3 most popular artists: artists that the same listeners like lie close together",
        "Example listeners",
        "Listener u0",
        "light listeners",
        "all listeners",
        "Artists in train",
        "Artist popularity",
        "36 interactions, split: ",
        "Chances",
        "Distribution of interactions",
        "most popular artists",
        "one listener, ten artists, in process",
        "among all artists, with 95 % intervals",
    ):
        assert said in html, said
    assert found(r"films?|movies?|genres?", html) == []
    assert found(r"users?|stars?", re.sub(r'<script type="application/json".*?</script>', " ", html)) == []


def test_the_report_of_movielens_says_film_whether_or_not_the_run_recorded_it(left):
    for place, description in enumerate([recorded(None), None]):
        found = described(recorded(None))
        if description is None:
            for key in Description.model_fields:
                found["ingest"].pop(key)
        html = spoken(page(left(run_id=f"run{place}", data=f"data{place}", **found), vega=""))

        for said in (
            "Map of films",
            "Example users",
            "Films in train",
            "Genres in train",
            "most popular films",
        ):
            assert said in html, said


def test_items_are_coloured_by_their_first_categories_and_by_nothing_without_any(left):
    html = page(left(**described(ARTISTS)), vega="")
    assert '{"title":"Band 2","ratings":7,"x":0.1,"y":0.1,"group":' in html
    assert '<th scope="col">tags</th>' in html
    bare = ARTISTS.model_copy(update={"item_features": {}})
    html = page(left(run_id="bare", data="bare", **described(bare)), vega="")
    assert "tags" not in html
    assert "rock" not in spoken(
        re.sub(r'<script type="application/json".*?</script>', "", html, flags=re.DOTALL)
    )


def test_strengths_over_many_values_are_drawn_in_ranges_that_double(left):
    counts = {str(value): 1 for value in range(1, 201)}
    found = {
        "data": {
            "stars": {"train": counts, "test": {"200": 2}}, "genres": [],
            "activity": [], "popularity": [], "splits": {}, "users": 1, "items": 1, "density": 1.0,
            "concentration": {"users": 1.0, "items": 1.0}, "time": {},
        }
    }  # fmt: skip
    section = data(
        left(ingest=artifacts(ONE_EACH, 1.0, 1.0)["ingest"] | ARTISTS.model_dump(mode="json"), details=found)
    )
    [chart] = [
        block for part in section.parts for block in part.blocks
        if getattr(block, "title", "") == "Distribution of interactions"
    ]  # fmt: skip
    assert [row[:2] for row in chart.table.rows] == [
        ["1 to 2", "1"], ["2 to 4", "2"], ["4 to 8", "4"], ["8 to 16", "8"], ["16 to 32", "16"],
        ["32 to 64", "32"], ["64 to 128", "64"], ["128 to 256", "73"],
    ]  # fmt: skip
    assert chart.says == "The most frequent strength is 128 to 256: 36.5 % of train."


@pytest.mark.parametrize(
    ("feature", "value", "said"),
    [
        ("activity", "heavy", "heavy listeners"),
        ("item_popularity", "hits", "most popular artists"),
        ("country", "DE", "country DE"),
        ("country", "unknown", "country unknown"),
        ("listener_age", "18-24", "ages 18-24"),
        ("artist_tags", "rock", "rock artists"),
        ("label", "Sub Pop", "label Sub Pop"),
        ("debut_year", "1990 to 1994", "debut year 1990 to 1994"),
        ("plan", "F", "plan F"),
    ],
)
def test_groups_are_named_by_the_declared_features(feature, value, said):
    assert group(feature, value, ARTISTS) == said


@pytest.mark.parametrize(
    ("feature", "value", "said"),
    [
        ("user_gender", "F", "women"),
        ("gender", "unknown", "gender unknown"),
        ("age_group", "18-24", "ages 18-24"),
        ("raw_user_age", "56 and over", "ages 56 and over"),
        ("movie_genres", "Drama", "Drama films"),
        ("genre", "Drama", "Drama films"),
        ("item_popularity", "long tail", "long-tail films"),
    ],
)
def test_groups_of_movielens_are_named_as_ever(feature, value, said):
    assert group(feature, value, recorded(None)) == said
    assert heading("item_popularity", recorded(None)) == "Film popularity"


def test_the_words_follow_the_feedback_and_irregular_plurals():
    words = words_of(Description(nouns=Nouns(user="child", users="children", item="story", items="stories")))
    assert (words.users, words.popular, words.ratings, words.value) == (
        "children", "most popular stories", "ratings", "rating",
    )  # fmt: skip
    assert words_of(ARTISTS).grouping == "tags"
    assert words_of(ARTISTS).ratings == "interactions"


def test_the_banner_names_the_baseline_by_the_noun(left):
    facts = banner(left(**described(ARTISTS))).facts
    assert any("baseline (most popular artists)" in fact.note for fact in facts)


def test_a_description_of_a_later_version_keeps_its_nouns():
    later = json.loads(ARTISTS.model_dump_json()) | {"item_features": {"cover": {"type": "image"}}}
    assert words_of(recorded(later)).items == "artists"
