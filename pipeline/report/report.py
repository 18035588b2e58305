"""Renders a run's artifacts as `report.html`."""

import itertools
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from marquee.plain_json import finite
from marquee.whole_file import write_whole
from pipeline.report.blocks import Note, Notes, Part, Section
from pipeline.report.quality.lists import lists
from pipeline.report.quality.ratings import ratings
from pipeline.report.sections.attention import attention
from pipeline.report.sections.comparison import comparison
from pipeline.report.sections.data import data
from pipeline.report.sections.item_map import item_map
from pipeline.report.sections.nodes import nodes
from pipeline.report.sections.people import people
from pipeline.report.sections.repeat import repeat
from pipeline.report.sections.serving import serving
from pipeline.report.sections.training import training
from pipeline.report.sections.tuning import tuning
from pipeline.report.sections.verdict import Banner, banner
from pipeline.report.sources import Sources
from pipeline.report.vega import vega_script
from pipeline.report.words import NOTHING
from pipeline.store.metadata.lineage import Run
from pipeline.store.workspace import Workspace

FILE = "report.html"
#: Sections in the order of a reader's questions: oddities, changes, execution, data, quality.
SECTIONS = (
    attention, comparison, nodes, data, tuning, training, ratings, lists, item_map, people, serving, repeat,
)  # fmt: skip
_LOG = logging.getLogger(__name__)
_WEB = Path(__file__).resolve().parent / "web"
_MARKS = {"good": "✓", "bad": "✗", "warn": "!", "": "•", "muted": "•"}


def write_report(workspace: Workspace, run: Run, out: Path | None = None) -> Path:
    """Writes a run's report, whether or not the run succeeded.

    Args:
        workspace: workspace of the run.
        run: the run.
        out: file to write; `reports/<run id>/report.html` if not given.

    Returns:
        The written file.
    """
    sources = Sources.of(workspace, run)
    file = out or sources.folder / FILE
    write_whole(file, page(sources, vega_script(workspace.cache)))
    return file


def page(sources: Sources, vega: str) -> str:
    """Returns the report as HTML.

    Args:
        sources: artifacts of the run.
        vega: script that defines `vegaEmbed`.
    """
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    sections = [section for each in SECTIONS if not (section := _made(each, sources)).empty]
    environment = Environment(
        loader=FileSystemLoader(_WEB), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    numbers = itertools.count(1)
    environment.globals |= {
        "marks": _MARKS,
        "next_id": lambda: f"chart-{next(numbers)}",
        "json": lambda value: Markup(_json(value)),
    }
    drawn = environment.get_template("section.html")
    return environment.get_template("page.html").render(
        banner=_banner(sources),
        sections=sections,
        bodies=[Markup(_drawn(section, drawn.render)) for section in sections],
        style=Markup((_WEB / "style.css").read_text(encoding="utf-8")),
        script=Markup((_WEB / "charts.js").read_text(encoding="utf-8")),
        vega=Markup(vega),
    )


def _made(make: Callable[[Sources], Section], sources: Sources) -> Section:
    """Makes a section; if that fails, returns one with a sentence, so that the page can be written."""
    try:
        return make(sources)
    except Exception as error:
        return _sorry(make.__name__, make.__name__.capitalize(), error)


def _drawn(section: Section, draw: Callable[..., str]) -> str:
    """Renders a section; if that fails, returns a sentence, so that the page can be written."""
    try:
        return draw(section=section)
    except Exception as error:
        return draw(section=_sorry(section.id, section.title, error))


def _banner(sources: Sources) -> Banner:
    try:
        return banner(sources)
    except Exception as error:
        _LOG.exception("the banner of the report was not made")
        run = sources.run
        said = f"The outcome could not be summarized: {_words(error)}."
        return Banner(run.pipeline, run.run_id, NOTHING, sources.state.capitalize(), "warn", said, [], [])


def _sorry(id: str, title: str, error: Exception) -> Section:
    _LOG.error("the section %s of the report was not made", id, exc_info=error)
    said = f"This section could not be made: {_words(error)}. The log has the cause; the others are complete."
    return Section(id, title, "", [Part("", [Notes([Note(said, "bad")])])])


def _words(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def _json(value: Any) -> str:
    """Returns JSON that is safe in a script element, which a title with markup could end."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:  # JavaScript's JSON has no NaN
        text = json.dumps(finite(value), ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
