"""Recognition of files that are not text, by their first bytes."""

from marquee.errors import DataError

_PANDAS = "python -c \"import pandas; pandas.{reader}('{path}').to_csv('ratings.csv', index=False)\""
_UNPACK = "Unpack it, and name what was in it."
# First bytes, what it is, and what to do with it.
_KINDS = (
    (b"\x1f\x8b", "gzip", "Unpack it: gunzip -k {path}"),
    (b"BZh", "bzip2", "Unpack it: bunzip2 -k {path}"),
    (b"\xfd7zXZ\x00", "xz", "Unpack it: unxz -k {path}"),
    (b"\x28\xb5\x2f\xfd", "zstd", "Unpack it: unzstd {path}"),
    (
        b"PK\x03\x04",
        "a zip archive or an Excel workbook (xlsx)",
        "Unpack it, or save the sheet as CSV in UTF-8.",
    ),
    (b"PK\x05\x06", "an empty zip archive", "Make it again."),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!", "a rar archive", _UNPACK),
    (b"PAR1", "Parquet", "Turn it into CSV: " + _PANDAS.replace("{reader}", "read_parquet")),
    (b"ARROW1", "Arrow (Feather)", "Turn it into CSV: " + _PANDAS.replace("{reader}", "read_feather")),
    (b"FEA1", "Feather", "Turn it into CSV: " + _PANDAS.replace("{reader}", "read_feather")),
    (b"ORC", "ORC", "Turn it into CSV: " + _PANDAS.replace("{reader}", "read_orc")),
    (b"Obj\x01", "Avro", "Turn it into CSV."),
    (b"\x89HDF\r\n\x1a\n", "HDF5", "Turn it into CSV: " + _PANDAS.replace("{reader}", "read_hdf")),
    (
        b"SQLite format 3\x00",
        "an SQLite database",
        "Write its table as CSV: sqlite3 -header -csv {path} 'select …'",
    ),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (xls)", "Save the sheet as CSV in UTF-8."),
    (b"\x93NUMPY", "a NumPy array", "Turn it into CSV."),
    (b"%PDF", "PDF", "Ask for the table as CSV."),
    (b"\xff\xfe", "UTF-16", "Write it as UTF-8: iconv -f UTF-16 -t UTF-8 {path} > ratings.csv"),
    (b"\xfe\xff", "UTF-16", "Write it as UTF-8: iconv -f UTF-16 -t UTF-8 {path} > ratings.csv"),
)
_TAR = (257, b"ustar")


def refuse_foreign(path: str, head: bytes, json: bool = False) -> None:
    """Raises DataError if a file that should be text is something else.

    Args:
        path: the file, for the message.
        head: its first bytes, some hundred at least.
        json: whether it should be JSON.
    """
    if not head.strip():
        raise DataError(f"{path}: the file is empty", "It was cut off; fetch it again.")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"<":
        raise DataError(f"{path}: this is a web page, not ratings", "A download went wrong; fetch it again.")
    for start, kind, hint in _KINDS:
        # `ORC` and `BZh` may begin a header as well: bytes that no text has must follow.
        if head.startswith(start) and (not start.isascii() or not start.isalnum() or not _is_text(head)):
            raise DataError(f"{path}: this is {kind}, not a text file", hint.format(path=path))
    if head[_TAR[0] :].startswith(_TAR[1]):
        raise DataError(f"{path}: this is a tar archive, not a text file", f"Unpack it: tar xf {path}")
    if text[:1] in (b"{", b"[") and not json:
        raise DataError(
            f"{path}: this is JSON, not a table of ratings",
            "Turn it into CSV: " + _PANDAS.format(reader="read_json", path=path),
        )
    if b"\x00" in head:
        # Every other byte of Latin text in UTF-16 is zero.
        if head[1::2].count(0) > len(head) // 4 or head[::2].count(0) > len(head) // 4:
            raise DataError(
                f"{path}: this is UTF-16 or UTF-32, not UTF-8",
                f"Write it as UTF-8: iconv -f UTF-16LE -t UTF-8 {path} > ratings.csv",
            )
        raise DataError(
            f"{path}: this is a binary file, not text: byte {head.index(0)} is 0x00",
            "Write the ratings as CSV in UTF-8.",
        )
    if b"\r" in head and b"\n" not in head and head.rstrip(b"\r").count(b"\r"):
        raise DataError(
            f"{path}: its lines end with a carriage return alone, as on a Macintosh of before 2001",
            f"Write them anew: tr '\\r' '\\n' < {path} > ratings.csv",
        )


def _is_text(head: bytes) -> bool:
    return not any(byte < 0x20 and byte not in b"\t\r\n\x0c" for byte in head)
