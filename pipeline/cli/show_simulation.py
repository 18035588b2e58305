"""Prepares a simulation and shows its progress: data, one line per run, table, page."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.files import sources
from components.movielens_example_gen.files.fingerprint import fingerprint
from components.movielens_example_gen.reading.read_errors import read_errors_told
from marquee.errors import ConfigError, MarqueeError
from marquee.strict import Strict
from pipeline.cli.printing.simulation import print_results
from pipeline.cli.terminal.console import native_chatter_dropped
from pipeline.cli.terminal.download_bar import download_bar
from pipeline.config.load import load_config
from pipeline.config.schema import RunConfig
from pipeline.simulate.chart import write_chart
from pipeline.simulate.replay import Replay
from pipeline.simulate.results import FILE, Results, Step
from pipeline.simulate.simulation import CONTINUOUS, Simulation, SimulationStopped, described
from pipeline.store.program import command
from pipeline.store.workspace import Workspace
from serving.server.stopping import stopping

PAGE = "quality.html"


class SimulateRequest(Strict):
    """Options of a simulation from the command line.

    Args:
        config: name of a ready-made configuration, or a YAML file.
        overrides: overrides such as `a.b=1`.
        spans: number of spans.
        out: output folder.
        window: number of newest spans that a run reads; None for all.
        cold: whether to simulate training from scratch as well.
        data: data to replay; of a configuration that describes its data, these.
        command: command line without the program.
    """

    config: str
    overrides: tuple[str, ...]
    spans: int
    out: Path
    window: int | None
    cold: bool
    data: DataConfig
    command: tuple[str, ...]

    def run_config(self, schema: str | None, **settings: Any) -> RunConfig:
        """Returns the continuous strategy's configuration: spans, evaluation on the newest, warm start.

        Args:
            schema: the schema of recognised data; None: the configuration's, as for described data.
            settings: further settings, as `load_config` takes them.
        """
        return load_config(
            self.config,
            ["data.max_users=null", *self.overrides],
            data__dataset="custom",
            data__path=str(self.out / "data"),
            data__spans={"window": self.window},
            data__split__kind="newest_span",
            validate__schema=schema,
            warm_start=True,
            **settings,
        )

    def config_for(self, replay: Replay) -> RunConfig:
        """Returns `run_config` for the spans of a replay."""
        if replay.cells is not None:
            return self.run_config(None, **replay.cells.settings(self.data))
        return self.run_config("ratings" if replay.catalog.users is None else "demographics")


def data_to_replay(
    config: str, overrides: Sequence[str], dataset: str | None, path: Path | None, users: int | None
) -> DataConfig:
    """Returns the data to replay: those that a configuration describes, unless a data set is named.

    Raises:
        ConfigError: a setting is wrong, or described data come in spans already.
    """
    found = {"path": str(path) if path else None, "max_users": users}
    if dataset is None:
        # Spans and their split are what a simulation makes itself.
        given = load_config(config, overrides, data__path=found["path"]).data
        if given.described is not None:
            if given.spans is not None:
                raise ConfigError(
                    "data.spans: these data come in spans, and a simulation cuts data into spans itself",
                    "Describe all interactions as one data set, without spans.",
                )
            kept = given.max_users if users is None else users
            return given.model_copy(update={"max_users": kept})
    return DataConfig.checked({"dataset": dataset or "ml-100k", **found})


def run_simulation(request: SimulateRequest) -> None:
    """Runs a simulation to its end, or resumes an interrupted one.

    Raises:
        MarqueeError: a setting is wrong, the data cannot be loaded or cut, a run failed, or the simulation
            was interrupted; finished steps are kept.
    """
    if request.data.described is None:  # mistakes first
        request.run_config("ratings" if request.data.dataset != "ml-100k" else "demographics")
    else:
        request.run_config(None)
    console = Console(highlight=False)
    request.out.mkdir(parents=True, exist_ok=True)
    again = f"resume with: {command(*request.command)}"
    try:
        with native_chatter_dropped():
            replay, config, results = _prepared(request, console)
            if results.steps:
                console.print(f"[dim]resuming: {len(results.steps)} steps are done already[/]")
            shown = _Shown(console, len(replay.spans) - 1)
            with stopping() as stop, Workspace(request.out).lock(), shown:
                simulation = Simulation(request.out, replay, config, results, stop, shown.begun, shown.done)
                try:
                    simulation.run()
                except MarqueeError as error:
                    raise MarqueeError(error.message, f"{error.hint}\n{again}") from None
    except (SimulationStopped, KeyboardInterrupt):
        raise MarqueeError("interrupted; what was finished is kept", again) from None
    page = request.out / PAGE
    write_chart(results, page)
    console.print()
    print_results(results, console)
    console.print(f"\nthe plot:  {page}\nthe numbers: {request.out / FILE}", markup=False, soft_wrap=True)
    console.print(
        f"serve the last: {command('serve', workspace=request.out / CONTINUOUS)}",
        markup=False,
        soft_wrap=True,
    )


def _prepared(request: SimulateRequest, console: Console) -> tuple[Replay, RunConfig, Results]:
    with download_bar(console) as (report, progress), read_errors_told(request.data.path):
        located = sources.locate(request.data, request.out / "cache", report, progress)
        path = str(located.path)
        replay = Replay.of(path, request.data, request.spans)
        content = fingerprint(path, request.data)
    config = request.config_for(replay)
    words = "interactions" if config.data.description.implicit else "ratings"
    console.print(f"data: {located.origin}, {sum(map(len, replay.spans)):,} {words}", markup=False)
    plain = config.plain()
    plain["data"].pop("path")
    settings = {
        "origin": located.origin,
        "spans": request.spans,
        "users": request.data.max_users,
        "cold": request.cold,
        "data": content,
        "config": hashlib.sha256(repr(plain).encode()).hexdigest()[:16],
    }
    return replay, config, Results.resumed(request.out, settings, described(replay))


class _Shown:
    """Display of finished steps, one line each, and of the run under way; a context manager."""

    def __init__(self, console: Console, spans: int):
        self._console, self._spans = console, spans
        self._status = Status("", console=console, refresh_per_second=2)

    def __enter__(self) -> "_Shown":
        return self

    def __exit__(self, *_) -> None:
        self._status.stop()

    def begun(self, span: int, strategy: str, output: Path) -> None:
        """Shows the last finished node while the run is under way."""
        self._status.update(_Doing(f"span {span} of {self._spans}  {strategy}", output))
        if self._console.is_terminal:
            self._status.start()

    def done(self, step: Step) -> None:
        """Replaces the display of the run by a line."""
        self._status.stop()
        if step.run_id is None:
            return
        outcome = "[green]blessed[/]" if step.blessed else "[yellow]not blessed[/]"
        pushed = f"version {step.version} pushed" if step.pushed else f"version {step.version} stays"
        if step.version is None:
            pushed = "nothing is served"
        changes = "".join(
            f", {many} features {word}"
            for many, word in ((step.drift, "drifted"), (step.skew, "skewed"))
            if many
        )
        self._console.print(
            f"[green]✓[/] span {step.span} of {self._spans}  {step.strategy:<10} {step.seconds:6.1f}s  "
            f"{outcome}, {escape(pushed)}{changes}",
            soft_wrap=True,
        )


class _Doing:
    """Live display: the time, and the last line that the run printed on a node."""

    def __init__(self, what: str, output: Path):
        self._what, self._output, self._start = what, output, time.monotonic()

    def __rich__(self) -> str:
        try:
            lines = self._output.read_text(errors="replace").splitlines()
        except OSError:
            lines = []
        last = next((line.strip("✓ ") for line in reversed(lines) if line.startswith("✓")), "")
        return f"{self._what}  {time.monotonic() - self._start:.0f}s  [dim]{escape(last)}[/]"
