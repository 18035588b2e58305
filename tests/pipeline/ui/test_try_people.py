"""Try it asks for what a new user says of themselves, where the recommender knows users by features."""

import re

import pytest

from tests.pipeline.ui.test_app import Reader
from tests.serving.tiny_recommender import export_tiny


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    export_tiny(models, of_users=True)
    client = Reader(models.parent / "none", models)
    while 'id="ask"' not in client.get("/try").text:
        pass
    return client


def titles(html):
    return re.findall(r'<span class="title">([^<]+)</span>', html)


def test_the_form_has_a_field_for_each_feature(reader):
    html = reader.get("/try").text
    assert re.findall(r'name="feature:(\w+)"', html) == ["age", "country", "hobbies", "joined"]
    assert '<option value="FR">' in html
    assert 'placeholder="7 to 73"' in html


def test_what_is_said_counts_beside_a_history_or_alone(reader):
    html = reader.get("/try?feature:age=7&feature:country=").text
    assert "For a new user of age=7" in html
    assert titles(html)[0] == "Toy Story"  # for children
    assert 'name="feature:age" value="7"' in html
    both = reader.get("/try?feature:country=US&like=Toy+Story+(1995)").text
    assert "For a new user of country=US who likes Toy Story (1995)" in both


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("feature:country=IT", "train has no country &#34;IT&#34;"),
        ("feature:city=Rome", "there is no feature of users called city"),
        ("user=u1&feature:age=7", "Give either a user or features of a new one, not both."),
    ],
)
def test_what_cannot_be_asked_is_said(reader, query, said):
    assert said in reader.get(f"/try?{query}").text
