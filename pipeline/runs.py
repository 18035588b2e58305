"""`marquee runs`: a table of what has run in a workspace."""

from rich.console import Console
from rich.table import Table

from pipeline.lineage import Lineage, Run
from pipeline.program import program
from pipeline.workspace import Workspace

_COLOURS = {"done": "green", "failed": "red", "cancelled": "yellow", "running": "cyan"}


def print_runs(workspace: Workspace) -> None:
    """Prints a row a run, newest first."""
    runs = Lineage(workspace.metadata_db).runs()
    console = Console()
    if not runs:
        console.print(f"nothing has run in {workspace.root}; begin with: {program()} run")
        return
    table = Table("run", "pipeline", "state", "nodes", "cached", "time", "blessed", "pushed")
    table.columns[0].no_wrap = True
    for run in runs:
        cached = sum(node.state == "cached" for node in run.nodes.values())
        table.add_row(
            run.run_id,
            run.pipeline,
            f"[{_COLOURS.get(run.state, 'white')}]{run.state}[/]",
            str(len(run.nodes)),
            str(cached),
            f"{sum(node.seconds for node in run.nodes.values()):.0f} s",
            _blessed(run),
            _pushed(run),
        )
    console.print(table)


def _blessed(run: Run) -> str:
    blessing = run.output("RankingEvaluator", "blessing")
    return "" if blessing is None else "yes" if blessing.properties.get("blessed") == 1 else "no"


def _pushed(run: Run) -> str:
    pushed = run.output("AtomicPusher", "pushed_model")
    return "" if pushed is None else str(pushed.properties.get("pushed_version", "no"))
