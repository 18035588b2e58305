"""Blocks that compare the data with the committed schema and with the previous run."""

import altair as alt

from pipeline.config.data_schema import AUTO
from pipeline.report import charts
from pipeline.report.blocks import Block, Cell, Chart, Note, Notes, Table
from pipeline.report.sections.features import features
from pipeline.report.sources import Sources
from pipeline.report.words import NOTHING, number


def schema_and_anomalies(sources: Sources) -> list[Block]:
    """Returns ExampleValidator's findings and StatisticsGen's counts."""
    findings = sources.findings
    blocks: list[Block] = []
    if findings:
        schema = sources.record.get("config", {}).get("validate", {}).get("schema")
        held = f"the committed schema {schema}" if schema else "the committed schema"
        held = "the schema made of the description" if schema == AUTO else held
        if findings["violations"]:
            blocks.append(_rows("Schema violations", findings["violations"]))
        else:
            blocks.append(Notes([Note(f"No anomalies: all splits match {held}.", "good")]))
    if said := _sampled(sources):
        blocks.append(Notes([Note(said)]))
    table = features(sources)
    return [*blocks, table] if table else blocks


def _sampled(sources: Sources) -> str:
    """Returns which splits were looked at in part; "" if all rows were."""
    parts = [
        f"one of every {found['every']} of the {found['rows']:,} rows of {split}"
        for split, found in (sources.sample or {}).items()
        if found["every"] > 1
    ]
    if not parts:
        return ""
    return (
        f"StatisticsGen looked at {' and '.join(parts)}: counts of values, and whether they match the "
        "schema, are of these rows alone (validate.sample_rows)."
    )


def drift(sources: Sources) -> list[Block]:
    """Returns each feature's distance from the previous run, in units of the limit that the schema sets."""
    findings = sources.findings
    if not findings:
        return []
    blocks: list[Block] = [_rows("Drifted features", findings["drift"])] if findings["drift"] else []
    distances = findings.get("distances")
    if not distances:
        return blocks or [Notes([Note("There was no earlier data to compare with.", "muted")])]
    if not findings["drift"]:
        blocks.append(Notes([Note("No feature drifted since the previous run.", "good")]))
    rows = [
        {
            "what": f"{row['feature']}, {row['split']}",
            "of limit": row["distance"] / row["limit"],
            "distance": row["distance"],
            "limit": row["limit"],
            "state": "over the limit" if row["distance"] > row["limit"] else "within the limit",
        }
        for row in distances
        if row["limit"]  # a limit of 0 cannot be a unit
    ]
    bars = (
        charts.chart(rows)
        .mark_bar(height={"band": 0.6})
        .encode(
            y=alt.Y("what:N", sort=None, title=None),
            x=alt.X("of limit:Q", title="distance / limit"),
            color=charts.colours(
                "state", ("within the limit", "over the limit"), {row["state"] for row in rows}
            ),
            tooltip=["what:N", alt.Tooltip("distance:Q", format=".4f"), "limit:Q"],
        )
    )
    limit = charts.chart([{"limit": 1}]).mark_rule(**charts.REFERENCE).encode(x="limit:Q")
    table = Table(
        "Distances from the previous run",
        ("feature", "split", "measure", "distance", "limit"),
        [
            [
                r["feature"],
                r["split"],
                r["measure"].replace("_", " "),
                number(r["distance"], 5),
                number(r["limit"], 3),
            ]
            for r in distances
        ],
        frozenset({3, 4}),
    )
    if not rows:
        return [*blocks, table]
    furthest = max(rows, key=lambda row: row["of limit"])
    says = f"The largest drift is in {furthest['what']}: {furthest['of limit']:.2f} of its limit."
    return [
        *blocks,
        Chart("Drift since the previous run", says, charts.spec(bars + limit, 26 * len(rows)), table),
    ]


def _rows(caption: str, rows: list[dict[str, str]]) -> Table:
    return Table(
        caption,
        ("split", "feature", "finding"),
        [[r["split"], Cell(r["feature"] or NOTHING, code=True), r["what"]] for r in rows],
    )
