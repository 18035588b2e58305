"""The configuration as Markdown: a section a part, and below it one a kind, where there are kinds."""

import re

from pipeline.config.reference import reference
from pipeline.config.schema import RunConfig

_OF_A_KIND = re.compile(r"^(?P<path>\S+) \((?P<kind>\w+)\)$")


def configuration() -> str:
    """Tables of keys, defaults and what they are; what `docs/configuration.md` has in one."""
    sections: dict[str, list[tuple[str, str, str]]] = {}
    for row in reference(RunConfig):
        sections.setdefault(_section(row[0]), []).append(row)
    return "\n\n".join(_part(title, rows) for title, rows in sections.items())


def _section(path: str) -> str:
    """`ranking.model`, `ranking.train`, `push`; keys that are in no section are the run's own."""
    return ".".join(path.split(" ")[0].split(".")[:-1][:2]) or "The run"


def _part(title: str, rows: list[tuple[str, str, str]]) -> str:
    parts, plain = [f"## {title} {{#{title.lower().replace(' ', '-')}}}"], []
    for path, default, text in rows:
        if path.endswith(".kind"):  # a kind begins, and has a heading and a sentence of its own
            kind = default.strip("`")
            parts.append(f"### {kind} {{#{path}-{kind}}}\n\n{text}\n\n{_HEAD}")
        elif of_a_kind := _OF_A_KIND.match(path):
            parts[-1] += f"\n{_row(of_a_kind['path'], default, text)}"
        else:
            plain.append(_row(path, default, text))
    if plain:
        parts.insert(1, "\n".join([_HEAD, *plain]))
    return "\n\n".join(part.removesuffix(_HEAD).rstrip() for part in parts)


_HEAD = "| key | default | what it is |\n|---|---|---|"


def _row(path: str, default: str, text: str) -> str:
    return f"| `{path}` | {default} | {text} |"
