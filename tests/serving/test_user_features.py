"""Features of users in a client: as a server's signature tells them, and what a description adds."""

import math

import pytest

from serving.client import GrpcClient, RestClient
from serving.client.recommendations import ask_for_fan
from serving.client.user_features import NO_TIME, UserFeature, known_user_features, said_features
from serving.contract import OF_USER, contract, departures, for_people, user_features
from serving.errors import ServingError
from serving.names import Names
from serving.server.config import ServerConfig
from serving.server.server import EmbeddedServer
from serving.signature import Signature, TensorSpec

from .tiny_recommender import export_tiny


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    export_tiny(folder, of_users=True)
    with EmbeddedServer(folder, ServerConfig(rest_port=0, grpc_port=0)) as running:
        yield running


def test_both_protocols_answer_the_same(server):
    said = ["country=US", "age=7", "hobbies=skiing"]
    with RestClient(server.rest_url) as rest, GrpcClient(server.grpc_address) as grpc:
        answers = [ask_for_fan(client, ["Alien (1979)"], 5, said).items for client in (rest, grpc)]
        without = ask_for_fan(grpc, ["Alien (1979)"], 5).items
    assert [(item.movie_id, round(item.score, 4)) for item in answers[0]] == [
        (item.movie_id, round(item.score, 4)) for item in answers[1]
    ]
    assert [item.score for item in answers[1]] != [item.score for item in without]


def test_a_signature_alone_tells_the_types_and_a_description_the_words(server):
    with RestClient(server.rest_url) as rest, GrpcClient(server.grpc_address) as grpc:
        told, known = known_user_features(grpc), known_user_features(rest)
    assert {name: feature.type for name, feature in told.items()} == {
        "country": "text",
        "age": "number",
        "joined": "time",
        "hobbies": "categories",
    }
    assert known["country"] == UserFeature("country", "category", values=("US", "FR"), complete=True)
    assert said_features(["country=IT"], told)["country"] == ["IT"]  # nobody knows that train lacks it
    with pytest.raises(ServingError, match='train has no country "IT"'):
        said_features(["country=IT"], known)


def test_what_is_not_said_is_sent_as_such():
    types = ("category", "text", "number", "time", "categories", "vector")
    known = {name: UserFeature(name, name, length=2) for name in types}
    sent = said_features(["text=two words", "vector=0.5 -1"], known)
    assert math.isnan(sent.pop("number")[0])
    assert sent == {
        "category": [""],
        "text": ["two words"],
        "time": [NO_TIME],
        "categories": [[""]],
        "vector": [[0.5, -1.0]],
    }
    with pytest.raises(ServingError, match='"1" is not a vector of 2 numbers'):
        said_features(["vector=1"], known)


def test_words_are_told_apart_by_their_beginning():
    region = UserFeature("zip", "category", values=("0", "1"), complete=True, prefix=1)
    assert region.read(["10115"]) == "10115"
    with pytest.raises(ServingError, match='train has no zip "90210"'):
        region.read(["90210"])


def test_a_model_that_takes_features_keeps_the_contract_and_one_without_ids_does_not():
    names = Names(user="listener", item="artist")
    promised = for_people(names)["recommender"][OF_USER]
    country = {"country": TensorSpec("string", (-1,))}
    whole = {OF_USER: Signature({**promised.inputs, **country}, promised.outputs)}
    assert not [each for each in departures("recommender", whole, names) if OF_USER in each]
    assert user_features(whole, names) == country
    assert user_features({}, names) == {}
    lacking = {OF_USER: Signature({"weight": promised.inputs["weight"], **country}, promised.outputs)}
    assert [each for each in departures("recommender", lacking, names) if OF_USER in each]


def test_items_vectors_are_called_by_role_and_earlier_versions_still_keep_the_contract():
    names = Names(user="listener", item="artist", title="artist_title")
    assert "item_vector" in contract(names)["retrieval"]
    assert "movie_vector" in contract(Names())["retrieval"]
    before = contract(names)["retrieval"]
    before["movie_vector"] = before.pop("item_vector")
    assert departures("retrieval", before, names) == []
