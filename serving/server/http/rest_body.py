"""Reads the body of a REST request from ASGI: complete, decompressed and within the limits."""

from starlette.types import Receive, Scope

from serving.server.http.inflate import READ, NotInflatable, TooLarge, inflate

HELD_BODIES = 16  # bodies of maximum size that all requests together may hold


class BodyError(Exception):
    """Refusal of a body, with the status and the message of the answer."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status
        self.message = message


class Disconnected(Exception):
    """The client has disconnected, so nobody waits for an answer."""


class Bodies:
    """Reads bodies, and counts the bytes that the server holds.

    Args:
        max_bytes: maximum size of a body in bytes, both as sent and decompressed.
    """

    def __init__(self, max_bytes: int):
        self._max_bytes = max_bytes
        self._held = 0

    async def read(self, scope: Scope, receive: Receive) -> tuple[bytes, str]:
        """Returns the body as it was sent, and its encoding.

        Raises BodyError and Disconnected. The caller must call `release` when the request is answered.
        """
        encoding = "identity"
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self._max_bytes:
                raise self._too_large()
            if name == b"content-encoding":
                encoding = _known(value)
        chunks, size = [], 0
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Disconnected
                chunk = message.get("body", b"")
                chunks.append(chunk)
                size += len(chunk)
                self._held += len(chunk)
                if size > self._max_bytes:
                    raise self._too_large()
                self.hold(0)
                if not message.get("more_body"):
                    return b"".join(chunks), encoding
        except BaseException:
            self.release(size)
            raise

    def hold(self, grown: int) -> None:
        """Counts `grown` more bytes, by which decompression has enlarged a body.

        Raises BodyError if all bodies together are over the limit; the bytes count until they are released.
        """
        self._held += grown
        if self._held > HELD_BODIES * self._max_bytes:
            raise BodyError(503, "The server holds as many requests as it can: send it again later")

    def release(self, size: int) -> None:
        """Stops counting a body of `size` bytes, the decompressed size if it was decompressed."""
        self._held -= size

    def inflated(self, body: bytes, encoding: str) -> bytes:
        """Returns the decompressed content of a body. Raises BodyError; may take a while."""
        try:
            return inflate(body, encoding, self._max_bytes)
        except TooLarge:
            raise self._too_large() from None
        except NotInflatable as error:
            raise BodyError(400, str(error)) from None

    def _too_large(self) -> BodyError:
        return BodyError(413, f"Request body is over the limit of {self._max_bytes} bytes: send fewer rows")


def _known(value: bytes) -> str:
    encoding = value.decode("latin-1").strip().lower() or "identity"
    if encoding not in READ:
        raise BodyError(
            415, f"Content-Encoding {encoding[:50]} is not read here: send gzip, deflate or none at all"
        )
    return encoding
