"""Try it speaks of artists where the model was trained on artists."""

import re

import pytest

from tests.pipeline.ui.test_app import Reader
from tests.serving.tiny_recommender import export_tiny

ARTISTS = {"nouns": {"user": "listener", "item": "artist"}, "feedback": "implicit", "grouping": "tags"}


@pytest.fixture(scope="module")
def artists(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    export_tiny(models, description=ARTISTS)
    client = Reader(models.parent / "none", models)
    while 'id="ask"' not in client.get("/try").text:
        pass
    return client


def visible(html):
    return re.sub(r"<[^>]*>|Star Wars", " ", html[html.index("<main") :])


def test_every_word_of_the_page_is_the_datas(artists):
    for query, said in (
        ("", "Pick a listener, or type one or two artists that you like."),
        ("user=u1", "For listener u1"),
        ("user=u1", "580 interactions"),
        ("user=nobody", "nobody is a cold-start listener for this version: these are popular artists."),
        ("user=u2", "Nothing is left to recommend, unless artists that the listener knows are included."),
        ("like=the+matrix", "No artist is called the matrix."),
        ("like=Alien+(1979)", "For a new listener who likes Alien (1979)"),
        ("user=u1&like=Alien", "Give either a listener or artists that a new listener likes, not both."),
    ):
        page = visible(artists.get(f"/try?{query}").text)
        assert said in page, said
        assert (
            re.findall(r".*\b(?:films?|movies?|genres?|users?|stars?|ratings?)\b.*", page, re.IGNORECASE)
            == []
        )
    assert "5 artists are too many" in artists.get("/try?like=a&like=b&like=c&like=d&like=e").text
