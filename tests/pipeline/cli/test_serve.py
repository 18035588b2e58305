"""`marquee serve` and `marquee rate`, as somebody types them."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import httpx
import pytest

from pipeline.cli.serve import _announce
from serving.server.config import ServerConfig
from serving.server.registry import Registry
from serving.server.server import EmbeddedServer
from serving.versions.versions import push
from tests.serving.conftest import TINY_1
from tests.serving.tiny_recommender import export_tiny
from tests.warm_process import WarmPopen


@pytest.fixture
def serve(tmp_path):
    """Starts `marquee serve --binary embedded` and collects what it writes."""
    started = []

    def start(*arguments):
        process = WarmPopen(
            "pipeline.cli.app",
            ["serve", "--binary", "embedded", *arguments],
            tmp_path,
            os.environ | {"COLUMNS": "100"},
        )
        lines: list[str] = []

        def collect():
            for line in process.stdout:
                lines.append(line.rstrip())

        reader = threading.Thread(target=collect)
        reader.start()
        running = SimpleNamespace(process=process, lines=lines, reader=reader)
        started.append(running)
        return running

    yield start
    for running in started:
        running.process.kill()
        running.process.wait()
        running.reader.join()


def line(running, pattern, seconds=200.0):
    """The first line that matches, once it is there."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for each in list(running.lines):
            if found := re.search(pattern, each):
                return found
        time.sleep(0.05)
    raise AssertionError(f"no line like {pattern!r} among {running.lines}")


def test_an_absent_workspace_is_waited_for_and_said(serve, tmp_path):
    workspace = tmp_path / "not" / "there"
    running = serve("--workspace", workspace, "--rest-port", 0, "--grpc-port", 0)
    url = line(running, r"REST (\S+)")[1]
    models = workspace / "serving_models"
    assert line(running, rf"^waiting for a first model in {models}, which is not there. Push one first: ")
    assert httpx.get(f"{url}/healthz").status_code == 503
    stamp = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4} "
    assert line(running, stamp + r"INFO started in \d+\.\d s: answers at ")
    assert line(running, stamp + rf"WARNING no model answers yet: waiting for the first in {models}$")

    push(TINY_1, models, "tiny", keep=1)
    assert line(running, stamp + r"INFO tiny: version 1 answers \(loaded in \d+\.\d s\)$")
    assert httpx.get(f"{url}/healthz").json() == {"status": "ok", "models": {"tiny": 1}}
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=20) == 0
    assert line(running, stamp + "INFO stopped$")
    assert not [each for each in running.lines if "Traceback" in each]


def test_the_version_that_answers_is_announced_though_a_higher_one_is_there(tmp_path, capsys):
    for name, broken in (("tiny", ["2"]), ("worse", ["1"])):
        for version in ("1", "2")[: 2 if name == "tiny" else 1]:
            shutil.copytree(TINY_1, tmp_path / name / version)
        for version in broken:
            (tmp_path / name / version / "variables" / "variables.index").unlink()
    registry = Registry(tmp_path)
    registry.poll()
    _announce(
        SimpleNamespace(
            registry=registry, models_dir=tmp_path, config=ServerConfig(), rest_url="R", grpc_address="G"
        )
    )
    registry.stop()
    assert capsys.readouterr().out.splitlines() == [
        "tiny version 1",
        "worse has no version that can be loaded",
        "REST R   gRPC G   Ctrl-C stops",
    ]


@pytest.mark.parametrize("option", ["--rest-port", "--grpc-port"])
def test_a_port_in_use_is_a_sentence_before_tensorflow_is_loaded(tmp_path, option):
    shutil.copytree(TINY_1, tmp_path / "tiny" / "1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        other = {"--rest-port": "--grpc-port", "--grpc-port": "--rest-port"}[option]
        code = (
            "import sys\nfrom pipeline.cli.app import main\ntry:\n    main()\n"
            "finally:\n    print([name for name in ('tensorflow', 'grpc') if name in sys.modules])"
        )
        command = [sys.executable, "-c", code, "serve", "--models", str(tmp_path), "--binary", "embedded"]
        answer = subprocess.run(
            [*command, option, str(port), other, "0"], capture_output=True, text=True, timeout=60
        )
    assert answer.returncode == 1
    kind = "REST" if option == "--rest-port" else "gRPC"
    assert f"Cannot listen for {kind} on 127.0.0.1:{port}: Address already in use" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stdout.strip() == "[]"


@pytest.fixture
def marquee(in_process):
    return in_process


def test_one_port_for_both_protocols_is_a_sentence(marquee, tmp_path):
    answer = marquee("serve", "--models", tmp_path, "--rest-port", 21599, "--grpc-port", 21599)
    assert answer.status == 1
    assert answer.err == "error: REST and gRPC cannot both listen on port 21599\nName two ports.\n"


def test_the_version_is_that_of_the_project(marquee):
    answer = marquee("--version")
    assert (answer.status, bool(re.fullmatch(r"marquee \d+\.\d+\.\d+\n", answer.out))) == (0, True)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A server of a small `retrieval` and `recommender`, and of a `ranking` by title."""
    models = tmp_path_factory.mktemp("models")
    export_tiny(models)
    shutil.copytree(TINY_1, models / "ranking" / "1")
    with EmbeddedServer(models, ServerConfig(rest_port=0, grpc_port=0)) as running:
        yield running.rest_url


def test_a_title_that_nobody_has_is_told_with_titles_near_it(marquee, films):
    answer = marquee("rate", "--user", "42", "Alien", "Nope (2050)", "Star Wars (1977)", "--server", films)
    assert answer.status == 1
    assert answer.out == ""
    assert answer.err == (
        'error: no film is called "Alien"; did you mean "Alien (1979)", "Aliens (1986)"?\n'
        'no film is called "Nope (2050)"\n'
        'Write titles as the catalogue does: "Star Wars (1977)".\n'
    )


def test_titles_that_there_are_are_rated_at_an_address_without_scheme(marquee, films):
    server = films.removeprefix("http://")
    answer = marquee("rate", "--user", "42", "Alien (1979)", "--json", "--server", server)
    assert json.loads(answer.out) == [{"movie_title": "Alien (1979)", "user_rating": 3.0}]


def test_a_server_of_ranking_alone_rates_whatever_is_asked(marquee, tmp_path):
    shutil.copytree(TINY_1, tmp_path / "ranking" / "1")
    with EmbeddedServer(tmp_path, ServerConfig(rest_port=0, grpc_port=0)) as running:
        answer = marquee("rate", "--user", "42", "Nope", "--json", "--server", running.rest_url)
    assert json.loads(answer.out) == [{"movie_title": "Nope", "user_rating": 3.5}]


def test_an_address_that_is_none_is_a_sentence(marquee):
    answer = marquee("rate", "--user", "42", "Alien (1979)", "--server", "localhost")
    assert answer.status == 1
    assert answer.err.startswith('error: "localhost" is no REST address\nWrite a host and its port')
