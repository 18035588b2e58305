"""A server says what its models' data are called, and a client goes on without it."""

import httpx
import pytest

from serving.client import GrpcClient, RestClient
from serving.data_words import DataWords
from serving.server.config import ServerConfig
from serving.server.server import EmbeddedServer

from .tiny_recommender import export_tiny

ARTISTS = {"nouns": {"user": "listener", "item": "artist"}, "feedback": "implicit", "grouping": "tags"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    export_tiny(models, description=ARTISTS)
    (models / "retrieval" / "1" / "assets.extra" / "description.json").write_text("[1")
    with EmbeddedServer(models, ServerConfig(rest_port=0, grpc_port=0)) as running:
        yield running


def test_the_description_is_answered_over_rest(server):
    for path in ("/v1/models/recommender/description", "/v1/models/recommender/versions/1/description"):
        assert httpx.get(server.rest_url + path).json() == {
            "model_spec": {"name": "recommender", "version": "1"},
            "description": ARTISTS,
        }


def test_a_version_or_model_that_is_not_there_has_none(server):
    answer = httpx.get(f"{server.rest_url}/v1/models/nope/description")
    assert (answer.status_code, answer.json()) == (
        404,
        {"error": "Servable not found for request: Latest(nope)"},
    )


def test_clients_know_the_words_or_have_neutral_ones(server):
    with RestClient(server.rest_url) as client:
        assert client.words("recommender") == DataWords(
            user="listener", users="listeners", item="artist", items="artists",
            rating="interaction", ratings="interactions", value="strength", expected="chance",
            grouping="tags",
        )  # fmt: skip
        assert client.words("retrieval") == DataWords()  # its file is damaged
        assert client.words("nope") == DataWords()
    with GrpcClient(server.grpc_address) as client:
        assert client.words("recommender") == DataWords()


@pytest.mark.parametrize("described", [{}, {"nouns": {}}, {"nouns": {"users": None, "item": None}}])
def test_what_a_description_leaves_out_is_neutral(described):
    assert DataWords.of(described) == DataWords()


def test_irregular_plurals_are_kept():
    words = DataWords.of({"nouns": {"item": "story", "items": "stories"}})
    assert (words.items, words.popular) == ("stories", "most popular stories")
