"""Rendering of templates, and formatting of values in them."""

import datetime
import functools
from typing import Any
from urllib.parse import urlencode

import jinja2
from starlette.requests import Request

from pipeline.store.duration import duration
from pipeline.store.outcomes import shown
from pipeline.store.program import command
from pipeline.store.short import short
from pipeline.ui.site import Site

SECTIONS = (
    ("overview", "/", "Overview"),
    ("try", "/try", "Try it"),
    ("runs", "/runs", "Runs"),
    ("models", "/models", "Models"),
    ("lineage", "/lineage", "Lineage"),
    ("artifacts", "/artifacts", "Artifacts"),
    ("serving", "/serving", "Serving"),
)


class Renderer:
    """Renders templates; all values are escaped."""

    def __init__(self, site: Site):
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("pipeline.ui", "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "short": short,
            "metric": metric,
            "when": when,
            "duration": duration,
            "size": size,
            "count": lambda number: f"{number:,}",
            "signed": lambda number: f"{number:+.4g}",
        }
        self._templates.globals |= {
            "sections": SECTIONS,
            "workspace": str(site.workspace.root),
            "command": functools.partial(command, workspace=site.workspace.root),
            "version_command": functools.partial(_version_command, site),
            "shown_metrics": shown,
        }

    def __call__(self, template: str, request: Request, **content: Any) -> str:
        def here(**changed: Any) -> str:
            """Returns this page's URL with some parameters changed; None removes one."""
            kept = [
                (name, value) for name, value in request.query_params.multi_items() if name not in changed
            ]
            query = [*kept, *((name, value) for name, value in changed.items() if value is not None)]
            return f"{request.url.path}?{urlencode(query, doseq=True)}" if query else request.url.path

        return self._templates.get_template(template).render(here=here, **content)


def _version_command(site: Site, *arguments: str) -> str:
    """Returns a command on the versions that the pages show, which may lie outside the workspace."""
    if site.models == site.workspace.serving_models:
        return command(*arguments, workspace=site.workspace.root)
    return command(*arguments, "--models", str(site.models))


def metric(value: Any) -> str:
    """Formats a metric to four decimals; a dash if it was not measured."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def when(seconds: float) -> str:
    """Formats Unix time as a local date and time."""
    return datetime.datetime.fromtimestamp(seconds).strftime("%-d %b %Y, %H:%M") if seconds else "–"


def size(number: float) -> str:
    """Formats a number of bytes with a unit."""
    for unit in ("B", "KB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 10 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
