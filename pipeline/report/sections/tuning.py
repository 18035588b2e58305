"""Section on tuning: the trials with their scores, and the course of the best score."""

from typing import Any

import altair as alt

from pipeline.report import charts
from pipeline.report.blocks import Block, Cell, Chart, Note, Notes, Part, Section, Table
from pipeline.report.sources import TASKS, Sources
from pipeline.report.words import number, plural, short


def tuning(sources: Sources) -> Section:
    """Returns the section, with one part per task, or a sentence if nothing was tuned."""
    tried = {task: trials for task in TASKS if (trials := sources.trials(task))}
    if not tried:
        text = "No tuner ran: the models were trained with the configured settings."
        return Section("tuning", "Tuning", "", [Part("", [Notes([Note(text, "muted")])])])
    lead = "; ".join(f"{task}: {plural(len(trials), 'trial')}" for task, trials in tried.items()) + "."
    return Section(
        "tuning",
        "Tuning",
        lead,
        [Part(task.capitalize(), _task(sources, task, trials)) for task, trials in tried.items()],
    )


def _task(sources: Sources, task: str, trials: list[dict[str, Any]]) -> list[Block]:
    lower = task == "ranking"
    settings = (sources.training(task) or {}).get("settings", {})
    error = "log_loss" if settings.get("model", {}).get("head") == "chance" else "rmse"
    objective = f"{error} on eval" if lower else f"{settings.get('stop_on', 'score')} on eval"
    scored = [trial for trial in trials if trial["score"] is not None]
    blocks: list[Block] = []
    if scored:
        blocks += [parallel(scored, objective, lower), best_so_far(scored, objective, lower)]
    return [*blocks, _table(task, trials)]


def parallel(trials: list[dict[str, Any]], objective: str, lower: bool) -> Chart:
    """Returns a parallel coordinates chart: one line per trial, one axis per setting and for the score."""
    paths = sorted({path for trial in trials for path in trial["values"]})
    columns = {path: [trial["values"].get(path) for trial in trials] for path in paths}
    columns[objective] = [trial["score"] for trial in trials]
    axes = {name: _Axis(values) for name, values in columns.items()}
    labels = {name: _label(name) for name in columns}
    lines = [
        {
            "trial": trial["trial"],
            "axis": labels[name],
            "place": axes[name].place(values[row]),
            "score": trial["score"],
            "value": short(values[row]),
        }
        for row, trial in enumerate(trials)
        for name, values in columns.items()
        if values[row] is not None
    ]
    ends = [
        {"axis": labels[name], "place": place, "text": text}
        for name, axis in axes.items()
        for place, text in axis.ticks()
    ]
    order = list(labels.values())
    x = alt.X(
        "axis:N",
        sort=order,
        title=None,
        axis=alt.Axis(labelAngle=0, labelLimit=110, domain=False, grid=True),
        scale=alt.Scale(padding=0.6),
    )
    y = alt.Y("place:Q", axis=None, scale=alt.Scale(domain=[-0.08, 1.08]))
    drawn = (
        charts.chart(lines)
        .mark_line(point=alt.OverlayMarkDef(size=45, filled=True), opacity=0.85)
        .encode(
            x=x,
            y=y,
            detail="trial:N",
            color=alt.Color(
                "score:Q",
                title=objective,
                scale=alt.Scale(zero=False, reverse=lower),
                legend=None,  # the last axis shows it
            ),
            tooltip=[
                "trial:N",
                alt.Tooltip("axis:N", title="setting"),
                "value:N",
                alt.Tooltip("score:Q", format=".4f"),
            ],
        )
    )
    ticks = charts.chart(ends).encode(x=x, y=y, text="text:N")
    halo = ticks.mark_text(**charts.HALO, style="small", align="left", dx=8)
    text = ticks.mark_text(**charts.SMALL, align="left", dx=8)
    best = trials[0]
    chosen = ", ".join(f"{path} {short(value)}" for path, value in best["values"].items())
    says = f"Each line is a trial. The best reached {number(best['score'])} with {chosen}."
    return Chart("Settings and scores of the trials", says, charts.spec(drawn + halo + text, 260))


def best_so_far(trials: list[dict[str, Any]], objective: str, lower: bool) -> Chart:
    """Returns a chart of each trial's score in the order of execution, and of the best until then."""
    rows, best = [], None
    for place, trial in enumerate(sorted(trials, key=_order), start=1):
        score = trial["score"]
        best = score if best is None else min(best, score) if lower else max(best, score)
        rows.append({"order": place, "trial": trial["trial"], "score": score, "best": best})
    x = alt.X(
        "order:Q",
        title="trial",
        axis=alt.Axis(values=charts.steps(len(rows)), format="d"),
        scale=alt.Scale(domain=[0.5, len(rows) + 0.5], nice=False),
    )
    line = (
        charts.chart(rows)
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(x=x, y=alt.Y("best:Q", title=objective, scale=alt.Scale(zero=False)))
    )
    dots = (
        charts.chart(rows)
        .mark_circle(size=70)
        .encode(
            x=x,
            y=alt.Y("score:Q", scale=alt.Scale(zero=False)),
            tooltip=[
                "trial:N",
                alt.Tooltip("score:Q", format=".4f"),
                alt.Tooltip("best:Q", format=".4f", title="best so far"),
            ],
        )
    )
    first = rows[0]["score"]
    says = f"Each dot is a trial, the line is the best score so far: from {number(first)} to {number(best)}."
    return Chart("Best score so far", says, charts.spec(line + dots, 260))


class _Axis:
    """Maps the values of a setting to an axis from 0 to 1: numbers by size, words by their order."""

    def __init__(self, values: list[Any]):
        there = [value for value in values if value is not None]
        self._words = not all(
            isinstance(value, int | float) and not isinstance(value, bool) for value in there
        )
        self._steps: list[Any] = (
            sorted({str(value) for value in there}) if self._words else sorted(set(there))
        )

    def place(self, value: Any) -> float:
        if len(self._steps) == 1:
            return 0.5
        if self._words:
            return self._steps.index(str(value)) / (len(self._steps) - 1)
        return (value - self._steps[0]) / (self._steps[-1] - self._steps[0])

    def ticks(self) -> list[tuple[float, str]]:
        shown = self._steps if self._words else sorted({self._steps[0], self._steps[-1]})
        return [(self.place(value), short(value)) for value in shown]


def _label(name: str) -> str:
    return name.removeprefix("train.").removeprefix("model.")


def _order(trial: dict[str, Any]) -> tuple[int, str]:
    return (int(trial["trial"]), "") if trial["trial"].isdigit() else (1 << 30, trial["trial"])


def _table(task: str, trials: list[dict[str, Any]]) -> Table:
    paths = sorted({path for trial in trials for path in trial["values"]})
    return Table(
        f"The {task} tuner's trials, best first",
        ("trial", "score", *paths, "status"),
        [
            [
                trial["trial"],
                number(trial["score"]),
                *(short(trial["values"].get(path)) for path in paths),
                Cell("completed", "good")
                if trial["status"] == "COMPLETED"
                else Cell(f"{trial['status'].lower()}: {trial['error']}", "bad"),
            ]
            for trial in trials
        ],
        frozenset(range(1, 2 + len(paths))),
    )
