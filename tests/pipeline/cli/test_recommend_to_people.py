"""`marquee recommend --user-feature`: for somebody who is no user yet and says something of themselves."""

import json

import pytest

from serving.server.config import ServerConfig
from serving.server.server import EmbeddedServer
from tests.serving.tiny_recommender import export_tiny


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    export_tiny(folder, of_users=True)
    with EmbeddedServer(folder, ServerConfig(rest_port=0, grpc_port=0)) as running:
        yield running.rest_url


@pytest.fixture
def marquee(server, in_process):
    """Calls `marquee recommend`; gives its exit status and what it wrote."""

    def call(*arguments, at=server):
        return in_process("recommend", "--server", at, *arguments)

    return call


def titles(answer):
    return [film["movie_title"] for film in json.loads(answer.out)]


def scores(answer):
    return {film["movie_title"]: film["score"] for film in json.loads(answer.out)}


def test_what_somebody_says_counts_beside_what_they_like(marquee):
    liked = ("--like", "Alien (1979)", "--json")
    without, said = scores(marquee(*liked)), scores(marquee(*liked, "--user-feature", "country=US"))
    changed = {title: said[title] - without[title] for title in said}
    assert changed["Star Wars (1977)"] == pytest.approx(2)  # a film of action
    assert changed["Toy Story (1995)"] == pytest.approx(0)


def test_features_alone_are_enough_and_a_number_and_several_words_are_read(marquee):
    said = (
        "--user-feature",
        "age=7.5",
        "--user-feature",
        "hobbies=chess",
        "--user-feature",
        "hobbies=skiing",
    )
    answer = marquee(*said, "-k", "2", "--json")
    assert titles(answer)[0] == "Toy Story (1995)"  # for children
    assert titles(answer)[1].startswith("Amelie")  # romance
    assert {film["because"] for film in json.loads(answer.out)} == {None}
    table = marquee(*said).out
    assert "a new user of age=7.5, hobbies=chess, hobbies=skiing" in table


@pytest.mark.parametrize(("when", "length"), [("1999-12-31", 2), ("2001-01-01", 3), ("946684801", 3)])
def test_a_time_is_a_date_or_seconds(marquee, when, length):
    assert len(titles(marquee("--user-feature", f"joined={when}", "-k", "2", "--json"))) == length


@pytest.mark.parametrize(
    ("typed", "error", "hint"),
    [
        (
            "city=Rome",
            "there is no feature of users called city",
            "The recommender knows age, country, hobbies, joined.",
        ),
        ("country=IT", 'train has no country "IT"', "It has US, FR."),
        ("hobbies=golf", 'train has no hobbies "golf"', "It has chess, skiing."),
        ("age=old", 'age: "old" is not a number', "Give one, as 7 to 73 in train."),
        ("age=nan", 'age: "nan" is not a number', "Give one, as 7 to 73 in train."),
        (
            "joined=soon",
            'joined: "soon" is not a time',
            "Give a date such as 2024-05-31, or seconds since 1970.",
        ),
        ("country", '"country" has no value', "Write age=value."),
        ("country=", '"country=" has no value', "Write age=value."),
    ],
)
def test_a_feature_or_value_that_the_recommender_does_not_know_is_an_error(marquee, typed, error, hint):
    answer = marquee("--user-feature", typed)
    assert answer.status == 1
    assert answer.err.splitlines() == [f"error: {error}", hint]


def test_a_feature_of_one_value_is_given_once(marquee):
    answer = marquee("--user-feature", "country=US", "--user-feature", "country=FR")
    assert answer.err.splitlines() == [
        "error: country has 2 values: US, FR",
        "It is a category: give one.",
    ]


def test_the_features_of_a_known_user_are_known(marquee):
    answer = marquee("--user", "u1", "--user-feature", "country=US")
    assert answer.status == 2
    assert "--user-feature is for somebody who is no user yet" in " ".join(answer.err.split())


def test_a_recommender_without_features_says_so(tmp_path, in_process):
    export_tiny(tmp_path)
    with EmbeddedServer(tmp_path, ServerConfig(rest_port=0, grpc_port=0)) as running:
        answer = in_process("recommend", "--server", running.rest_url, "--user-feature", "country=US")
    assert answer.err.splitlines()[0] == (
        "error: the served recommender knows users by no feature, so not by country=US"
    )
