"""Section on training: the monitored metric and the loss by epoch."""

from typing import Any

import altair as alt

from pipeline.report import charts
from pipeline.report.blocks import Block, Chart, Fact, Facts, Part, Section, Table
from pipeline.report.sources import TASKS, Sources
from pipeline.report.words import number, plural
from serving.data_words import DataWords

#: Metrics that are drawn as curves, most important first.
CURVES = ("rmse", "log_loss", "auc", "ndcg@10", "recall@100", "loss")


def training(sources: Sources) -> Section:
    """Returns the section, with one part per trained task."""
    trained = {task: found for task in TASKS if (found := sources.training(task))}
    parts = [Part(task.capitalize(), _task(found, sources.words)) for task, found in trained.items()]
    lead = "; ".join(
        f"{task}: {plural(found['epochs'], 'epoch')}, the best was {found['best_epoch']}"
        for task, found in trained.items()
    )
    return Section("training", "Training", f"{lead}." if lead else "", parts)


def _task(found: dict[str, Any], words: DataWords) -> list[Block]:
    settings = found["settings"]
    warm = found.get("warm_start")
    facts = Facts(
        [
            Fact("Model kind", settings["model"]["kind"]),
            Fact(
                f"{words.ratings.capitalize()} per second",
                number(found["rows_per_second"]),
                found["device"].rstrip("."),
            ),
            Fact(
                "Epochs",
                number(found["epochs"]),
                f"best {found['best_epoch']}"
                + (f"; {found['epochs_resumed']} from an earlier run" if found["epochs_resumed"] else ""),
            ),
            Fact(
                "Steps per epoch",
                number(found["steps_per_epoch"]),
                f"batches of {settings['train']['batch_size']:,}",
            ),
            Fact("Start", "cold" if not warm or warm.get("cold_because") else "warm"),
        ]
    )
    history = found["history"]
    told = dict.fromkeys(name.removeprefix("val_") for logs in history for name in logs)
    of_events = [name for name in told if name.startswith("auc_of_")]
    names = [name for name in CURVES if name in told] + of_events
    parts = [_parts(found["blend"], settings)] if found.get("blend") else []
    return [facts, *parts, *(_curve(name, history, found["best_epoch"]) for name in names)]


def _parts(blend: dict[str, Any], settings: dict[str, Any]) -> Table:
    """Returns the parts of a blend: what each counts, and how good it is alone."""
    rows = [
        [
            name,
            settings["model"]["parts"][name]["model"]["kind"],
            f"{weight:.2f}",
            number(blend["epochs"][name]) if name in blend["epochs"] else "",
            f"{blend['scores'][name]:.4f}" if name in blend["scores"] else "",
        ]
        for name, weight in blend["weights"].items()
    ]
    return Table(
        "The parts of the blend, each with its weight, and the metric of early stopping on eval, alone",
        ["part", "kind", "weight", "epochs", "alone"],
        rows,
        frozenset({2, 3, 4}),
    )


def _curve(name: str, history: list[dict[str, float]], best: int) -> Chart:
    rows: list[dict[str, Any]] = [
        {"epoch": epoch, "split": split, "value": logs[key]}
        for epoch, logs in enumerate(history, start=1)
        for split, key in (("train", name), ("eval", f"val_{name}"))
        if key in logs
    ]
    x = alt.X(
        "epoch:Q",
        title="epoch",
        axis=alt.Axis(values=charts.steps(len(history)), format="d"),
        scale=alt.Scale(nice=False, zero=False),
    )
    lines = (
        charts.chart(rows)
        .mark_line(point=alt.OverlayMarkDef(size=40, filled=True))
        .encode(
            x=x,
            y=alt.Y("value:Q", title=name, scale=alt.Scale(zero=False)),
            color=charts.colours("split", charts.SPLITS, {row["split"] for row in rows}),
            tooltip=["split:N", "epoch:Q", alt.Tooltip("value:Q", format=".4f")],
        )
    )
    mark = charts.chart([{"epoch": best}]).mark_rule(**charts.REFERENCE).encode(x="epoch:Q")
    ends = {row["split"]: row["value"] for row in rows if row["epoch"] == best}
    there = ", ".join(f"{number(value)} on {split}" for split, value in ends.items())
    splits = [split for split in ("train", "eval") if any(row["split"] == split for row in rows)]
    table = Table(
        f"{name} by epoch",
        ("epoch", *splits),
        [
            [str(epoch), *(number(logs.get(name if split == "train" else f"val_{name}")) for split in splits)]
            for epoch, logs in enumerate(history, start=1)
        ],
        frozenset(range(1, 1 + len(splits))),
    )
    says = f"Best epoch: {best} (dashed line), which is kept: {there}." if there else "One value per epoch."
    return Chart(f"{name} by epoch", says, charts.spec(lines + mark), table)
