"""The Markdown pages, taken apart: fenced blocks and inline code."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_CALL = re.compile(r"^(?:\$ )?(?:\S*/)?marquee (?P<rest>.+)$")


@dataclass(frozen=True)
class Code:
    """A piece of code, and the page it is on."""

    page: Path
    language: str
    text: str


def fenced() -> list[Code]:
    """The fenced blocks; `language` is empty for a terminal's."""
    return [
        Code(page, found["language"], found["code"])
        for page in PAGES
        for found in _FENCE.finditer(page.read_text(encoding="utf-8"))
    ]


def inline() -> list[Code]:
    """The code in running text."""
    return [
        Code(page, "", found[1])
        for page in PAGES
        for found in _INLINE.finditer(_FENCE.sub("", page.read_text(encoding="utf-8")))
    ]


def calls(code: Code) -> list[str]:
    """Of every line that calls `marquee`, what follows it, continued lines joined and comments left out."""
    lines = code.text.replace("\\\n", " ").split("\n")
    found = [_CALL.match(line.strip()) for line in lines]
    # What stands apart by several spaces is a remark.
    return [re.sub(r" {2,}(?![\"'-]).*$", "", call["rest"]).strip() for call in found if call]
