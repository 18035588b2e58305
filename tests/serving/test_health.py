"""What a server says of itself: gRPC's health service, metrics of its versions, and lines in its log."""

import logging
import os
import queue
import re
import shutil
import threading
import time
from dataclasses import replace

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from serving.prediction_log.config import LogConfig
from serving.server.server import EmbeddedServer
from serving.versions.versions import push, rollback

from .conftest import FREE_PORTS, TINY_1, TINY_2
from .test_server import ROW, until

pytestmark = pytest.mark.skipif("TF_SERVING_BINARY" in os.environ, reason="about the embedded server alone")
STATUS = health_pb2.HealthCheckResponse.ServingStatus


@pytest.fixture
def server(models_dir):
    with EmbeddedServer(models_dir, FREE_PORTS) as running:
        yield running


def check(server, service: str) -> str:
    with grpc.insecure_channel(server.grpc_address) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=10)
        except grpc.RpcError as error:
            return error.code().name
        return STATUS.Name(answer.status)


def spoil(models_dir, name: str, version: int) -> None:
    """Puts a version there that cannot be loaded."""
    staged = models_dir / f"staged-{name}"
    shutil.copytree(TINY_2, staged)
    (staged / "saved_model.pb").write_bytes(b"not a model")
    (models_dir / name).mkdir(exist_ok=True)
    staged.rename(models_dir / name / str(version))


def test_health_is_known_of_each_model_and_overall(server, models_dir):
    assert (check(server, ""), check(server, "tiny")) == ("SERVING", "SERVING")
    assert check(server, "nope") == "NOT_FOUND"
    spoil(models_dir, "broken", 1)
    until(lambda: check(server, "") == "NOT_SERVING")
    assert (check(server, "broken"), check(server, "tiny")) == ("NOT_SERVING", "SERVING")
    shutil.rmtree(models_dir / "broken")
    until(lambda: check(server, "") == "SERVING")
    assert check(server, "broken") == "NOT_SERVING"


def test_health_can_be_watched_and_ends_before_the_server_does(models_dir):
    server = EmbeddedServer(models_dir, FREE_PORTS)
    server.start()
    seen: queue.Queue[str] = queue.Queue()

    def watch(service):
        with grpc.insecure_channel(server.grpc_address) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            try:
                for answer in stub.Watch(health_pb2.HealthCheckRequest(service=service)):
                    seen.put(STATUS.Name(answer.status))
            except grpc.RpcError as error:
                seen.put(error.code().name)

    watching = threading.Thread(target=watch, args=("other",))
    watching.start()
    assert seen.get(timeout=10) == "SERVICE_UNKNOWN"
    push(TINY_2, models_dir, "other", keep=1)
    assert seen.get(timeout=10) == "SERVING"
    stopping = threading.Thread(target=server.stop)
    started = time.monotonic()
    stopping.start()
    assert seen.get(timeout=10) == "NOT_SERVING"
    stopping.join()
    assert time.monotonic() - started < 3  # and not for as long as somebody watches
    watching.join(timeout=20)
    assert not watching.is_alive()


def metric(server, name: str) -> dict[str, float]:
    text = httpx.get(f"{server.rest_url}/metrics").text
    found = re.findall(rf'^{re.escape(name)}{{model_name="(\w+)"}} (\S+)$', text, re.MULTILINE)
    return {model: float(value) for model, value in found}


def test_metrics_say_which_version_answers_how_old_it_is_and_what_failed(server, models_dir):
    exported = (models_dir / "tiny" / "1" / "saved_model.pb").stat().st_mtime
    assert metric(server, ":marquee:serving:model_version") == {"tiny": 1}
    assert metric(server, ":marquee:serving:newest_version") == {"tiny": 1}
    assert metric(server, ":marquee:serving:failed_load_count") == {"tiny": 0}
    age = metric(server, ":marquee:serving:model_exported_timestamp_seconds")
    assert age == {"tiny": pytest.approx(exported, abs=1)}

    spoil(models_dir, "tiny", 2)
    until(lambda: metric(server, ":marquee:serving:failed_load_count") == {"tiny": 1})
    assert metric(server, ":marquee:serving:model_version") == {"tiny": 1}
    assert metric(server, ":marquee:serving:newest_version") == {"tiny": 2}
    spoil(models_dir, "broken", 1)
    until(lambda: metric(server, ":marquee:serving:newest_version") == {"broken": 1, "tiny": 2})
    shutil.rmtree(models_dir / "broken")
    until(lambda: metric(server, ":marquee:serving:newest_version") == {"tiny": 2})
    assert "process_resident_memory_bytes" in httpx.get(f"{server.rest_url}/metrics").text


def test_metrics_count_what_a_log_could_not_take(tmp_path, models_dir, monkeypatch):
    config = replace(FREE_PORTS, log=LogConfig(tmp_path / "log", sample=1.0))
    with EmbeddedServer(models_dir, config) as server:
        monkeypatch.setattr(
            server._log._folder, "append", lambda _: (_ for _ in ()).throw(OSError(28, "full"))
        )
        httpx.post(f"{server.rest_url}/v1/models/tiny:predict", content=ROW)
        line = ':marquee:serving:prediction_log_count{result="failed"} 1.0'
        until(lambda: line in httpx.get(f"{server.rest_url}/metrics").text)


def test_start_new_versions_failed_loads_and_the_stop_are_a_line_each(models_dir, caplog):
    caplog.set_level(logging.INFO, logger="serving")

    def said(pattern):
        return [message for message in caplog.messages if re.search(pattern, message)]

    with EmbeddedServer(models_dir, FREE_PORTS) as server:
        assert said(r"^tiny: version 1 answers \(loaded in \d+\.\d s\)$")
        assert said(
            rf"^started in .* s: answers at {server.rest_url} and, over gRPC, at {server.grpc_address};"
        )
        push(TINY_1, models_dir, "tiny", keep=2)
        until(lambda: said(r"^tiny: version 2 answers, in place of version 1 \(loaded in"))
        spoil(models_dir, "tiny", 3)
        failed = r"^tiny: version 3 cannot be loaded, version 2 goes on answering: .*saved_model\.pb"
        until(lambda: said(failed))
        shutil.rmtree(models_dir / "tiny" / "3")
        rollback(models_dir, "tiny")
        until(lambda: said(r"^tiny: version 1 answers, in place of version 2"))
    assert said(r"^stopping: ")
    assert caplog.messages[-1] == "stopped"
    assert not any("\n" in message for message in caplog.messages)
    assert len(said(failed)) == 1  # it is not tried, or told, again and again


def test_a_server_without_models_says_that_it_waits(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="serving")
    with EmbeddedServer(tmp_path / "none", FREE_PORTS):
        assert f"no model answers yet: waiting for the first in {tmp_path / 'none'}" in caplog.messages


def test_a_version_with_leading_zeros_answers_as_its_number(tmp_path):
    shutil.copytree(TINY_1, tmp_path / "tiny" / "00000123")
    with EmbeddedServer(tmp_path, FREE_PORTS) as server:
        assert httpx.get(f"{server.rest_url}/healthz").json() == {"status": "ok", "models": {"tiny": 123}}
        url = f"{server.rest_url}/v1/models/tiny/versions/123:predict"
        assert httpx.post(url, content=ROW).json() == {"predictions": [4.0]}
