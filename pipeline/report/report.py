"""From a run's artifacts to `report.html`."""

import itertools
import json
from pathlib import Path
from typing import Any

from pipeline.lineage import Run
from pipeline.report.attention import attention
from pipeline.report.blocks import Section
from pipeline.report.comparison import comparison
from pipeline.report.data import data
from pipeline.report.films import films
from pipeline.report.lists import lists
from pipeline.report.nodes import nodes
from pipeline.report.people import people
from pipeline.report.ratings import ratings
from pipeline.report.repeat import repeat
from pipeline.report.serving import serving
from pipeline.report.sources import Sources
from pipeline.report.training import training
from pipeline.report.tuning import tuning
from pipeline.report.vega import vega_script
from pipeline.report.verdict import banner
from pipeline.workspace import Workspace
from trainer.whole_file import write_whole

FILE = "report.html"
#: In the order of the questions: what is odd, what changed, did it run well, is the data sound, is it good?
SECTIONS = (
    attention, comparison, nodes, data, tuning, training, ratings, lists, films, people, serving, repeat,
)  # fmt: skip
_WEB = Path(__file__).resolve().parent / "web"
_MARKS = {"good": "✓", "bad": "✗", "warn": "!", "": "•", "muted": "•"}


def write_report(workspace: Workspace, run: Run, out: Path | None = None) -> Path:
    """Writes a run's report, whatever the run came to.

    Args:
        workspace: where it ran.
        run: which.
        out: the file; `reports/<run id>/report.html` when not given.

    Returns:
        The file.
    """
    sources = Sources.of(workspace, run)
    file = out or sources.folder / FILE
    write_whole(file, page(sources, vega_script(workspace.cache)))
    return file


def page(sources: Sources, vega: str) -> str:
    """The HTML.

    Args:
        sources: what the run left.
        vega: the script that defines `vegaEmbed`.
    """
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    sections: list[Section] = [section for each in SECTIONS if not (section := each(sources)).empty]
    environment = Environment(
        loader=FileSystemLoader(_WEB), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    numbers = itertools.count(1)
    environment.globals |= {
        "marks": _MARKS,
        "next_id": lambda: f"chart-{next(numbers)}",
        "json": lambda value: Markup(_json(value)),
        "person": _person,
    }
    return environment.get_template("page.html").render(
        banner=banner(sources),
        sections=sections,
        style=Markup((_WEB / "style.css").read_text(encoding="utf-8")),
        script=Markup((_WEB / "charts.js").read_text(encoding="utf-8")),
        vega=Markup(vega),
    )


def _json(value: Any) -> str:
    """For a script element, which a title with markup in it could end."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _person(user: dict[str, Any]) -> str:
    known = [
        {"F": "woman", "M": "man"}.get(user["gender"], user["gender"]),
        user["age_group"],
        user["occupation"],
    ]
    said = ", ".join(each for each in known if each)
    return f"{said + '; ' if said else ''}{user['ratings']:,} ratings, {user['mean']:.1f} stars on average"
