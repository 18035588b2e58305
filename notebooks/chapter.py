"""What every notebook begins with: where things are, how long it may take, and how its pictures look."""

import logging
import os
import subprocess
import sys
from pathlib import Path

# Before TensorFlow: Keras 3, and no chatter between a cell and what it shows.
os.environ["TF_USE_LEGACY_KERAS"] = "0"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TQDM_DISABLE", "1")

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it also runs without installing

import altair as alt
import pandas as pd

from pipeline.store.metadata.lineage import Lineage, Run

#: Small data and few epochs, as the tests run them: MARQUEE_NOTEBOOK_QUICK=1.
QUICK = os.environ.get("MARQUEE_NOTEBOOK_QUICK") == "1"
#: One folder for what all notebooks write; deleting it is always safe.
WORKSPACE = Path(os.environ.get("MARQUEE_WORKSPACE", ROOT / "workspace" / "notebooks")).resolve()
CONFIG = "smoke" if QUICK else "ml-100k"

BLUE, ORANGE, GREY, GREEN = "#2f6fb3", "#e07b39", "#9aa3ad", "#3d9970"

logging.disable(logging.WARNING)  # what a node tells its log; errors are still seen
if "ipykernel" in sys.modules:
    # What C++ writes goes nowhere; Python's own errors and warnings reach a notebook by another way.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


@alt.theme.register("marquee", enable=True)
def _theme() -> alt.theme.ThemeConfig:
    return {
        "config": {
            "view": {"continuousWidth": 420, "discreteWidth": 420, "continuousHeight": 240, "stroke": None},
            "axis": {"grid": True, "gridColor": "#e6e8eb", "domainColor": "#9aa3ad", "titleFontWeight": 500},
            "axisX": {"labelAngle": 0},
            "title": {"anchor": "start", "fontSize": 14, "fontWeight": 600, "subtitleColor": "#5b6570"},
            "range": {"category": [BLUE, ORANGE, GREEN, "#8e5ea2", GREY]},
            "bar": {"color": BLUE},
            "line": {"color": BLUE},
            "point": {"color": BLUE, "filled": True},
        }
    }


alt.renderers.enable("svg")  # drawn here, not in the browser: seen offline, in Lab and in any viewer
alt.data_transformers.disable_max_rows()
pd.set_option("display.max_colwidth", 140)


def marquee(*arguments: str, check: bool = True) -> int | None:
    """Calls the command line as a terminal would, in this chapter's workspace, and shows what it says.

    Raises:
        RuntimeError: it failed. With `check` false its exit status is the answer instead.
    """
    ours = {"MARQUEE_WORKSPACE": str(WORKSPACE), "PYTHONPATH": str(ROOT), "COLUMNS": "110", "NO_COLOR": "1"}
    # A kernel asks every child for a terminal's colours and moving bars.
    given = {
        name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "CLICOLOR_FORCE")
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli.app", *arguments],
        cwd=ROOT,
        env={**given, **ours},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    for line in process.stdout:
        # A path of this machine says nothing to a reader.
        print(line.replace(str(WORKSPACE), "workspace"), end="")
    status = process.wait()
    if not check:
        return status
    if status:
        raise RuntimeError(f"marquee {' '.join(arguments)} ended with exit status {status}")
    return None  # and so nothing at the end of a cell


def finished_run() -> Run:
    """The newest run that is done in this workspace; without one, the pipeline is run first."""
    lineage = Lineage(WORKSPACE / "metadata.db")
    found = next((run for run in lineage.runs() if run.state == "done" and run.pipeline == CONFIG), None)
    if found is None:
        marquee("run", "--config", CONFIG)
        found = lineage.run()
    return found


def ratings(users: int | None = None) -> pd.DataFrame:
    """MovieLens 100K, a row a rating in the file's order, with the columns of `trainer.data.features`.

    Args:
        users: the first so many users of the file alone.
    """
    from components.movielens_example_gen.config import DataConfig
    from components.movielens_example_gen.files.layouts import recognise
    from components.movielens_example_gen.files.pieces import cut
    from components.movielens_example_gen.files.sources import locate
    from components.movielens_example_gen.reading.catalog import read_catalog
    from components.movielens_example_gen.reading.ratings import read

    config = DataConfig(dataset="ml-100k")
    located = locate(config, WORKSPACE / "cache" / "data")
    print(f"data: {located.origin}")
    layout = recognise(str(located.path), config)
    catalog = read_catalog(layout)
    table = pd.concat([read(piece).table.to_pandas() for piece in cut(layout.ratings)], ignore_index=True)
    movies, people = table["movie"].map(catalog.items), table["user"].map(catalog.users)
    frame = pd.DataFrame(
        {
            "user_id": table["user"],
            "movie_id": table["movie"],
            "user_rating": table["rating"],
            "timestamp": table["timestamp"],
            "movie_title": [movie.title for movie in movies],
            "movie_genres": [list(movie.features.get("genres", ())) for movie in movies],
            "raw_user_age": [user.get("age", -1.0) for user in people],
            "user_gender": [user.get("gender", "") for user in people],
            "user_occupation_text": [user.get("occupation", "") for user in people],
            "user_zip_code": [user.get("zip", "") for user in people],
        }
    )
    return frame if users is None else frame[frame["user_id"].isin(frame["user_id"].unique()[:users])]


def columns(frame: pd.DataFrame) -> dict[str, list]:
    """A frame as the plain columns that `trainer` reads."""
    return {name: frame[name].tolist() for name in frame}
