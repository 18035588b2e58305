"""HTTP/1.1 protocol of the REST API: uvicorn's protocol, completed for real clients and proxies.

* A request that asks for an upgrade (`Upgrade: h2c`: Java's HttpClient, `curl --http2`) is answered as if it
  had not asked, as RFC 9110, section 7.8, allows. uvicorn drops the body of such a request.
* A connection that is idle, or in the middle of a request, is closed after a time; uvicorn waits for ever.
* The request head is limited in size.
* A stopping server sends `Connection: close`, and answers requests that arrive on idle connections meanwhile.
"""

import asyncio
import json
from dataclasses import dataclass

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024
LINGER_SECONDS = 0.2  # lifetime of an idle connection of a stopping server: a request may be on its way


@dataclass(frozen=True)
class Patience:
    """Time limits of a connection, in seconds.

    Attributes:
        idle: limit between two requests.
        request: limit from a request's first byte to its last, and for an answer that is not being read.
    """

    idle: float
    request: float


class HttpProtocol(HttpToolsProtocol):
    """HTTP connection with time limits; `end_if_late` is to be called about once per second."""

    patience = Patience(idle=75.0, request=60.0)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._touched = self.loop.time()  # when bytes came, or an answer was complete
        self._began: float | None = None  # when the request that is still coming in began
        self._head_bytes: int | None = None  # size of an incomplete head; None in a body or between requests
        self._heads = 0  # number of heads that have begun
        self._unread = (0, self._touched)  # unread bytes of the answer, and since when there are as many
        self._stopping = False

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._touched = self.loop.time()
        size, heads, in_head = len(data), self._heads, self._head_bytes is not None
        while True:
            try:
                self.parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as upgrade:
                if self.parser.get_method() == b"CONNECT":
                    self._refuse(400, "CONNECT is not answered here: this is no proxy")
                    return
                data = self._head_without_upgrade() + data[upgrade.args[0] :]
                self._new_parser()
            except httptools.HttpParserError:
                self.send_400_response("Invalid HTTP request received.")
                return
        if in_head and self._head_bytes is not None and self._heads == heads:  # all bytes belong to one head
            self._head_bytes += size
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(431, f"The headers are over the limit of {MAX_HEAD_BYTES} bytes")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        self._heads += 1
        if self._began is None:  # else it is the same request, without its upgrade header
            self._began = self.loop.time()

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # the head is parsed again
        self._head_bytes = None
        super().on_headers_complete()
        if self._stopping:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._began = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._touched = self.loop.time()
        super().on_response_complete()

    def end_if_late(self) -> None:
        """Closes the connection if its client has exceeded a time limit."""
        if self.transport.is_closing():
            if self.transport.get_write_buffer_size() and self._stalled():
                self.transport.abort()
            return
        now = self.loop.time()
        answering = self.cycle is not None and not self.cycle.response_complete
        if self._stalled():
            self.transport.abort()
        elif self._began is None:
            if not answering and now - self._touched > self.patience.idle:
                self.transport.close()
        elif now - self._began > self.patience.request:
            self._end_half_sent(answering)

    def shutdown(self) -> None:
        """Answers the request under way and closes the connection; called when the server stops."""
        self._stopping = True
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LINGER_SECONDS, self._close_if_idle)
        else:
            self.cycle.keep_alive = False

    def _close_if_idle(self) -> None:
        idle = self._began is None and (self.cycle is None or self.cycle.response_complete)
        if idle and not self.transport.is_closing():
            self.transport.close()

    def _end_half_sent(self, answering: bool) -> None:
        in_body = self._head_bytes is None
        if self.pipeline or (answering and not in_body):
            self._began = self.loop.time()  # its client is not at fault: it waits for the answers before it
        elif in_body and (not answering or self.cycle.response_started):
            self.transport.close()  # the request was refused before all of it had arrived
        else:
            self._refuse(408, f"The request was not complete after {self.patience.request:g} seconds")

    def _stalled(self) -> bool:
        size, since = self._unread
        left = self.transport.get_write_buffer_size()
        if left == 0 or left != size:
            self._unread = (left, self.loop.time())
            return False
        return self.loop.time() - since > self.patience.request

    def _refuse(self, status: int, message: str) -> None:
        body = json.dumps({"error": message}).encode()
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(
            body
        )
        self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.close()

    def _head_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        lines += [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _new_parser(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
