import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pipeline.schedule.hooks import call_hook

REPORT = {"outcome": "done", "exit": 0, "run_id": "20260101-030000", "summary": {"rmse": 0.87, "name": "ü"}}


@pytest.fixture
def web():
    """A web server on a port of its own; `got` holds what was posted, `status` is what it answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append((self.headers["Content-Type"], json.loads(body)))
            self.send_response(server.status)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.status = [], 204
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_is_told_by_a_post_of_json(web):
    assert call_hook(web.url, REPORT) is None
    assert web.got == [("application/json", REPORT)]


def test_an_address_that_refuses_is_told_of_and_never_raised(web):
    web.status = 500
    assert call_hook(web.url, REPORT) == f"{web.url} answered 500"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://[/"])
def test_an_address_where_nobody_answers_is_told_of_and_never_raised(url):
    assert call_hook(url, REPORT).startswith(f"{url}: ")


def test_a_command_reads_json_and_finds_plain_values_in_its_environment(tmp_path):
    out = tmp_path / "out"
    assert call_hook(f'cat > {out}; echo "$MARQUEE_RUN_ID $MARQUEE_EXIT" >> {out}', REPORT) is None

    body, _, environment = out.read_text().rpartition("}")
    assert json.loads(body + "}") == REPORT
    assert environment == "20260101-030000 0\n"


def test_a_command_need_not_read_what_it_is_told():
    assert call_hook("true", REPORT | {"message": "long " * 100_000}) is None


def test_a_command_that_fails_or_hangs_is_told_of_with_what_it_said():
    assert call_hook("echo no such; exit 4", REPORT) == "echo no such; exit 4: exit status 4: no such"
    begun = time.monotonic()
    assert call_hook("sleep 60 & sleep 60", REPORT, timeout=0.2) == "sleep 60 & sleep 60: killed after 0 s"
    assert time.monotonic() - begun < 10
