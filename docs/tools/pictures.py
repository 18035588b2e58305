"""Which pictures there are, of what, and how large: data. `docs/tools/screenshots.py` takes them."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Terminal:
    """What a command prints, in its colours.

    Attributes:
        name: of the file, without `.png`.
        command: after `marquee`.
        columns: of the terminal.
        shown_as: what is said under it on the site's first page; "": it is not shown there.
        reads: a `workspace`, or a `server`, which is started for it; nothing.
    """

    name: str
    command: tuple[str, ...]
    shown_as: str = ""
    columns: int = 100
    reads: Literal["workspace", "server", ""] = ""


@dataclass(frozen=True)
class Page:
    """A page in a browser.

    Attributes:
        name: of the file.
        shown_as: as of a Terminal.
        of: `report`, the newest finished run's, or `ui`, which is started.
        path: below it; `{run}` is the run's id, `{version}` the recommender's served version.
        at: a CSS selector of what is scrolled to the top.
        size: of the window.
        waits_for: a CSS selector of what must be there.
    """

    name: str
    of: Literal["report", "ui"]
    shown_as: str = ""
    path: str = ""
    at: str = ""
    size: tuple[int, int] = (1280, 800)
    waits_for: str = "main"


#: The run first: the others need what it leaves.
PICTURES: tuple[Terminal | Page, ...] = (
    Terminal("run", ("run",), "A run: data to a blessed, pushed recommender", columns=110, reads="workspace"),
    Terminal("runs", ("runs",), columns=110, reads="workspace"),
    Terminal("recommend", ("recommend", "--user", "42", "-k", "5"), "An answer, and why", reads="server"),
    Terminal("models", ("models",), columns=110),
    Page("report", "report", "The report that each run leaves"),
    Page("report-lists", "report", at="#lists", waits_for="#lists"),
    Page("ui", "ui", path="/"),
    Page(
        "ui-try",
        "ui",
        "Films for somebody, tried in the browser",
        path="/try?user=42",
        waits_for="#results > *",
    ),
    Page("ui-run", "ui", path="/runs/{run}"),
    Page("ui-lineage", "ui", "Where a served model comes from", path="/lineage/recommender/{version}"),
)
