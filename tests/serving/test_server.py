"""The embedded server's life: versions come, go and break while requests are under way; limits; metrics."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from serving.client import GrpcClient, RestClient
from serving.errors import ServingError
from serving.server.server import EmbeddedServer
from serving.versions.versions import push, rollback

from .conftest import FREE_PORTS, TINY_2, start_server

embedded_only = pytest.mark.skipif(
    "TF_SERVING_BINARY" in os.environ, reason="about the embedded server alone"
)
SPEED = {"user_id": ["42"], "movie_title": ["Speed (1994)"]}
ROW = '{"instances": [{"user_id": "42", "movie_title": "Speed (1994)"}]}'


def until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@embedded_only
def test_a_server_interrupted_while_it_starts_ends_and_frees_its_port(models_dir, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    server = EmbeddedServer(models_dir, FREE_PORTS)
    monkeypatch.setattr(server._started, "wait", interrupted)

    with pytest.raises(KeyboardInterrupt):
        server.start()
    assert not server.running
    socket.create_server(("127.0.0.1", int(server.rest_url.rpartition(":")[2]))).close()


def test_no_request_fails_while_versions_are_pushed_and_rolled_back(models_dir):
    done = threading.Event()

    def ask(client):
        ratings = []
        with client:
            while not done.is_set():
                ratings.append(client.predict("tiny", SPEED)["user_rating"].item())
        return ratings

    with (
        start_server(models_dir) as server,
        ThreadPoolExecutor(4) as threads,
        RestClient(server.rest_url) as rest,
    ):
        clients = [
            kind(at) for kind, at in ((RestClient, server.rest_url), (GrpcClient, server.grpc_address)) * 2
        ]
        answers = [threads.submit(ask, client) for client in clients]
        try:
            for _ in range(2):
                version = push(TINY_2, models_dir, "tiny", keep=3)
                until(lambda v=version: rest.status("tiny").get(v) == "AVAILABLE")
                time.sleep(0.2)
                rollback(models_dir, "tiny")
                until(
                    lambda v=version: (
                        rest.status("tiny")[v] == "END" and rest.status("tiny")[1] == "AVAILABLE"
                    )
                )
                time.sleep(0.2)
        finally:
            done.set()
        for ratings in (answer.result() for answer in answers):
            assert len(ratings) > 50
            assert set(ratings) == {4.0, 4.125}


@embedded_only
def test_a_version_that_cannot_be_loaded_leaves_the_old_one_in_front(models_dir):
    with start_server(models_dir) as server, RestClient(server.rest_url) as client:
        broken = models_dir / "tiny" / "2"
        shutil.copytree(TINY_2, models_dir / "staged")
        (models_dir / "staged" / "saved_model.pb").write_bytes(b"not a model")
        (models_dir / "staged").rename(broken)
        until(lambda: client.status("tiny").get(2) == "END")
        status = httpx.get(f"{server.rest_url}/v1/models/tiny").json()["model_version_status"]
        assert [entry["state"] for entry in status] == ["END", "AVAILABLE"]
        assert status[0]["status"]["error_code"] == "UNKNOWN"
        assert "saved_model.pb" in status[0]["status"]["error_message"]
        assert client.predict("tiny", SPEED)["user_rating"] == [4.0]
        assert httpx.get(f"{server.rest_url}/healthz").status_code == 200

        shutil.copy(TINY_2 / "saved_model.pb", broken / "saved_model.pb")  # repaired: it is tried again
        until(lambda: client.status("tiny")[2] == "AVAILABLE")
        assert client.predict("tiny", SPEED)["user_rating"] == [4.125]


@embedded_only
def test_a_server_without_models_runs_but_is_not_ready(tmp_path):
    with start_server(tmp_path) as server:
        answer = httpx.get(f"{server.rest_url}/healthz")

        assert answer.status_code == 503
        assert answer.json() == {"status": "waiting", "models_without_a_version": []}


@embedded_only
def test_models_come_and_go_and_healthz_knows(models_dir):
    with start_server(models_dir) as server, RestClient(server.rest_url) as client:
        health = f"{server.rest_url}/healthz"
        assert httpx.get(health).json() == {"status": "ok", "models": {"tiny": 1}}

        push(TINY_2, models_dir, "other", keep=1)
        until(lambda: "other" in httpx.get(health).json().get("models", {}))
        assert client.predict("other", SPEED)["user_rating"] == [4.125]

        (models_dir / "broken" / "1").mkdir(parents=True)
        (models_dir / "broken" / "1" / "saved_model.pb").write_bytes(b"not a model")
        until(lambda: httpx.get(health).status_code == 503)
        assert httpx.get(health).json()["models_without_a_version"] == ["broken"]

        shutil.rmtree(models_dir / "broken")
        shutil.rmtree(models_dir / "other")
        until(lambda: httpx.get(health).status_code == 200)
        with pytest.raises(ServingError, match=re.escape("Servable not found for request: Latest(other)")):
            client.predict("other", SPEED)
        assert client.status("other") == {1: "END"}


@embedded_only
def test_requests_over_the_limits_are_refused_and_the_connection_lives_on(models_dir):
    config = replace(FREE_PORTS, max_body_bytes=10_000, max_batch=100)
    with EmbeddedServer(models_dir, config) as server, httpx.Client(base_url=server.rest_url) as client:
        large = client.post("/v1/models/tiny:predict", content=b" " * 10_001)
        assert (large.status_code, large.json()) == (
            413,
            {"error": "Request body is over the limit of 10000 bytes: send fewer rows"},
        )
        streamed = client.post("/v1/models/tiny:predict", content=iter([b" " * 6_000] * 2))
        assert streamed.status_code == 413
        many = client.post(
            "/v1/models/tiny:predict", json={"inputs": {"user_id": ["1"] * 101, "movie_title": [""]}}
        )
        assert (many.status_code, many.json()) == (
            400,
            {"error": "Input user_id has 101 rows, over the limit of 100 a request: split the request"},
        )
        assert client.post("/v1/models/tiny:predict", content=ROW).json() == {"predictions": [4.0]}
        with GrpcClient(server.grpc_address) as grpc_client:
            with pytest.raises(ServingError, match="over the limit of 100 a request"):
                grpc_client.predict("tiny", {"user_id": ["1"] * 101, "movie_title": [""]})
            with pytest.raises(ServingError, match="larger than max"):
                grpc_client.predict("tiny", {"user_id": ["1" * 11_000], "movie_title": [""]})


@embedded_only
def test_a_long_batch_does_not_hold_up_the_health_check(models_dir):
    batch = {"inputs": {"user_id": ["42"] * 100_000, "movie_title": ["Speed (1994)"] * 100_000}}
    with start_server(models_dir) as server, ThreadPoolExecutor(1) as threads:
        with httpx.Client(base_url=server.rest_url) as health:
            assert health.get("/healthz").status_code == 200
            answer = threads.submit(
                httpx.post, f"{server.rest_url}/v1/models/tiny:predict", json=batch, timeout=30
            )
            asked = 0
            while not answer.done():
                assert health.get("/healthz").status_code == 200
                asked += 1
        assert answer.result().json()["outputs"] == [4.0] * 100_000
        assert asked > 3


@embedded_only
@pytest.mark.parametrize("path", ["/metrics", "/monitoring/prometheus/metrics"])
def test_metrics_count_requests_by_model_signature_api_and_code(models_dir, path):
    with start_server(models_dir) as server:
        for body in (ROW, ROW, "{"):
            httpx.post(f"{server.rest_url}/v1/models/tiny:predict", content=body)
        httpx.post(f"{server.rest_url}/v1/models/made-up-name:predict", content=ROW)
        with GrpcClient(server.grpc_address) as client:
            client.predict("tiny", {"user_id": ["42"], "k": 2}, signature="recommend")
        text = httpx.get(server.rest_url + path).text

        def count(**labels):
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
            found = re.search(re.escape(f":tensorflow:serving:request_count{{{labels}}} ") + r"(\S+)", text)
            return float(found[1])

        asked = {"API": "predict", "model_name": "tiny", "signature_name": "serving_default"}
        assert count(**asked, entrypoint="REST", status="OK") == 2
        assert count(**asked | {"signature_name": "recommend"}, entrypoint="GRPC", status="OK") == 1
        nobody = {"API": "predict", "model_name": "", "signature_name": "", "entrypoint": "REST"}
        assert count(**nobody, status="INVALID_ARGUMENT") == 1
        assert count(**nobody, status="NOT_FOUND") == 1
        assert "made-up-name" not in text
        assert ':marquee:serving:model_version{model_name="tiny"} 1.0' in text
        latency = (
            ':tensorflow:serving:request_latency_count{API="predict",entrypoint="REST",model_name="tiny"} 2.0'
        )
        assert latency in text


@pytest.mark.parametrize("port", ["rest_port", "grpc_port"])
def test_a_port_that_is_taken_is_a_clear_error(models_dir, port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        kind = "REST" if port == "rest_port" else "gRPC"
        message = (
            f"Cannot listen for {kind} on 127.0.0.1:{number}: Address already in use\n.*choose another port"
        )
        with (
            pytest.raises(ServingError, match=message),
            EmbeddedServer(models_dir, replace(FREE_PORTS, **{port: number})),
        ):
            pass


@embedded_only
def test_a_folder_that_is_not_there_is_waited_for(tmp_path):
    with start_server(tmp_path / "later") as server:
        health = f"{server.rest_url}/healthz"
        assert httpx.get(health).status_code == 503
        push(TINY_2, tmp_path / "later", "tiny", keep=1)
        until(lambda: httpx.get(health).status_code == 200)
        assert httpx.post(f"{server.rest_url}/v1/models/tiny:predict", content=ROW).json() == {
            "predictions": [4.125]
        }


def test_serve_runs_in_the_foreground_until_a_signal(models_dir):
    code = """
import sys
from serving.server.server import ServerConfig, serve
def say(server):
    print(server.rest_url, flush=True)
for _ in range(2):
    serve(sys.argv[1], ServerConfig(rest_port=0, grpc_port=0), say)
    print("ended", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", code, models_dir], stdout=subprocess.PIPE, text=True)
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            url = process.stdout.readline().strip()
            assert httpx.post(f"{url}/v1/models/tiny:predict", content=ROW).json() == {"predictions": [4.0]}
            process.send_signal(number)
            assert process.stdout.readline() == "ended\n"
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()
