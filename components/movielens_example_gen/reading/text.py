"""Decoding of bytes line by line: a wrong byte invalidates only its own line, and is reported."""

from collections.abc import Iterator


def decoded(line: bytes, encoding: str = "utf-8") -> tuple[str | None, str]:
    """Decodes a line, or returns None and what is wrong with it."""
    try:
        return line.decode(encoding), ""
    except UnicodeDecodeError as error:
        place = f"byte 0x{line[error.start]:02x} at place {error.start + 1} of the line"
        return None, f"is not {encoding.upper()}: {place}"


def shown(line: bytes) -> str:
    r"""A line as it can be shown, wrong bytes as `\xe9`."""
    return line.decode("utf-8", "backslashreplace")


def encoding_of(data: bytes, older: bool) -> str:
    """`utf-8`, or the one-byte encoding of the data sets of before UTF-8.

    Args:
        data: a whole file.
        older: whether the file's layout is one of those. GroupLens wrote 100K and 1M in latin-1. Such a
            file is read so if no line of it has UTF-8: one wrong byte in a UTF-8 file must not spoil all.
    """
    try:
        data.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    if not older or any(not line.isascii() and decoded(line)[0] is not None for line in data.split(b"\n")):
        return "utf-8"
    # Windows has letters and quotes where latin-1 has control characters.
    try:
        return "cp1252" if any(0x80 <= byte < 0xA0 for byte in data) and data.decode("cp1252") else "latin-1"
    except UnicodeDecodeError:
        return "latin-1"


def lines_of(data: bytes, older: bool = False, encoding: str | None = None) -> Iterator[tuple[int, str, str]]:
    """The number, from 1, and the text of each line, its end left out; and what is wrong with it, or nothing.

    A line with something wrong is not to be read: its text is as `shown`.

    Args:
        data: a whole file.
        older: as for `encoding_of`.
        encoding: the encoding, if it is known.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    encoding = encoding or encoding_of(data, older)
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), start=1):
        line = line.removesuffix(b"\r")
        decoded_line, wrong = decoded(line, encoding)
        yield number, shown(line) if decoded_line is None else decoded_line, wrong
