"""Chart of quality by span, one line per strategy, as a page that works offline."""

import os
from pathlib import Path

import altair as alt
import pandas as pd

from pipeline.simulate.future import K
from pipeline.simulate.results import Results
from pipeline.simulate.simulation import COLD, CONTINUOUS, FROZEN, NO_MODEL, day

#: Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = {CONTINUOUS: "#0072B2", COLD: "#009E73", FROZEN: "#D55E00", NO_MODEL: "#777777"}
TITLES = {
    "rmse": "RMSE of the ratings, lower is better",
    "log_loss": "Log loss of the chances, lower is better",
    "auc": "AUC of the chances, higher is better",
    f"ndcg@{K}": f"nDCG@{K} of the lists, higher is better",
}
WHO = {"all": "Everybody in the next span", "known": "Those of them who had been there before"}


def write_chart(results: Results, file: Path) -> None:
    """Writes a page with one chart: columns for ratings and lists, and one row per group of users."""
    part = file.with_name(f"{file.name}.part")
    chart(results).save(str(part), format="html", inline=True)
    os.replace(part, file)


def chart(results: Results) -> alt.VConcatChart:
    """Returns the chart; filled points mark spans at which new models were pushed."""
    rows = table(results)
    charts = [
        alt.hconcat(
            *(_panel(rows[rows["who"] == who], measure) for measure in TITLES if measure in rows), spacing=40
        ).properties(title=alt.Title(words, anchor="start", fontSize=14))
        for who, words in WHO.items()
        if (rows["who"] == who).any()
    ]
    spans = len(results.spans)
    return alt.vconcat(*charts, spacing=30, padding=20).properties(
        title=alt.Title(
            f"{results.settings['origin']} replayed by time in {spans} spans",
            subtitle=[
                "After each span the served models are asked about the one that came next. "
                "A filled point: new models were pushed.",
            ],
            anchor="start",
            fontSize=18,
            subtitleFontSize=13,
            offset=20,
        )
    )


def table(results: Results) -> pd.DataFrame:
    """Returns one row per step and group: `asked` (the span), `strategy`, `who`, `pushed`, and metrics."""
    spans = {span["number"]: span for span in results.spans}
    return pd.DataFrame(
        {
            "asked": step.span + 1,
            "from": day(spans[step.span + 1]["first"]),
            "strategy": step.strategy,
            "who": who,
            "pushed": step.pushed,
            "version": step.version,
            **values,
        }
        for step in results.steps
        for who, values in (step.future or {}).items()
        if values
    )


def _panel(rows: pd.DataFrame, measure: str) -> alt.LayerChart:
    shown = [name for name in COLOURS if (rows["strategy"] == name).any()]
    colours = alt.Scale(domain=shown, range=[COLOURS[name] for name in shown])
    legend = alt.Legend(orient="top", symbolType="stroke", symbolStrokeWidth=3, labelFontSize=12)
    base = alt.Chart(rows, width=440, height=260).encode(
        x=alt.X("asked:O", title="the span that was asked about", axis=alt.Axis(labelAngle=0)),
        y=alt.Y(f"{_escaped(measure)}:Q", title=TITLES[measure], scale=alt.Scale(zero=False, padding=12)),
        color=alt.Color("strategy:N", title=None, scale=colours, legend=legend),
        tooltip=[
            alt.Tooltip("strategy:N"),
            alt.Tooltip("asked:O", title="span asked about"),
            alt.Tooltip("from:N", title="it begins"),
            alt.Tooltip(f"{_escaped(measure)}:Q", title=measure, format=".4f"),
            alt.Tooltip("users:Q"),
            alt.Tooltip("ratings:Q"),
            alt.Tooltip("version:Q", title="served version"),
            alt.Tooltip("pushed:N", title="just pushed"),
        ],
    )
    filled = alt.Fill("strategy:N", scale=colours, legend=None)
    points = base.mark_point(size=70, strokeWidth=2, opacity=1).encode(
        fill=alt.condition(alt.datum.pushed, filled, alt.value("white"))
    )
    return base.mark_line(strokeWidth=2) + points


def _escaped(measure: str) -> str:
    return measure.replace("@", "\\@")
