"""What a page is made of: sections of charts, tables, facts and notes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Tone = Literal["", "good", "bad", "warn", "muted"]


@dataclass(frozen=True)
class Cell:
    """Text in a table with a meaning; the meaning is never in the colour alone."""

    text: str
    tone: Tone = ""
    code: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Args:
        caption: what it holds.
        columns: headings.
        rows: texts or Cells; the first of a row names it.
        numbers: which columns are numbers, and stand to the right.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    numbers: frozenset[int] = frozenset()
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Chart:
    """A drawing.

    Args:
        title: what is drawn.
        says: what it shows, in a sentence with numbers: for who cannot see it, and as the line under the
            title.
        spec: Vega-Lite.
        table: the numbers behind it.
        wide: it takes the whole width.
    """

    title: str
    says: str
    spec: dict[str, Any]
    table: Table | None = None
    wide: bool = False
    kind: Literal["chart"] = "chart"


@dataclass(frozen=True)
class Fact:
    """A label, its value, and what to make of it."""

    label: str
    value: str
    note: str = ""
    tone: Tone = ""


@dataclass(frozen=True)
class Facts:
    """A row of facts."""

    facts: Sequence[Fact]
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True)
class Note:
    """A sentence; `where`, the id of the section that says more."""

    text: str
    tone: Tone = ""
    where: str = ""


@dataclass(frozen=True)
class Notes:
    """Sentences, one below the other."""

    notes: Sequence[Note]
    kind: Literal["notes"] = "notes"


@dataclass(frozen=True)
class Code:
    """Something to type, or to read as it is."""

    label: str
    text: str
    folded: bool = False
    kind: Literal["code"] = "code"


@dataclass(frozen=True)
class People:
    """Users with what they watched and what they get, as `components.run_report.example_users` has them."""

    users: Sequence[dict[str, Any]]
    kind: Literal["people"] = "people"


Block = Chart | Table | Facts | Notes | Code | People


@dataclass(frozen=True)
class Part:
    """Blocks under a heading of their own."""

    title: str
    blocks: Sequence[Block]
    lead: str = ""


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Args:
        id: its anchor.
        title: its heading.
        lead: what is in it, or the most important sentence.
        parts: what it is made of; a Part without a title stands directly under the heading.
    """

    id: str
    title: str
    lead: str
    parts: Sequence[Part] = field(default_factory=tuple)

    @property
    def empty(self) -> bool:
        return not any(part.blocks for part in self.parts)
