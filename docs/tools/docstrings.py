"""Of the house's docstrings, what Google's style has no section for: one `Example`, `Call arguments`, …"""

import re

import griffe

_LISTS = re.compile(
    r"^(?P<indent> *)(?P<title>Call arguments|Class attributes|Outputs|Signature|Of the films):\n"
    r"(?P<items>(?:(?P=indent) +.*\n?|\n(?=(?P=indent) {2,}\S))+)",
    re.MULTILINE,
)
_ITEM = re.compile(r"^(?P<name>[\w*`, ]+): (?P<text>.*(?:\n {4,}.*)*)", re.MULTILINE)


class HouseSections(griffe.Extension):
    """Makes them sections and lists that griffe knows."""

    def on_object(self, *, obj: griffe.Object, **_) -> None:
        """Rewrites the docstring of whatever was loaded."""
        if obj.docstring:
            text = re.sub(r"^( *)Example:$", r"\1Examples:", obj.docstring.value, flags=re.MULTILINE)
            obj.docstring.value = _LISTS.sub(_as_list, text)


def _as_list(found: re.Match) -> str:
    lines = [line[len(found["indent"]) + 4 :] for line in found["items"].splitlines()]
    items = _ITEM.sub(lambda item: f"- `{item['name'].strip('`')}`: {item['text']}", "\n".join(lines))
    return f"**{found['title']}:**\n\n{items}\n"
