"""Starting TensorFlow Serving: the process and its configuration, with a program that takes its flags.

Its answers are tested by the contract tests, when TF_SERVING_BINARY names the real one.
"""

import sys
import textwrap

import httpx
import pytest

from serving.errors import ServingError
from serving.server.tensorflow_model_server import BinaryServer, find_binary, models_config
from serving.versions.versions import push

from .conftest import FREE_PORTS, TINY_1
from .test_server import until


@pytest.fixture
def stand_in(tmp_path):
    """A program that takes TensorFlow Serving's flags and calls each model in its configuration AVAILABLE."""
    program = tmp_path / "tensorflow_model_server"
    program.write_text(
        f"#!{sys.executable}\n"
        + textwrap.dedent(
            """
            import http.server, pathlib, re, sys
            flags = dict(argument.lstrip("-").split("=", 1) for argument in sys.argv[1:])

            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    names = re.findall('name: "(.*?)"', pathlib.Path(flags["model_config_file"]).read_text())
                    found = self.path.rpartition("/")[2] in names
                    self.send_response(200 if found else 404)
                    self.end_headers()
                    self.wfile.write(b"AVAILABLE" if found else b"")

            http.server.HTTPServer(("127.0.0.1", int(flags["rest_api_port"])), Handler).serve_forever()
            """
        )
    )
    program.chmod(0o755)
    return str(program)


def test_it_is_started_on_every_model_follows_new_names_and_ends(models_dir, stand_in):
    with BinaryServer(models_dir, FREE_PORTS, binary=stand_in) as server:
        status = f"{server.rest_url}/v1/models"
        assert httpx.get(f"{status}/tiny").text == "AVAILABLE"
        assert httpx.get(f"{status}/other").status_code == 404
        push(TINY_1, models_dir, "other", keep=1)
        until(lambda: httpx.get(f"{status}/other").status_code == 200)
        assert server.running
    assert not server.running
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{status}/tiny")


def test_the_configuration_names_each_model_and_its_folder(models_dir):
    push(TINY_1, models_dir, "other", keep=1)
    assert models_config(models_dir) == (
        "model_config_list {\n"
        f'  config {{ name: "other" base_path: "{models_dir}/other" model_platform: "tensorflow" }}\n'
        f'  config {{ name: "tiny" base_path: "{models_dir}/tiny" model_platform: "tensorflow" }}\n'
        "}\n"
    )


def test_a_program_that_ends_at_once_is_quoted(models_dir, tmp_path):
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\necho no such flag >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(ServingError, match=r"broken ended at once: no such flag"):
        BinaryServer(models_dir, FREE_PORTS, binary=str(program)).start()


def test_a_program_that_is_not_there_is_a_clear_error(monkeypatch, models_dir, tmp_path):
    with pytest.raises(ServingError, match=r"nowhere is no program that can be run\n.*leave the binary out"):
        find_binary(str(tmp_path / "nowhere"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_binary() is None
    with pytest.raises(ServingError, match="tensorflow_model_server is not on PATH"):
        BinaryServer(models_dir)


def test_a_server_that_never_started_can_be_stopped(stand_in, tmp_path):
    BinaryServer(tmp_path / "none", FREE_PORTS, str(stand_in)).stop()
