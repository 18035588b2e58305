import json
import shutil

import pytest

from serving.client import RestClient
from serving.client.near_titles import near_titles
from serving.server.config import ServerConfig
from serving.server.server import EmbeddedServer
from tests.serving.tiny_recommender import FILMS, export_tiny


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    export_tiny(folder)
    return folder


@pytest.fixture(scope="module")
def server(models):
    with EmbeddedServer(models, ServerConfig(rest_port=0, grpc_port=0)) as running:
        yield running.rest_url


@pytest.fixture
def marquee(server, in_process):
    """Calls `marquee recommend`; gives its exit status and what it wrote."""

    def call(*arguments, at=server):
        return in_process("recommend", "--server", at, *arguments)

    return call


def films(answer):
    return json.loads(answer.out)


def test_a_users_films_come_best_first_with_genres_rating_and_the_reason(marquee):
    assert films(marquee("--user", "u1", "-k", "2", "--json")) == [
        {
            "rank": 1,
            "movie_id": "176",
            "movie_title": "Aliens (1986)",
            "movie_genres": ["Action", "Horror", "Sci-Fi"],
            "user_rating": pytest.approx(3.2),
            "score": pytest.approx(2.284),
            "because": {"movie_title": "Alien (1979)", "similarity": pytest.approx(2 / 3)},
            "ratings": 284,
        },
        {
            "rank": 2,
            "movie_id": "50",
            "movie_title": "Star Wars (1977)",
            "movie_genres": ["Action", "Sci-Fi"],
            "user_rating": pytest.approx(3.1),
            "score": pytest.approx(1.58),
            "because": None,  # Alien again, but by one genre alone
            "ratings": 580,
        },
    ]


def test_the_table_fits_a_terminal_and_says_why(marquee):
    answer = marquee("--user", "u1")
    lines = answer.out.splitlines()

    assert answer.status == 0
    assert max(map(len, lines)) <= 100
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if line.startswith("│")]
    assert cells[0] == ["1", "Aliens (1986)", "Action, Horror, Sci-Fi", "3.20", "like Alien (1979)"]
    assert cells[1][-1] == "popular: 580 ratings"
    # Square brackets are Rich's markup; nothing is like this film, and nobody would call it popular.
    assert cells[-1] == ["5", "Silent Night [draft] (1912)", "", "3.00", "1 rating"]
    assert lines[0].strip() == "user u1"


def test_what_was_seen_comes_back_only_when_asked_for(marquee):
    def titles(*more):
        return {film["movie_title"] for film in films(marquee("--user", "u1", "--json", *more))}

    assert titles("--seen") - titles() == {"Alien (1979)", "Toy Story (1995)"}


def test_a_film_that_nobody_has_rated_is_marked_as_new(marquee, monkeypatch):
    predict = RestClient.predict

    def none_of_the_last(self, model, inputs, signature="serving_default"):
        found = predict(self, model, inputs, signature)
        if signature == "describe":
            found["ratings"] = found["ratings"] * (found["ratings"] > 200)
        return found

    monkeypatch.setattr(RestClient, "predict", none_of_the_last)
    answer = marquee("--user", "u1").out
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in answer.splitlines() if "│" in line]
    why = {row[1]: row[-1] for row in rows}
    assert why["Silent Night [draft] (1912)"] == "new"
    assert why["Aliens (1986)"] == "like Alien (1979)"
    assert "new: it has no ratings yet" in answer.splitlines()[-1]
    assert "it has no" not in marquee("--user", "u1", "-k", "1").out


def test_more_films_than_there_are_is_no_error(marquee):
    assert len(films(marquee("--user", "u3", "-k", "2147483647", "--json"))) == 6


def test_a_user_who_has_seen_everything_is_told_so(marquee):
    assert films(marquee("--user", "u2", "--json")) == []
    assert (
        marquee("--user", "u2").out
        == "nothing is left to recommend to user u2: --seen includes films that the user knows already\n"
    )


def test_someone_unknown_gets_popular_films_and_the_table_says_so(marquee):
    answer = films(marquee("--user", "nobody", "-k", "3", "--json"))
    table = marquee("--user", "nobody", "-k", "1").out

    assert [film["ratings"] for film in answer] == [580, 452, 291]
    assert {film["because"] for film in answer} == {None}
    assert "popular: 580 ratings" in table
    assert "user nobody is a cold-start user: these are popular films" in table
    assert "cold-start" not in marquee("--user", "u1").out


def test_films_somebody_likes_stand_for_a_user(marquee):
    liked = ("--like", "Alien (1979)", "--like", "Toy Story (1995)")
    answer = films(marquee(*liked, "--json"))

    assert [film["movie_id"] for film in answer] == ["176", "50", "2571", "4973", "9"]
    assert answer[0]["because"] == {"movie_title": "Alien (1979)", "similarity": pytest.approx(2 / 3)}
    assert "a new user who likes Alien (1979) and Toy Story (1995)" in marquee(*liked).out


def test_ids_and_weights_say_it_too(marquee):
    by_title = films(marquee("--like", "Alien (1979)", "--like", "Toy Story (1995)", "--json"))
    assert films(marquee("--like", "183", "--like", "Toy Story (1995)=1", "--json")) == by_title

    weighed = films(marquee("--like", "183=0", "--like", "Toy Story (1995) = 3", "--json"))
    assert weighed[0]["movie_title"].startswith("Amelie")  # the other comedy
    assert weighed[0]["score"] == pytest.approx(3 + 0.15)
    assert "183" not in [film["movie_id"] for film in weighed]


def test_a_weight_below_0_and_an_unknown_id_are_errors(marquee):
    assert marquee("--like", "Alien (1979)=-1").err.splitlines() == [
        'error: "Alien (1979)=-1": a weight of -1 means nothing',
        "Give 0 or more; 1 is usual.",
    ]
    assert marquee("--like", "184").err.splitlines()[0] == 'error: no film is called "184"'
    assert (
        marquee("--like", "Alien=2").err.splitlines()[0].startswith('error: no film is called "Alien"; did')
    )


def test_no_rating_is_shown_where_the_ranking_model_does_not_see_histories(marquee, monkeypatch):
    predict = RestClient.predict

    def without_ratings(self, model, inputs, signature="serving_default"):
        found = predict(self, model, inputs, signature)
        if signature == "recommend_from_history":
            found["user_rating"] = 0 * found["user_rating"]
        return found

    monkeypatch.setattr(RestClient, "predict", without_ratings)
    assert {film["user_rating"] for film in films(marquee("--like", "Alien (1979)", "--json"))} == {None}
    assert "rating ┃" not in marquee("--like", "Alien (1979)").out
    assert "rating ┃" in marquee("--user", "u1").out


@pytest.mark.parametrize(
    ("title", "suggestions"),
    [
        ("alien (1979)", '"Alien (1979)", "Aliens (1986)"?'),
        ("Alien", '"Alien (1979)", "Aliens (1986)"?'),
        ("The Matrix", '"Matrix, The (1999)"?'),
        ("The Matrix (1999)", '"Matrix, The (1999)"?'),
        ("Matirx", '"Matrix, The (1999)"?'),
    ],
)
def test_a_title_that_no_film_has_is_an_error_that_names_near_ones(marquee, title, suggestions):
    answer = marquee("--like", "Alien (1979)", "--like", title)

    assert answer.status == 1
    assert answer.err.splitlines() == [
        f'error: no film is called "{title}"; did you mean {suggestions}',
        'Write titles as the catalogue does: --like "Star Wars (1977)".',
    ]


@pytest.mark.parametrize("title", ["zzz", ""])
def test_a_title_near_nothing_is_an_error_too(marquee, title):
    assert marquee("--like", title).err.splitlines()[0] == f'error: no film is called "{title}"'


TITLES = [
    *(title for _, title, *_ in FILMS),
    "Seven (Se7en) (1995)",
    "Seven Years in Tibet (1997)",
    "Snow White and the Seven Dwarfs (1937)",
    "Star Wars: Episode I (1999)",
    "Alien (2030)",
]


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("amelie", ["Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)"]),
        ("Le fabuleux destin d'Amelie Poulain", ["Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)"]),
        (
            "seven",
            ["Seven (Se7en) (1995)", "Seven Years in Tibet (1997)", "Snow White and the Seven Dwarfs (1937)"],
        ),
        ("Se7en (1995)", ["Seven (Se7en) (1995)"]),
        ("star wars", ["Star Wars (1977)", "Star Wars: Episode I (1999)"]),
        ("alien (2030)", ["Alien (2030)", "Alien (1979)", "Aliens (1986)"]),
        ("(1995)", []),
    ],
)
def test_titles_are_near_by_their_words_whatever_case_accents_articles_and_year(typed, near):
    assert near_titles(typed, TITLES) == near


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--user", "1", "--like", "Alien (1979)"],
        ["--like", "Alien (1979)", "--seen"],
        ["--user", "1", "-k", "0"],
    ],
)
def test_what_cannot_be_meant_is_refused_before_anybody_is_asked(marquee, arguments):
    answer = marquee(*arguments, at="http://127.0.0.1:9")

    assert answer.status == 2
    assert "Invalid value" in answer.err


def test_no_server_and_a_server_without_a_recommender_are_told_apart(marquee, models, tmp_path):
    assert marquee("--user", "u1", at="http://127.0.0.1:9").err.splitlines() == [
        "error: There is no server at http://127.0.0.1:9",
        "Start one with `marquee serve`.",
    ]
    shutil.copytree(models / "retrieval", tmp_path / "retrieval")
    with EmbeddedServer(tmp_path, ServerConfig(rest_port=0, grpc_port=0)) as running:
        assert marquee("--user", "u1", at=running.rest_url).err.splitlines() == [
            "error: The server has no model called recommender",
            "Serve a workspace whose last run pushed a recommender.",
        ]


@pytest.fixture(scope="module")
def artists(tmp_path_factory):
    """A server of models of artists, which listeners hear, with tags."""
    folder = tmp_path_factory.mktemp("artists")
    nouns = {"user": "listener", "item": "artist"}
    export_tiny(folder, description={"nouns": nouns, "feedback": "implicit", "grouping": "tags"})
    with EmbeddedServer(folder, ServerConfig(rest_port=0, grpc_port=0)) as running:
        yield running.rest_url


def test_the_words_are_those_of_the_data(marquee, artists):
    table = marquee("--user", "u1", at=artists).out
    assert "listener u1" in table
    assert [cell.strip() for cell in table.splitlines()[2].strip("┃").split("┃")] == [
        "", "title", "tags", "chance", "why",
    ]  # fmt: skip
    assert "like …: the most similar artist among the listener's interactions" in table
    assert "popular: 580 interactions" in table
    nobody = marquee("--user", "nobody", at=artists).out
    assert "listener nobody is a cold-start listener: these are popular artists" in nobody
    assert "artists that the listener knows already" in marquee("--user", "u2", at=artists).out
    assert marquee("--like", "zzz", at=artists).err.startswith('error: no artist is called "zzz"')


def test_a_server_that_does_not_say_what_the_data_are_called_has_neutral_words(marquee, tmp_path):
    export_tiny(tmp_path, description={})
    with EmbeddedServer(tmp_path, ServerConfig(rest_port=0, grpc_port=0)) as running:
        table = marquee("--user", "nobody", at=running.rest_url).out
        assert "these are popular items" in table
        assert "categories" in table
        assert marquee("--like", "zzz", at=running.rest_url).err.startswith('error: no item is called "zzz"')
