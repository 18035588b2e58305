"""The notebooks as pages: their texts and their code; what they draw is for whoever runs them."""

import json
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
_LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)")


def notebook_pages() -> dict[str, str]:
    """Markdown by address: `notebooks/00_quick_start.md`; empty where there are no notebooks."""
    return {f"notebooks/{file.stem}.md": _page(file) for file in sorted(FOLDER.glob("[0-9]*.ipynb"))}


def _page(file: Path) -> str:
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    parts = [_cell(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    note = f"*A notebook: `notebooks/{file.name}`.*"
    title, *rest = parts[0].split("\n", 1)
    return "\n\n".join([title, note, *rest, *parts[1:]])


def _cell(kind: str, source: str) -> str:
    return _LINK.sub(_on_the_site, source) if kind == "markdown" else f"```python\n{source}\n```"


def _on_the_site(link: re.Match) -> str:
    """A chapter or a page of the documentation by its address here; what else there is by its name."""
    text, target = link["text"], link["target"]
    if re.match(r"https?:", target):
        return link[0]
    if target.startswith("../docs/"):
        return f"[{text}](../{target.removeprefix('../docs/')})"
    if target.startswith("../"):
        return f"{text} (`{target.removeprefix('../')}`)"
    return f"[{text}]({target.replace('.ipynb', '.md')})"
