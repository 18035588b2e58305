"""Building blocks of the report: sections of charts, tables, facts and notes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from serving.data_words import DataWords

Tone = Literal["", "good", "bad", "warn", "muted"]


@dataclass(frozen=True)
class Cell:
    """Text of a table cell with a tone; the meaning is never in the colour alone."""

    text: str
    tone: Tone = ""
    code: bool = False


@dataclass(frozen=True)
class Table:
    """Table of the report.

    Args:
        caption: description of the content.
        columns: headings.
        rows: texts or Cells; the first of a row names it.
        numbers: columns of numbers, which are aligned right.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    numbers: frozenset[int] = frozenset()
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Chart:
    """Chart of the report.

    Args:
        title: heading of the chart.
        says: message of the chart in a sentence with numbers, used as alternative text and as subtitle.
        spec: Vega-Lite specification.
        table: table of the plotted numbers.
        wide: whether it takes the whole width.
    """

    title: str
    says: str
    spec: dict[str, Any]
    table: Table | None = None
    wide: bool = False
    kind: Literal["chart"] = "chart"


@dataclass(frozen=True)
class Fact:
    """A label, its value, and its interpretation."""

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
    """A sentence; `where` is the id of the section with details."""

    text: str
    tone: Tone = ""
    where: str = ""


@dataclass(frozen=True)
class Notes:
    """A list of sentences."""

    notes: Sequence[Note]
    kind: Literal["notes"] = "notes"


@dataclass(frozen=True)
class Code:
    """Preformatted text, such as a command to type."""

    label: str
    text: str
    folded: bool = False
    kind: Literal["code"] = "code"


@dataclass(frozen=True)
class People:
    """Example users with their history and recommended items (`components.run_report.example_users`).

    Args:
        users: the users.
        words: words for the data.
        known: what is known of each user, in words.
    """

    users: Sequence[dict[str, Any]]
    words: DataWords
    known: Sequence[str]
    kind: Literal["people"] = "people"


Block = Chart | Table | Facts | Notes | Code | People


@dataclass(frozen=True)
class Part:
    """A group of blocks under a heading."""

    title: str
    blocks: Sequence[Block]
    lead: str = ""


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Args:
        id: anchor of the section.
        title: heading.
        lead: introduction, or the most important sentence.
        parts: parts of the section; a Part without a title stands directly under the heading.
    """

    id: str
    title: str
    lead: str
    parts: Sequence[Part] = field(default_factory=tuple)

    @property
    def empty(self) -> bool:
        return not any(part.blocks for part in self.parts)
