"""Previews of artifacts as tables: examples, vocabularies, statistics, signatures, JSON."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from marquee.tfrecords import records
from pipeline.store.metadata.lineage import Artifact
from pipeline.store.node_files import RANKING_SLICES
from pipeline.store.ranking_metrics import ranking_metrics
from pipeline.store.short import short
from pipeline.ui.data_previews import schema_rows, statistics_rows
from pipeline.ui.tensorflow_messages import example, signatures

ROWS, WORDS, JSON_BYTES = 12, 40, 2_000_000


@dataclass(frozen=True)
class Preview:
    """Table with a part of an artifact.

    Args:
        title: heading.
        columns: names of the columns.
        rows: cells as text.
        note: remark on the rows that are not shown.
        open: whether it is expanded at first.
    """

    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""
    open: bool = field(default=True)


def previews(artifact: Artifact) -> list[Preview]:
    """Returns the previews of an artifact, by the files in it; a damaged file has none."""
    found: list[Preview] = []
    for look in _LOOKS:
        try:
            found += look(artifact.path)
        except Exception as error:  # no error of a reader on a damaged file may break the page
            found.append(Preview(f"cannot be read: {error}", [], []))
    return found


def _own(folder: Path, pattern: str) -> list[Path]:
    """Returns the matching files in an artifact, without links that lead out of it."""
    root = folder.resolve()
    files = [file for file in sorted(folder.glob(pattern)) if file.is_file()]
    return [file for file in files if file.resolve().is_relative_to(root)]


def _examples(folder: Path) -> Iterator[Preview]:
    splits: dict[Path, list[Path]] = {}
    for file in _own(folder, "Split-*/*tfrecord*"):
        splits.setdefault(file.parent, []).append(file)
    for split, files in splits.items():
        rows = [example(each) for each in islice(records(files[0]), ROWS)]
        columns = sorted({name for row in rows for name in row})
        name = split.name.removeprefix("Split-")
        yield Preview(
            f"Examples: {name}",
            columns,
            [[_feature(row.get(name, [])) for name in columns] for row in rows],
            f"the first {len(rows)} rows",
            open=name == "train",
        )


def _feature(values: list[Any]) -> str:
    return ", ".join(
        each.decode("utf-8", errors="replace")
        if isinstance(each, bytes)
        else f"{each:g}"
        if isinstance(each, float)
        else str(each)
        for each in values
    )


def _vocabularies(folder: Path) -> Iterator[Preview]:
    for file in _own(folder, "transform_fn/assets/*"):
        with open(file, encoding="utf-8", errors="replace") as lines:
            words = [line.rstrip("\n") for line in islice(lines, WORDS)]
            more = sum(1 for _ in lines)
        number = len(words) + more
        yield Preview(
            f"Vocabulary: {file.name}",
            ["index", "entry"],
            [[str(place), word] for place, word in enumerate(words, 1)],
            f"{number:,} entries" + (f", the first {len(words)} are shown" if more else ""),
            open=False,
        )


def _schema(folder: Path) -> Iterator[Preview]:
    for file in [*_own(folder, "schema.pbtxt"), *_own(folder, "metadata/schema.pbtxt")]:
        columns, rows = schema_rows(file)
        yield Preview("Schema", columns, rows, open=file.parent == folder)


def _statistics(folder: Path) -> Iterator[Preview]:
    for file in _own(folder, "Split-*/FeatureStats.pb"):
        split = file.parent.name.removeprefix("Split-")
        columns, rows, number = statistics_rows(file)
        yield Preview(f"Statistics: {split}", columns, rows, f"{number:,} examples", open=split == "train")


def _signatures(folder: Path) -> Iterator[Preview]:
    for file in [*_own(folder, "Format-Serving/saved_model.pb"), *_own(folder, "saved_model.pb")]:
        yield Preview(
            "SavedModel: signatures",
            ["signature", "inputs", "outputs"],
            [
                [name, _tensors(each.inputs), _tensors(each.outputs)]
                for name, each in signatures(file.read_bytes()).items()
            ],
            f"{sum(part.stat().st_size for part in file.parent.rglob('*') if part.is_file()) / 1e6:.1f} MB",
        )


def _tensors(specs) -> str:
    def shape(spec) -> str:
        if spec.shape is None:
            return ""
        return (
            " [" + ", ".join("?" if size == -1 else str(size) for size in spec.shape) + "]"
            if spec.shape
            else ""
        )

    return "; ".join(f"{name}: {spec.dtype}{shape(spec)}" for name, spec in specs.items())


def _ranking(folder: Path) -> Iterator[Preview]:
    for file in _own(folder, RANKING_SLICES.name):
        models = ranking_metrics(json.loads(file.read_text(encoding="utf-8")))
        names = list(dict.fromkeys(metric for values in models.values() for metric in values))
        yield Preview(
            "TFMA's metrics on eval",
            ["metric", *models],
            [[name, *(_number(values.get(name)) for values in models.values())] for name in names],
        )


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:.4f}"


def _parquet(folder: Path) -> Iterator[Preview]:
    for file in _own(folder, "parquet/*.parquet")[:1]:
        import pyarrow.parquet

        table = pyarrow.parquet.ParquetFile(file)
        first = next(table.iter_batches(batch_size=ROWS)).to_pylist()
        columns = list(first[0]) if first else []
        yield Preview(
            "Recommendations in bulk",
            columns,
            [[_cut(short(row[name])) for name in columns] for row in first],
            f"{table.metadata.num_rows:,} rows in {file.name}",
        )


def _json(folder: Path) -> Iterator[Preview]:
    for file in _own(folder, "*"):
        if file.suffix not in (".json", ".txt") or file.stat().st_size > JSON_BYTES:
            continue
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            continue
        if isinstance(content, list) and content and all(isinstance(each, dict) for each in content):
            columns = list(dict.fromkeys(name for each in content for name in each))
            rows = [[_cut(_said(each.get(name))) for name in columns] for each in content[:WORDS]]
            yield Preview(file.name, columns, rows, f"{len(content):,} rows")
        elif isinstance(content, dict):
            pairs = list(_leaves(content))
            most = 3 * WORDS
            note = f"{len(pairs):,} values" + (f", the first {most} are shown" if len(pairs) > most else "")
            rows = [[name, _cut(value)] for name, value in pairs[:most]]
            yield Preview(file.name, ["key", "value"], rows, note)


def _leaves(tree: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(tree, dict) and tree:
        for name, value in tree.items():
            yield from _leaves(value, f"{prefix} › {name}" if prefix else str(name))
    elif isinstance(tree, list) and tree and isinstance(tree[0], dict):
        for place, value in enumerate(tree, 1):
            yield from _leaves(value, f"{prefix} › {place}")
    else:
        yield prefix, _said(tree)


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {short(each)}" for name, each in value.items())
    return "" if value is None else short(value)


def _cut(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:299]}…"


_LOOKS: tuple[Callable[[Path], Iterator[Preview]], ...] = (
    _examples, _signatures, _statistics, _schema, _vocabularies, _ranking, _parquet, _json,
)  # fmt: skip
