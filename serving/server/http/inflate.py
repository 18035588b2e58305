"""Decompression of request bodies (`Content-Encoding: gzip` or `deflate`) up to a size limit."""

import re
import zlib

READ = ("gzip", "x-gzip", "deflate", "identity")
_GZIP, _ZLIB, _RAW = 31, 15, -15  # zlib's window bits say which header it expects
_WINDOW = 64 * 1024  # bytes given to zlib at once: what a gzip member does not use is copied
_MOST_MEMBERS = 10_000
_PADDING = re.compile(rb"\0*")  # gzip's files may be padded


class TooLarge(Exception):
    """The decompressed body is over the limit; decompression stopped there."""


class NotInflatable(Exception):
    """The body does not match its encoding; the message says why."""


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """Decompresses a request body.

    Args:
        body: body as it was sent; for gzip, any number of members one after another.
        encoding: one of READ.
        limit: maximum size of the result in bytes; no more is ever held in memory.

    Raises:
        TooLarge: the result exceeds `limit` bytes.
        NotInflatable: the body does not match its encoding.
    """
    if encoding == "identity":
        return body
    bits = _GZIP
    if encoding == "deflate":  # RFC 9110 means zlib's format; some clients send bare deflate
        bits = _ZLIB if _is_zlib(body) else _RAW
    parts, place, left, members = [], 0, limit, 0
    member = zlib.decompressobj(bits)
    while place < len(body):
        window = body[place : place + _WINDOW]
        try:
            parts.append(member.decompress(window, left + 1))
        except zlib.error as error:
            raise NotInflatable(f"Request body is not {encoding}: {error}") from None
        left -= len(parts[-1])
        if left < 0:
            raise TooLarge
        place += len(window) - len(member.unused_data)
        if member.eof:
            members += 1
            if members > _MOST_MEMBERS:
                raise NotInflatable(f"Request body has more than {_MOST_MEMBERS} {encoding} members")
            padding = _PADDING.match(body, place)
            assert padding is not None  # the pattern matches the empty string too
            place = padding.end()
            if place < len(body):
                member = zlib.decompressobj(bits)
    if not member.eof:
        raise NotInflatable(f"Request body is not {encoding}: it ends before its end")
    return b"".join(parts)


def _is_zlib(body: bytes) -> bool:
    """Returns whether the body has a zlib header (RFC 1950): method 8, and two bytes a multiple of 31."""
    return len(body) >= 2 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
