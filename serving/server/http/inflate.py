"""Request bodies that come compressed: `Content-Encoding: gzip` or `deflate`, inflated up to a limit."""

import re
import zlib

READ = ("gzip", "x-gzip", "deflate", "identity")
_GZIP, _ZLIB, _RAW = 31, 15, -15  # zlib's window bits say which header it expects
_WINDOW = 64 * 1024  # bytes given to zlib at once: what a member leaves of them is copied
_MOST_MEMBERS = 10_000
_PADDING = re.compile(rb"\0*")  # gzip's files may be padded


class TooLarge(Exception):
    """What comes out is over the limit; no more than that was inflated."""


class NotInflatable(Exception):
    """The body is not what its encoding says; the message says how."""


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """Inflates a request body.

    Args:
        body: as it was sent; of gzip, any number of members one after another.
        encoding: one of READ.
        limit: bytes; what comes out is never held beyond it.

    Raises:
        TooLarge: more than `limit` bytes come out.
        NotInflatable: the body is not what its encoding says.
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
            assert padding is not None  # none at all matches too
            place = padding.end()
            if place < len(body):
                member = zlib.decompressobj(bits)
    if not member.eof:
        raise NotInflatable(f"Request body is not {encoding}: it ends before its end")
    return b"".join(parts)


def _is_zlib(body: bytes) -> bool:
    """RFC 1950: method 8 in the first byte, and both bytes a multiple of 31."""
    return len(body) >= 2 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
