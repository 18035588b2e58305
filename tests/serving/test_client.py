import socket

import numpy as np
import pytest

from serving.client import GrpcClient, RestClient
from serving.errors import ServingError
from serving.signature import Signature, TensorSpec


@pytest.fixture(params=["rest", "grpc"])
def client(request, tiny_server):
    opened = (
        RestClient(tiny_server.rest_url) if request.param == "rest" else GrpcClient(tiny_server.grpc_address)
    )
    with opened:
        yield opened


def test_a_single_output_comes_back_by_name(client):
    answer = client.predict("tiny", {"user_id": ["42", "7"], "movie_title": ["Speed (1994)", "Alien (1979)"]})
    assert list(answer) == ["user_rating"]
    assert answer["user_rating"].dtype == np.float32
    assert answer["user_rating"].tolist() == [4.0, 2.0]


def test_several_outputs_and_a_scalar_input(client):
    answer = client.predict("tiny", {"user_id": np.array(["42"]), "k": 2}, signature="recommend", version=1)
    assert answer["movie_title"].tolist() == [["Amélie (2001)", "Speed (1994)"]]
    assert answer["user_rating"].tolist() == [[4.25, 4.0]]


def test_status_and_metadata(client):
    assert client.status("tiny") == {1: "AVAILABLE"}
    text, rating = TensorSpec("string", (-1,)), TensorSpec("float", (-1,))
    assert client.metadata("tiny") == {
        "serving_default": Signature({"movie_title": text, "user_id": text}, {"user_rating": rating}),
        "recommend": Signature(
            {"k": TensorSpec("int32", ()), "user_id": text},
            {"movie_title": TensorSpec("string", (-1, -1)), "user_rating": TensorSpec("float", (-1, -1))},
        ),
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "nope"}, "Servable not found for request: Latest(nope)"),
        ({"version": 9}, "Servable not found for request: Specific(tiny, 9)"),
        ({"signature": "nope"}, '"nope" not found'),
        ({"inputs": {"user_id": ["42"]}}, "movie_title"),
        ({"inputs": {"user_id": [42], "movie_title": ["a"]}}, "into a tensor of string"),
    ],
)
def test_errors_carry_the_servers_message(client, arguments, message):
    call = {"model": "tiny", "inputs": {"user_id": ["42"], "movie_title": ["a"]}} | arguments
    with pytest.raises(ServingError) as error:
        client.predict(**call)
    assert message in error.value.message


def test_bytes_that_are_not_utf8_travel_both_ways(client):
    answer = client.predict("tiny", {"user_id": [b"\xff\xfe"], "movie_title": ["Speed (1994)"]})
    assert answer["user_rating"].tolist() == [3.5]


@pytest.mark.parametrize("kind", [RestClient, GrpcClient])
def test_no_server_is_a_clear_error(kind):
    with socket.socket() as nobody:  # bound, but nobody listens
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        with (
            kind(f"http://{address}" if kind is RestClient else address) as client,
            pytest.raises(
                ServingError, match=f"There is no server at .*{address}\nStart one with `marquee serve`"
            ),
        ):
            client.status("tiny")
