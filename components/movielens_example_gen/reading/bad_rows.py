"""Rows that cannot be read: they are counted, some are shown, and too many of them stop the run."""

from dataclasses import asdict, dataclass

from marquee.errors import DataError

SAMPLES = 10


@dataclass(frozen=True)
class BadRow:
    """One row that cannot be read: which field of which line holds what, and why that is wrong."""

    file: str
    line: int
    field: str
    value: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, {self.field}: {self.value[:80]!r} {self.reason}"


class BadRows:
    """The number of bad rows, and the first few of them."""

    def __init__(self, count: int = 0, samples: tuple[BadRow, ...] | list[BadRow] = ()):
        self.count = count
        self.samples = list(samples)[:SAMPLES]

    def add(self, row: BadRow) -> None:
        """Adds a bad row."""
        self.count += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(row)

    def __add__(self, other: "BadRows") -> "BadRows":
        return BadRows(self.count + other.count, self.samples + other.samples)

    def check(self, allowed: int) -> None:
        """Raises DataError, with the rows, when there are more than allowed."""
        if self.count <= allowed:
            return
        rows = f"{self.count} malformed row{'s' if self.count > 1 else ''}"
        shown = "\n".join(f"  {row}" for row in self.samples)
        more = f"\n  and {self.count - len(self.samples)} more" if self.count > len(self.samples) else ""
        raise DataError(
            f"{rows}, and data.max_bad_rows is {allowed}:\n{shown}{more}",
            f"Repair the file, or set data.max_bad_rows to {self.count} to leave such rows out.",
        )

    def as_dict(self) -> dict:
        """Returns a dict for JSON, which `from_dict` reads."""
        return {"count": self.count, "samples": [asdict(row) for row in self.samples]}

    @classmethod
    def from_dict(cls, data: dict) -> "BadRows":
        """Reads the result of `as_dict`."""
        return cls(data["count"], [BadRow(**row) for row in data["samples"]])
