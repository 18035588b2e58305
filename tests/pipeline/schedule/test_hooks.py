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


def test_what_a_command_leaves_in_the_background_is_not_waited_for():
    begun = time.monotonic()
    assert call_hook("setsid sleep 20 & exit 0", REPORT, timeout=10) is None
    assert call_hook("setsid sleep 20 & sleep 60", REPORT, timeout=0.2).endswith("killed after 0 s")
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("target", "report", "problem"),
    [
        (r"printf '\377'; exit 3", REPORT, r"printf '\377'; exit 3: exit status 3: �"),
        ('test "$MARQUEE_MESSAGE" = "a NUL"', REPORT | {"message": "a\0 NUL"}, None),
        ("cat > /dev/null", REPORT | {"message": "half a letter \ud83d"}, None),
        ("no\0command", REPORT, "no\0command: embedded null byte"),
    ],
)
def test_whatever_is_said_a_hook_raises_nothing(target, report, problem):
    assert call_hook(target, report) == problem


def test_a_proxy_that_cannot_be_used_is_told_of_and_never_raised(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    assert call_hook("http://127.0.0.1:9/", REPORT).startswith("http://127.0.0.1:9/: ")
