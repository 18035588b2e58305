"""Loop of a simulation: a span arrives, every strategy runs, and its models are evaluated on the next."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from marquee.errors import MarqueeError
from pipeline.config.schema import RunConfig
from pipeline.schedule.child import message_in, run_child, run_id_in
from pipeline.simulate.future import Future
from pipeline.simulate.replay import Replay
from pipeline.simulate.results import Results, Step
from pipeline.store.program import program_path
from pipeline.store.summary import read_summary
from pipeline.store.workspace import Workspace
from serving.versions.placement import front

CONTINUOUS, COLD, FROZEN, NO_MODEL = "continuous", "cold", "frozen", "no model"
#: Descriptions by name of what each strategy does when a span arrives.
STRATEGIES = {
    CONTINUOUS: "warm start from the last blessed models, pushed where no worse",
    COLD: "trained from nothing on the same spans, pushed where no worse",
    FROZEN: "the first models pushed, never trained again",
    NO_MODEL: "the mean of all ratings, or the items' popularity, so far; the items most popular so far",
}
_MODELS = ("ranking", "recommender")


class SimulationStopped(Exception):
    """The simulation was told to end; finished steps are kept."""


@dataclass
class Simulation:
    """Simulation of one replay in one folder.

    Args:
        folder: folder with `data/` (the spans), a workspace and a configuration for each strategy that runs
            the pipeline, `frozen/`, `logs/` and the results.
        replay: spans that arrive.
        config: configuration of the continuous strategy, without the location of its data.
        results: results in this folder.
        stop: set by the caller to end the simulation early.
        begun: called with the span, the strategy and the file that receives its run's output.
        done: called with each step after its completion.
    """

    folder: Path
    replay: Replay
    config: RunConfig
    results: Results
    stop: threading.Event
    begun: Callable[[int, str, Path], None]
    done: Callable[[Step], None]

    def run(self) -> None:
        """Does the missing steps, up to the last span but one, as the last one has no next span.

        Raises:
            SimulationStopped: `stop` was set.
            MarqueeError: a run failed.
        """
        self.results.write()
        for span in range(1, len(self.replay.spans)):
            self.replay.deliver(span, self.folder / "data")
            past = pd.concat(self.replay.spans[:span])
            future = Future(past, self.replay.spans[span], negatives_of(self.config))
            for strategy, do in self._strategies():
                if self.results.step(strategy, span) is None:
                    step = do(strategy, span, future)
                    self.results.add(step)
                    self.done(step)

    def _strategies(self) -> Iterator[tuple[str, Callable[[str, int, Future], Step]]]:
        yield CONTINUOUS, self._run
        if self.results.settings["cold"]:
            yield COLD, self._run
        yield FROZEN, self._freeze  # after the run that may push the first models
        yield NO_MODEL, self._without

    def _run(self, strategy: str, span: int, future: Future) -> Step:
        """Runs the pipeline in a child process, as a schedule would."""
        workspace, config = self.folder / strategy, self.folder / f"{strategy}.yaml"
        config.write_text(yaml.safe_dump(self._plain(strategy), sort_keys=False), encoding="utf-8")
        output = self.folder / "logs" / f"span-{span:04}-{strategy}.log"
        output.unlink(missing_ok=True)  # output of an interrupted run
        self.begun(span, strategy, output)
        start = time.monotonic()
        command = (*program_path(), "run", "--config", str(config), "--workspace", str(workspace))
        status = run_child(command, output, self.stop)
        if self.stop.is_set():
            raise SimulationStopped
        if status:
            raise MarqueeError(f"after span {span}, {strategy}: {message_in(output)}", f"output: {output}")
        run_id = run_id_in(output)
        assert run_id is not None  # a run prints it first, and this one has completed
        summary = read_summary(Workspace(workspace), run_id)
        assert summary is not None
        models = workspace / "serving_models"
        version = front(models, "recommender")
        before = self.results.step(strategy, span - 1)
        return Step(
            strategy,
            span,
            run_id,
            round(time.monotonic() - start, 1),
            summary["blessed"],
            version is not None and version != (before.version if before else None),
            version,
            summary["reasons"],
            len(summary["drift"]),
            len(summary["skew"]),
            _asked(models, version, future),
        )

    def _freeze(self, strategy: str, span: int, future: Future) -> Step:
        """Keeps the first set of models that the continuous strategy pushed."""
        frozen, models = self.folder / FROZEN, self.folder / CONTINUOUS / "serving_models"
        version = front(models, "recommender")
        if version is not None and not frozen.exists():
            partial = frozen.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            for name in _MODELS:
                shutil.copytree(models / name / str(version), partial / name / str(version))
            os.replace(partial, frozen)
        version = front(frozen, "recommender")
        return Step(strategy, span, version=version, future=_asked(frozen, version, future))

    def _without(self, strategy: str, span: int, future: Future) -> Step:
        return Step(strategy, span, future=future.without_a_model())

    def _plain(self, strategy: str) -> dict[str, Any]:
        plain = self.config.plain()
        plain["data"]["path"] = str((self.folder / "data").resolve())
        return plain | ({"warm_start": False} if strategy == COLD else {})


def negatives_of(config: RunConfig) -> int:
    """Returns the number of sampled negatives beside each interaction; 0 if the data are ratings."""
    return config.ranking.negatives if config.data.description.implicit else 0


def described(replay: Replay) -> list[dict[str, Any]]:
    """Returns `Results.spans` for a replay."""
    known: set[str] = set()
    found = []
    for number, span in enumerate(replay.spans, start=1):
        users = set(span["user"])
        found.append(
            {
                "number": number,
                "ratings": len(span),
                "users": len(users),
                "new_users": len(users - known),
                "first": int(span["timestamp"].iloc[0]),
                "last": int(span["timestamp"].iloc[-1]),
            }
        )
        known |= users
    return found


def day(seconds: int) -> str:
    """Formats the date of a moment in UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d")


def _asked(models: Path, version: int | None, future: Future) -> dict[str, Any] | None:
    """Returns the served models' metrics on the next span; None while there are none."""
    if version is None:
        return None
    return future.ask(*(models / name / str(version) for name in _MODELS))
