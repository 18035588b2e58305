"""A description to fill in, for files in which nothing could be recognised."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.inspection.looking.tables import Table


def template(path: Path, tables: Sequence[Table]) -> str:
    """Returns what to write by hand, with the columns of the largest table filled in.

    Args:
        path: the data set, as the user named it.
        tables: what was read.
    """
    table = max(tables, key=lambda each: each.total)
    columns = list(table.columns)
    user, item = (columns * 2)[:2]
    within = f"\n    path: {table.file.within}" if table.file.within else ""
    names = f"\n    format: {{header: false, columns: [{', '.join(columns)}]}}" if table.headless else ""
    return f"""\
Each row has to say which user (an id that comes again) and which item. If there are such columns, say
which in a file mine.yaml, and run `marquee run --config mine.yaml`:
name: mine
data:
  dataset: custom
  path: {path}
  interactions:{within}{names}
    user: {user}      # the column of the users' ids
    item: {item}      # the column of the items' ids
    # rating: {{column: …, min: 1, max: 5, step: 1}}; or count: …; or event: {{column: …, weights: {{…: 1}}}}
    # time: {{column: …, unit: auto}}
validate: {{schema: auto}}
ranking:
  model: {{kind: mf}}"""
