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
        reads: a `workspace`, or a `server`, which is started for it; nothing.
    """

    name: str
    command: tuple[str, ...]
    columns: int = 100
    reads: Literal["workspace", "server", ""] = ""


@dataclass(frozen=True)
class Page:
    """A page in a browser.

    Attributes:
        name: of the file.
        of: `report`, the newest finished run's, or `ui`, which is started.
        path: below it; `{run}` is the run's id, `{version}` the recommender's version in front.
        at: a CSS selector of what is scrolled to the top.
        size: of the window.
        waits_for: a CSS selector of what must be there.
    """

    name: str
    of: str
    path: str = ""
    at: str = ""
    size: tuple[int, int] = (1280, 800)
    waits_for: str = "main"


#: The run first: the others need what it leaves.
PICTURES: tuple[Terminal | Page, ...] = (
    Terminal("run", ("run",), columns=110, reads="workspace"),
    Terminal("runs", ("runs",), columns=110, reads="workspace"),
    Terminal("recommend", ("recommend", "--user", "42", "-k", "5"), reads="server"),
    Terminal("models", ("models",), columns=110),
    Page("report", "report"),
    Page("report-lists", "report", at="#lists", waits_for="#lists"),
    Page("ui", "ui", "/"),
    Page("ui-try", "ui", "/try?user=42"),
    Page("ui-run", "ui", "/runs/{run}"),
    Page("ui-lineage", "ui", "/lineage/recommender/{version}"),
)
