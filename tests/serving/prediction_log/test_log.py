"""The embedded server's log: what it holds, and that no request ever depends on it."""

import errno
import os
import re
import shutil
import signal
import sys
import threading
from dataclasses import replace

import httpx
import pytest

from serving.client import GrpcClient, RestClient
from serving.errors import ServingError
from serving.prediction_log import folder as log_folder
from serving.prediction_log import log as prediction_log
from serving.prediction_log.config import LogConfig
from serving.prediction_log.log import PredictionLog
from serving.prediction_log.reader import log_files, read
from serving.server.config import ServerConfig
from serving.server.server import EmbeddedServer
from serving.server.tensorflow_model_server import BinaryServer
from tests.warm_process import WarmPopen

from ..conftest import FREE_PORTS, TINY_1
from ..test_server import ROW, until

SPEED = {"user_id": ["42"], "movie_title": ["Speed (1994)"]}


@pytest.fixture
def logs(tmp_path):
    return tmp_path / "logs"


def serving(models_dir, logs, **settings):
    return EmbeddedServer(models_dir, replace(FREE_PORTS, log=LogConfig(logs, **{"sample": 1.0, **settings})))


def logged(logs):
    faults = []
    return list(read(log_files(str(logs)), faults)), faults


def counts(server):
    text = httpx.get(f"{server.rest_url}/metrics").text
    found = re.findall(r':marquee:serving:prediction_log_count\{result="(\w+)"\} (\S+)', text)
    return {result: int(float(count)) for result, count in found}


@pytest.mark.parametrize("format_", ["jsonl", "tfrecord"])
def test_requests_over_rest_and_grpc_are_logged_with_their_answers(models_dir, logs, format_):
    with serving(models_dir, logs, format=format_) as server:
        with RestClient(server.rest_url) as rest, GrpcClient(server.grpc_address) as grpc:
            for client in (rest, grpc):
                client.predict("tiny", SPEED)
                client.predict("tiny", {"user_id": ["42"], "k": 2}, signature="recommend")
            with pytest.raises(ServingError):
                rest.predict("tiny", {"user_id": ["42"]})  # what has no answer is not logged
        until(lambda: counts(server) == {"logged": 4, "dropped": 0, "failed": 0})
        [growing] = os.listdir(logs)
        assert growing.endswith(f".{format_}.partial")
    [finished] = os.listdir(logs)
    assert finished == growing.removesuffix(".partial")

    found, faults = logged(logs)
    assert faults == []
    assert [(each.model, each.version, each.signature) for each in found] == [
        ("tiny", 1, "serving_default"),
        ("tiny", 1, "recommend"),
    ] * 2
    for asked, listed in (found[:2], found[2:]):
        assert asked.inputs["user_id"].tolist() == [b"42"]
        assert asked.inputs["movie_title"].tolist() == [b"Speed (1994)"]
        assert asked.outputs["user_rating"].tolist() == [4.0]
        assert listed.inputs["k"] == 2
        assert listed.outputs["movie_title"].tolist() == [["Amélie (2001)".encode(), b"Speed (1994)"]]
    if format_ == "jsonl":
        assert [each.protocol for each in found] == ["REST", "REST", "GRPC", "GRPC"]
        assert all(0 < each.seconds < 5 for each in found)


def test_without_a_log_nothing_is_written_and_no_metric_is_there(models_dir, tmp_path):
    before = set(tmp_path.rglob("*"))
    with EmbeddedServer(models_dir, FREE_PORTS) as server:
        assert httpx.post(f"{server.rest_url}/v1/models/tiny:predict", content=ROW).status_code == 200
        assert counts(server) == {}
    assert set(tmp_path.rglob("*")) == before


def test_a_sample_is_drawn_request_by_request_and_alike_for_a_seed(logs):
    def drawn(seed):
        log = PredictionLog(LogConfig(logs, sample=0.2, seed=seed))
        return [log.wants() for _ in range(5000)]

    assert 900 < sum(drawn(1)) < 1100
    assert drawn(1) == drawn(1) != drawn(2)
    assert all(PredictionLog(LogConfig(logs, sample=1)).wants() for _ in range(100))
    assert not any(PredictionLog(LogConfig(logs, sample=0)).wants() for _ in range(100))


def test_a_file_is_finished_when_it_is_large_and_no_request_is_lost_between_two(models_dir, logs):
    with serving(models_dir, logs, rotate_mb=0.001) as server, RestClient(server.rest_url) as client:
        for number in range(30):
            client.predict("tiny", {**SPEED, "user_id": [str(number)]})
        until(lambda: counts(server)["logged"] == 30)
        finished = [name for name in os.listdir(logs) if name.endswith(".jsonl")]
    assert len(finished) > 1
    assert all(os.path.getsize(logs / name) >= 1000 for name in finished)

    found, faults = logged(logs)
    assert faults == []
    assert sorted(int(each.inputs["user_id"][0]) for each in found) == list(range(30))


def test_a_file_is_finished_when_it_is_old_though_nobody_asks_any_more(models_dir, logs):
    with serving(models_dir, logs, rotate_minutes=0.005) as server:
        httpx.post(f"{server.rest_url}/v1/models/tiny:predict", content=ROW)
        until(lambda: [name for name in os.listdir(logs) if name.endswith(".jsonl")])
        assert server.running


def test_a_stuck_disk_holds_up_no_answer_and_what_is_dropped_is_counted(
    models_dir, logs, monkeypatch, caplog
):
    stuck, append = threading.Event(), log_folder.LogFolder.append
    monkeypatch.setattr(prediction_log, "MOST_EXCHANGES", 10)
    monkeypatch.setattr(
        log_folder.LogFolder, "append", lambda self, records: stuck.wait(60) and append(self, records)
    )
    with serving(models_dir, logs) as server:
        try:
            with RestClient(server.rest_url) as rest, GrpcClient(server.grpc_address) as grpc:
                for _ in range(25):
                    assert rest.predict("tiny", SPEED)["user_rating"] == [4.0]
                    assert grpc.predict("tiny", SPEED)["user_rating"] == [4.0]
            assert counts(server) == {"logged": 0, "dropped": 40, "failed": 0}
        finally:
            stuck.set()
        until(lambda: counts(server) == {"logged": 10, "dropped": 40, "failed": 0})
    assert len(logged(logs)[0]) == 10
    assert len([text for text in caplog.messages if "some are left out" in text]) == 1


def test_a_log_that_stays_stuck_does_not_keep_the_server_from_ending(models_dir, logs, monkeypatch, caplog):
    monkeypatch.setattr(log_folder.LogFolder, "append", lambda self, records: threading.Event().wait(30))
    config = replace(FREE_PORTS, log=LogConfig(logs, sample=1.0), grace_seconds=0.3)
    with EmbeddedServer(models_dir, config) as server:
        httpx.post(f"{server.rest_url}/v1/models/tiny:predict", content=ROW)
    assert "the prediction log could not be written in time: 1 are lost" in caplog.messages


def test_a_full_disk_stops_no_answer_leaves_no_half_record_and_is_said_once(
    models_dir, logs, monkeypatch, caplog
):
    full, half_written, write = threading.Event(), threading.Event(), os.write

    def write_what_fits(file, data):
        if not full.is_set() or threading.current_thread().name != "prediction-log":
            return write(file, data)
        if half_written.is_set():
            half_written.clear()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        half_written.set()
        return write(file, data[:10])

    monkeypatch.setattr(os, "write", write_what_fits)
    with serving(models_dir, logs) as server, RestClient(server.rest_url) as client:
        results = []
        for user, is_full in (("1", False), ("2", True), ("3", True), ("4", False)):
            full.set() if is_full else full.clear()
            client.predict("tiny", {**SPEED, "user_id": [user]})
            results.append("failed" if is_full else "logged")
            until(lambda: counts(server)[results[-1]] == results.count(results[-1]))
        assert counts(server) == {"logged": 2, "dropped": 0, "failed": 2}
    found, faults = logged(logs)
    assert faults == []
    assert [each.inputs["user_id"][0] for each in found] == [b"1", b"4"]
    assert len([text for text in caplog.messages if "No space left on device" in text]) == 1


def test_a_folder_that_cannot_be_written_is_one_clear_error_at_the_start(models_dir, tmp_path):
    (tmp_path / "file").write_text("")
    message = rf"Predictions cannot be logged to {tmp_path}/file/logs: Not a directory\nName a folder"
    with pytest.raises(ServingError, match=message), serving(models_dir, tmp_path / "file" / "logs"):
        pass


def test_tf_serving_itself_is_not_asked_to_log(models_dir, logs):
    with pytest.raises(ServingError, match="a stock TensorFlow Serving has no log collector"):
        BinaryServer(models_dir, ServerConfig(log=LogConfig(logs)), binary=sys.executable)


@pytest.fixture
def marquee_serve(tmp_path, logs):
    """Starts `marquee serve --log` in a process of its own; gives it and its REST address."""
    shutil.copytree(TINY_1, tmp_path / "models" / "tiny" / "1")
    processes = []

    def start():
        arguments = ["serve", "--models", tmp_path / "models", "--rest-port", "0", "--grpc-port", "0"]
        arguments += ["--log", logs, "--log-sample", "1"]
        process = WarmPopen("pipeline.cli.app", arguments)
        processes.append(process)
        said = ""
        while not (found := re.search(r"REST (http://\S+)", said)):
            said += (line := process.stdout.readline())
            assert line, said
        assert f"logs 1 of the requests to {logs}" in said
        return process, found[1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_sigterm_writes_all_and_what_kill_9_left_is_finished_by_the_next_start(marquee_serve, logs):
    def ask(url, users):
        for user in users:
            body = ROW.replace('"42"', f'"{user}"')
            assert httpx.post(f"{url}/v1/models/tiny:predict", content=body).status_code == 200

    def users():
        return sorted(int(each.inputs["user_id"][0]) for each in logged(logs)[0])

    killed, url = marquee_serve()
    ask(url, range(5))
    until(lambda: users() == [0, 1, 2, 3, 4])
    killed.send_signal(signal.SIGKILL)
    killed.wait(10)
    [left] = logs.iterdir()
    assert left.name.endswith(".jsonl.partial")
    os.truncate(left, left.stat().st_size - 7)  # the page that did not reach the disk
    assert users() == [0, 1, 2, 3]
    assert [fault.what for fault in logged(logs)[1]] == ["line 5 is torn"]

    process, url = marquee_serve()
    assert [file.name for file in logs.iterdir()] == [left.name.removesuffix(".partial")]
    assert (users(), logged(logs)[1]) == ([0, 1, 2, 3], [])
    ask(url, range(10, 40))
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert users() == [0, 1, 2, 3, *range(10, 40)]
    assert not list(logs.glob("*.partial"))
