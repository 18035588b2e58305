import socket

import httpx
import numpy as np
import pytest

from serving.client import GrpcClient, RestClient
from serving.client.addresses import grpc_address, rest_url
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


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("localhost:8501", "http://localhost:8501"),
        (" 127.0.0.1:8501/ ", "http://127.0.0.1:8501"),
        ("[::1]:8501", "http://[::1]:8501"),
        ("HTTP://localhost:8501/", "http://localhost:8501"),
        ("https://models.example.com", "https://models.example.com"),
        ("https://[::1]/tf/", "https://[::1]/tf"),
        ("http://me:secret@localhost:8501/tf", "http://me:secret@localhost:8501/tf"),
    ],
)
def test_a_rest_address_may_be_written_without_its_scheme(written, url):
    assert rest_url(written) == url


@pytest.mark.parametrize(
    "written",
    ["", "localhost", "8501", ":8501", "localhost:", "localhost:http", "localhost:99999", "ftp://localhost:21",
     "http://", "http://a b:1", "grpc://localhost:8500", "localhost:8501/v1/models?x=1", "http://localhost:0"],
)  # fmt: skip
def test_what_is_no_rest_address_is_a_sentence(written):
    with pytest.raises(ValueError, match=r'is no REST address\nWrite a host and its port: "localhost:8501"'):
        RestClient(written)


@pytest.mark.parametrize("written", ["", "localhost", "http://localhost:8500", "localhost:8500/", "::1:8500"])
def test_what_is_no_grpc_address_is_a_sentence(written):
    with pytest.raises(ValueError, match=r'is no gRPC address.*\nWrite it as "localhost:8500"'):
        GrpcClient(written)
    assert grpc_address("[::1]:8500") == "[::1]:8500"


def test_the_rest_client_needs_no_scheme(tiny_server):
    with RestClient(tiny_server.rest_url.removeprefix("http://")) as client:
        assert client.status("tiny") == {1: "AVAILABLE"}


@pytest.mark.parametrize("k", [2**31, -(2**31) - 1, 10**30, np.int64(2**40), [2**31]])
def test_a_k_that_does_not_fit_is_refused_before_it_is_sent(client, k):
    with pytest.raises(
        ValueError, match=r"into a tensor of int32: .* is not between -2147483648 and 2147483647"
    ):
        client.predict("tiny", {"user_id": ["42"], "k": k}, signature="recommend")


def test_numbers_of_a_wider_kind_are_sent_where_they_fit():
    assert TensorSpec("int32", ()).array(np.int64(7)).dtype == np.int32
    assert TensorSpec("uint8", (-1,)).array([0, 255]).tolist() == [0, 255]
    assert TensorSpec("float", (-1,)).array([1, 2]).tolist() == [1.0, 2.0]
    for dtype, values in (("uint8", [256]), ("uint8", [-1]), ("int64", [2**63]), ("int32", [1.5])):
        with pytest.raises(ValueError, match="Cannot turn"):
            TensorSpec(dtype, (-1,)).array(values)


def test_histories_of_different_lengths_are_padded():
    spec = TensorSpec("string", (-1, -1))
    padded = spec.array([["Alien (1979)", "Speed (1994)"], ("Alien (1979)",), []])
    assert padded.tolist() == [[b"Alien (1979)", b"Speed (1994)"], [b"Alien (1979)", b""], [b"", b""]]
    assert spec.array([[], []]).shape == (2, 0)
    with pytest.raises(ValueError, match="not all of them are strings"):
        spec.array([["a"], [1]])
    with pytest.raises(ValueError, match="not all of them are strings"):
        TensorSpec("string", (-1,)).array([["a"], ["b", "c"]])


@pytest.mark.parametrize("body", [b"[1]", b"3", b"null", b"<html>"])
def test_what_answers_with_anything_but_an_object_is_no_model_server(body, monkeypatch):
    with RestClient("127.0.0.1:1") as client:
        monkeypatch.setattr(client._http, "request", lambda *_, **__: httpx.Response(200, content=body))

        with pytest.raises(ServingError, match="is no model server"):
            client.status("tiny")


def test_a_version_that_comes_between_two_requests_is_said(tiny_server, monkeypatch):
    with RestClient(tiny_server.rest_url) as client:
        monkeypatch.setattr(client, "metadata", lambda *_: {})  # of a version that had no such signature

        with pytest.raises(ServingError, match="Another version of tiny is served since the request began"):
            client.predict("tiny", {"user_id": ["42"], "movie_title": ["Speed (1994)"]})
