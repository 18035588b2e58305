"""What clients and proxies send over HTTP/1.1: upgrades, compressed bodies, half requests; and stopping."""

import contextlib
import gzip
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import zlib
from dataclasses import replace
from http.client import HTTPResponse

import httpx
import pytest

from serving.server.server import EmbeddedServer

from .conftest import FREE_PORTS, TINY_1

pytestmark = pytest.mark.skipif("TF_SERVING_BINARY" in os.environ, reason="about the embedded server alone")

BODY = b'{"instances": [{"user_id": "42", "movie_title": "Speed (1994)"}]}'
RIGHT = {"predictions": [4.0]}
PREDICT = "/v1/models/tiny:predict"
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"


def head(*headers: bytes, length: int = len(BODY), path: str = PREDICT, method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1\r\nHost: here\r\nContent-Length: {length}\r\n".encode(), *headers]
    return b"".join(lines) + b"\r\n"


def connect(server) -> socket.socket:
    host, port = server.rest_url.removeprefix("http://").rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=20)


def answer(connection: socket.socket) -> tuple[int, dict, dict]:
    """The next response on a connection: status, headers, JSON."""
    response = HTTPResponse(connection)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return response.status, headers, json.loads(response.fp.read(int(headers["content-length"])))


def answers(connection: socket.socket, count: int) -> list[tuple[int, dict]]:
    """The next responses, which may arrive together."""
    file = connection.makefile("rb")
    found = []
    for _ in range(count):
        status = int(file.readline().split()[1])
        length = 0
        while (line := file.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        found.append((status, json.loads(file.read(length))))
    return found


def closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.fixture
def connection(tiny_server):
    with connect(tiny_server) as opened:
        yield opened


class TestAnUpgradeThatIsAskedFor:
    def test_is_ignored_and_the_connection_stays_open(self, connection):
        for _ in range(3):
            connection.sendall(head(H2C) + BODY)
            assert answer(connection)[::2] == (200, RIGHT)
        connection.sendall(head() + BODY)
        assert answer(connection)[::2] == (200, RIGHT)

    def test_is_ignored_wherever_the_bytes_are_cut(self, tiny_server):
        request = head(H2C) + BODY
        for cut in range(1, len(request), 7):
            with connect(tiny_server) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.sendall(request[:cut])
                time.sleep(0.002)
                connection.sendall(request[cut:])
                assert answer(connection)[::2] == (200, RIGHT), cut

    def test_is_ignored_among_requests_that_are_sent_together(self, connection):
        connection.sendall((head() + BODY) + (head(H2C) + BODY) * 2 + (head() + BODY))
        assert answers(connection, 4) == [(200, RIGHT)] * 4

    def test_is_ignored_of_a_request_without_a_body(self, connection):
        for _ in range(2):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n" + H2C + b"\r\n")
            assert answer(connection)[2]["status"] == "ok"

    def test_is_ignored_of_a_websocket_too(self, connection):
        connection.sendall(head(b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n") + BODY)
        assert answer(connection)[::2] == (200, RIGHT)

    def test_is_ignored_of_a_chunked_body(self, connection):
        start = f"POST {PREDICT} HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n".encode()
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:9], BODY[9:])) + b"0\r\n\r\n"
        connection.sendall(start + H2C + b"\r\n" + chunks)
        assert answer(connection)[::2] == (200, RIGHT)

    def test_is_ignored_where_the_client_waits_for_a_100(self, connection):
        connection.sendall(head(H2C, b"Expect: 100-continue\r\n"))
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        assert answer(connection)[::2] == (200, RIGHT)

    def test_does_not_keep_a_connection_that_is_to_be_closed(self, connection):
        connection.sendall(head(b"Connection: close, Upgrade\r\nUpgrade: h2c\r\n") + BODY)
        status, headers, found = answer(connection)
        assert (status, headers["connection"], found) == (200, "close", RIGHT)
        assert closed(connection)

    def test_of_a_tunnel_is_refused(self, connection):
        connection.sendall(b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n")
        assert answer(connection)[0] == 400
        assert closed(connection)

    @pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
    def test_of_curl_is_ignored(self, tiny_server):
        command = ["curl", "-s", "--noproxy", "*", "--http2", "-d", BODY, tiny_server.rest_url + PREDICT]
        assert json.loads(subprocess.run(command, capture_output=True, check=True).stdout) == RIGHT


class TestACompressedBody:
    def post(self, server, body, encoding):
        headers = {"Content-Encoding": encoding}
        response = httpx.post(server.rest_url + PREDICT, content=body, headers=headers)
        return response.status_code, response.json()

    @pytest.mark.parametrize(
        ("encoding", "body"),
        [
            ("gzip", gzip.compress(BODY)),
            ("X-GZip", gzip.compress(BODY)),
            ("gzip", gzip.compress(BODY[:20]) + gzip.compress(b"") + gzip.compress(BODY[20:]) + b"\0" * 8),
            ("deflate", zlib.compress(BODY)),
            ("deflate", zlib.compress(BODY, wbits=-15)),
            ("identity", BODY),
        ],
        ids=["gzip", "x-gzip", "members", "zlib", "bare-deflate", "identity"],
    )
    def test_is_inflated(self, tiny_server, encoding, body):
        assert self.post(tiny_server, body, encoding) == (200, RIGHT)

    @pytest.mark.parametrize(
        ("encoding", "body", "status", "error"),
        [
            ("gzip", BODY, 400, "Request body is not gzip: Error -3 while decompressing data"),
            ("gzip", b"", 400, "Request body is not gzip: it ends before its end"),
            ("gzip", gzip.compress(BODY)[:-9], 400, "Request body is not gzip: it ends before its end"),
            ("gzip", gzip.compress(b"") * 10_001, 400, "more than 10000 gzip members"),
            ("br", BODY, 415, "Content-Encoding br is not read here: send gzip, deflate or none at all"),
            ("gzip, gzip", BODY, 415, "Content-Encoding gzip, gzip is not read here"),
        ],
        ids=["plain", "empty", "cut", "members", "br", "twice"],
    )
    def test_that_is_not_what_it_says_is_a_sentence(self, tiny_server, encoding, body, status, error):
        found, said = self.post(tiny_server, body, encoding)
        assert found == status
        assert error in said["error"]

    def test_that_grows_beyond_the_limit_is_refused_before_it_does(self, tiny_server):
        layer = gzip.compress(b" " * 2**20)
        with open("/proc/self/status") as file:
            before = int(file.read().split("VmRSS:")[1].split()[0])
        assert self.post(tiny_server, layer * 2_000, "gzip") == (  # 2 MB that stand for 2 GB
            413,
            {"error": "Request body is over the limit of 16777216 bytes: send fewer rows"},
        )
        with open("/proc/self/status") as file:
            assert int(file.read().split("VmRSS:")[1].split()[0]) - before < 100_000  # kB

    def test_is_held_at_the_size_that_it_is_inflated_to(self, tiny_server, monkeypatch):
        monkeypatch.setattr("serving.server.http.rest_body.HELD_BODIES", 1 / 1024)  # 16 kB together
        for _ in range(2):
            assert self.post(tiny_server, gzip.compress(BODY + b" " * 20_000), "gzip") == (
                503,
                {"error": "The server holds as many requests as it can: send it again later"},
            )
            assert self.post(tiny_server, gzip.compress(BODY + b" " * 10_000), "gzip") == (200, RIGHT)


@pytest.fixture
def impatient(tmp_path):
    shutil.copytree(TINY_1, tmp_path / "tiny" / "1")
    config = replace(FREE_PORTS, keep_alive_seconds=0.5, request_seconds=1.0)
    with EmbeddedServer(tmp_path, config) as server:
        yield server


class TestAConnection:
    def test_that_is_idle_stays_longer_than_a_proxy_keeps_it(self, tiny_server):
        assert tiny_server.config.keep_alive_seconds == 75

    def test_that_is_idle_for_too_long_is_closed(self, impatient):
        with connect(impatient) as used, connect(impatient) as silent, connect(impatient) as blank:
            used.sendall(head() + BODY)
            assert answer(used)[0] == 200
            blank.sendall(b"\r\n")
            started = time.monotonic()
            assert closed(used)
            assert closed(silent)
            assert closed(blank)
            assert time.monotonic() - started < 5

    def test_that_stops_in_a_head_or_a_body_is_told_and_closed(self, impatient):
        with connect(impatient) as in_head, connect(impatient) as in_body:
            in_head.sendall(head()[:40])
            in_body.sendall(head() + BODY[:20])
            for half in (in_head, in_body):
                status, headers, found = answer(half)
                assert (status, headers["connection"]) == (408, "close")
                assert found == {"error": "The request was not complete after 1 seconds"}
                assert closed(half)

    def test_that_trickles_is_closed_all_the_same(self, impatient):
        with connect(impatient) as slow:
            started = time.monotonic()
            with contextlib.suppress(OSError):  # the server has closed it
                for byte in head() * 50:
                    slow.sendall(bytes([byte]))
                    time.sleep(0.02)
            assert time.monotonic() - started < 6

    def test_with_headers_without_end_is_told_and_closed(self, tiny_server):
        with connect(tiny_server) as connection:
            connection.sendall(head()[:-2])

            def flood():
                with contextlib.suppress(OSError):
                    for _ in range(3_000):
                        connection.sendall(b"X-Padding: " + b"x" * 1_000 + b"\r\n")

            flooding = threading.Thread(target=flood)
            flooding.start()
            with contextlib.suppress(ConnectionResetError):  # what was still being sent drops the answer
                assert answer(connection)[0] == 431
            flooding.join()

    @pytest.mark.parametrize("cut", [10, -2])
    def test_whose_head_comes_in_two_may_bring_a_long_body_with_it(self, connection, cut):
        body = BODY + b" " * 200_000
        whole = head(length=len(body)) + body
        cut = len(head(length=len(body))) - 2 if cut < 0 else cut
        connection.sendall(whole[:cut])
        time.sleep(0.1)
        connection.sendall(whole[cut:])
        status, _, found = answer(connection)
        assert (status, found) == (200, RIGHT)

    def test_whose_client_has_gone_in_the_middle_asks_the_model_nothing(self, tiny_server):
        url = f"{tiny_server.rest_url}/metrics"
        before = httpx.get(url).text.count('status="INVALID_ARGUMENT"')
        with connect(tiny_server) as connection:
            connection.sendall(head(length=10_000) + BODY)
        time.sleep(0.1)
        assert httpx.get(url).text.count('status="INVALID_ARGUMENT"') == before


class TestAServerThatStops:
    def test_says_that_connections_close_and_answers_what_is_under_way(self, tmp_path):
        shutil.copytree(TINY_1, tmp_path / "tiny" / "1")
        server = EmbeddedServer(tmp_path, FREE_PORTS)
        server.start()
        with (
            connect(server) as idle,
            connect(server) as half,
            connect(server) as in_head,
            connect(server) as racing,
        ):
            for connection in (idle, racing):
                connection.sendall(head() + BODY)
                assert answer(connection)[0] == 200
            half.sendall(head() + BODY[:20])
            in_head.sendall(head()[:40])
            time.sleep(0.1)
            stopping = threading.Thread(target=server.stop)
            started = time.monotonic()
            stopping.start()
            time.sleep(0.1)
            racing.sendall(head() + BODY)
            half.sendall(BODY[20:])
            time.sleep(0.4)  # longer than an idle connection lingers
            in_head.sendall(head()[40:] + BODY)
            for connection in (half, racing, in_head):
                status, headers, found = answer(connection)
                assert (status, headers["connection"], found) == (200, "close", RIGHT)
                assert closed(connection)
            assert closed(idle)
            stopping.join()
            assert time.monotonic() - started < 3

    def test_ends_in_time_though_a_request_is_never_completed(self, tmp_path):
        shutil.copytree(TINY_1, tmp_path / "tiny" / "1")
        server = EmbeddedServer(tmp_path, replace(FREE_PORTS, grace_seconds=1))
        server.start()
        with connect(server) as half:
            half.sendall(head() + BODY[:20])
            time.sleep(0.1)
            started = time.monotonic()
            server.stop()
            assert time.monotonic() - started < 4
            assert answer(half)[::2] == (503, {"error": "The server is stopping"})
