"""The executor of MovieLensExampleGen, which writes an Examples artifact completely or not at all."""

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
import numpy as np
from tfx.components.util import examples_utils
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils

from components.movielens_example_gen import splits
from components.movielens_example_gen.config import DataConfig, PredefinedSplit
from components.movielens_example_gen.examples import ExampleEncoder, write_catalogue, write_each
from components.movielens_example_gen.files import sources
from components.movielens_example_gen.files.contents import PACKED
from components.movielens_example_gen.files.pieces import Piece, cut
from components.movielens_example_gen.ingest import IngestPiece, Work
from components.movielens_example_gen.reading.bad_rows import BadRows
from components.movielens_example_gen.reading.catalog import read_catalog
from components.movielens_example_gen.reading.joins import join_all
from components.movielens_example_gen.spans import recognise_all
from components.movielens_example_gen.survey import split_codes
from components.movielens_example_gen.told import (
    also_saying,
    check_stars,
    told_of_events,
    told_of_files,
    told_of_ratings,
    told_of_times,
)
from marquee.errors import DataError
from trainer.data import columns
from trainer.data.features import SPLITS

REPORT = "ingest.json"
BYTES_A_ROW = 50  # on disk, of examples and columns together; features of users and items come to that
#: Every item that is described, touched or not, one tf.Example each.
CATALOGUE = os.path.join("catalogue", "items.tfrecord.gz")

# The number of ratings of each release; latest-small changes over time.
RATINGS = {
    "ml-100k": 100_000,
    "ml-1m": 1_000_209,
    "ml-10m": 10_000_054,
    "ml-20m": 20_000_263,
    "ml-25m": 25_000_095,
    "ml-32m": 32_000_204,
}


class Executor(BaseBeamExecutor):
    """Cuts the files into pieces, decides each rating's split, and has Beam ingest the pieces."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """Writes `Split-train`, `-eval` and `-test`, `columns/`, `catalogue/` and `ingest.json`.

        Args:
            input_dict: empty.
            output_dict: `examples`, an Examples artifact.
            exec_properties: `input_base`, the folder or file to read, or empty: found, or downloaded, here;
                `config`, a DataConfig as JSON; `origin`, where the files came from; `spans`, those chosen.

        Raises:
            DataError: the data is missing, cut off, malformed beyond `max_bad_rows`, or leaves a split empty.
                Nothing is left at the artifact's place.
        """
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        config = DataConfig.model_validate_json(exec_properties["config"])
        path, origin = exec_properties["input_base"], exec_properties.get("origin")
        if not path or path.lower().endswith(PACKED) or (config.described and os.path.exists(path)):
            given = config.model_copy(update={"path": path or config.path})
            located = sources.locate(given, Path(tempfile.mkdtemp(prefix="movielens-")))
            path, origin = str(located.path), located.origin
        try:
            report = self._ingest(path, config, exec_properties.get("spans") or "", examples.uri)
        except BaseException:
            _empty(examples.uri)
            raise
        report["origin"] = origin or path
        _write_json(os.path.join(examples.uri, REPORT), report)
        _describe(examples, report)

    def _ingest(self, path: str, config: DataConfig, spans: str, uri: str) -> dict:
        layouts = recognise_all(path, config, spans)
        pieces = cut(tuple(file for layout in layouts for file in layout.ratings), config.shards)
        _check_complete(pieces, config)
        _check_disk(pieces, uri)
        catalog = read_catalog(*layouts)
        catalog.bad.check(config.max_bad_rows)
        told = told_of_files(layouts, catalog)
        with also_saying(told):
            survey = split_codes(pieces, config)
            joins = join_all(layouts, catalog, survey.movies, survey.users, config.min_described)
        parts = os.path.join(uri, "parts")
        fileio.makedirs(parts)
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "Pieces" >> beam.Create(list(_work(pieces, survey.codes)))
                | "Spread" >> beam.Reshuffle()
                | "Ingest" >> beam.ParDo(IngestPiece(layouts, joins, parts))
            )
        rows, bad, stars, odd_times, skipped = _collect(parts, len(pieces))
        bad = catalog.bad + bad
        bad.check(config.max_bad_rows)  # one limit for all files
        with also_saying(told):
            splits.check_sizes(rows.sum(axis=0), config.split)
        if config.description.feedback == "explicit":
            check_stars(stars, int(rows[:, splits.TRAIN_CODE].sum()))
        _publish(parts, uri, rows)
        write_catalogue(os.path.join(uri, CATALOGUE), joins.described(catalog), catalog.description)
        encoder = ExampleEncoder(joins.applied(catalog))
        write_each(os.path.join(uri, columns.USERS), survey.users, encoder.describe_users)
        write_each(os.path.join(uri, columns.ITEMS), survey.movies, encoder.describe_items)
        return {
            "dataset": config.dataset,
            "layout": layouts[-1].kind,
            **config.description.model_dump(mode="json"),
            **_of_spans(pieces, survey.superseded, config),
            "split": config.split.model_dump(),
            "rows": dict(zip(SPLITS, rows.sum(axis=0).tolist(), strict=True)),
            "bad_rows": bad.as_dict(),
            "joins": joins.as_dict(),
            "repeated": survey.repeated,
            **({"skipped_events": dict(skipped.most_common(20))} if skipped else {}),
            "notes": [
                *told,
                *told_of_events(skipped),
                *told_of_times(*odd_times),
                *joins.notes(),
                *told_of_ratings(survey, int(rows.sum()), config),
            ],
        }


def _check_complete(pieces: list[Piece], config: DataConfig) -> None:
    expected, found = RATINGS.get(config.dataset, 0), sum(piece.rows for piece in pieces)
    if found < expected and not isinstance(config.split, PredefinedSplit):
        raise DataError(
            f"{pieces[0].file.path if pieces else 'The ratings'}: {found:,} ratings of the {expected:,} "
            f"that {config.dataset} has: the file was cut off",
            "Fetch it again (delete it from the cache), or set data.dataset: custom if that is on purpose.",
        )


def _check_disk(pieces: list[Piece], uri: str) -> None:
    """Refuses ratings whose examples do not fit on the disk, before any are written."""
    if "://" in uri:
        return
    existing = next(each for each in (Path(uri), *Path(uri).absolute().parents) if each.exists())
    rows, free = sum(piece.rows for piece in pieces), shutil.disk_usage(existing).free
    needed = rows * BYTES_A_ROW
    if needed > free:
        raise DataError(
            f"{existing}: the examples of {rows:,} rows take at least {needed / 2**30:.1f} GiB, and this "
            f"disk has {free / 2**30:.1f} GiB left",
            "Free some space, or name a folder on a larger disk with --workspace.",
        )


def _of_spans(pieces: list[Piece], superseded: int, config: DataConfig) -> dict:
    """`spans`, rows by number as read; `superseded`, how many a newer span said again."""
    if config.spans is None:
        return {}
    rows: dict[str, int] = {}
    for piece in pieces:
        name = str(piece.file.span)
        rows[name] = rows.get(name, 0) + piece.rows
    return {"spans": rows, "superseded": superseded}


def _work(pieces: list[Piece], codes: np.ndarray) -> Iterator[Work]:
    for number, piece in enumerate(pieces):
        yield Work(number, piece, codes[piece.first_row : piece.first_row + piece.rows].tobytes())


def _collect(parts: str, count: int) -> tuple[np.ndarray, BadRows, list[float], list[int], Counter[str]]:
    """Collects the reports of the pieces.

    Returns:
        Rows by piece and split, int64[count, 3]; the bad rows; the least and most stars of each piece in
        train; how many times look like another unit: too late, too early; how many rows of which event type
        the description leaves out.
    """
    rows, bad, odd = np.zeros((count, len(SPLITS)), np.int64), BadRows(), np.zeros(2, np.int64)
    stars: list[float] = []
    skipped = Counter[str]()
    for number in range(count):
        with fileio.open(os.path.join(parts, f"{number}.json"), "r") as file:
            report = json.loads(file.read())
        rows[number] = report["rows"]
        bad += BadRows.from_dict(report["bad"])
        stars += report["stars"] or []
        odd += report["odd_times"]
        skipped.update(report["skipped"])
    return rows, bad, stars, odd.tolist(), skipped


def _publish(parts: str, uri: str, rows: np.ndarray) -> None:
    """Moves the files that are not empty to the folders where TFX looks for them."""
    fileio.makedirs(os.path.join(uri, columns.FOLDER))
    for place, split in enumerate(SPLITS):
        folder = os.path.join(uri, f"Split-{split}")  # where artifact_utils.get_split_uri looks
        fileio.makedirs(folder)
        filled = np.flatnonzero(rows[:, place])
        for shard, number in enumerate(filled):
            part = os.path.join(parts, f"{number}-{split}")
            name = f"data_tfrecord-{shard:05d}-of-{len(filled):05d}.gz"
            fileio.rename(f"{part}.gz", os.path.join(folder, name))
            fileio.rename(f"{part}.arrow", os.path.join(uri, columns.name(split, shard)))
    fileio.rmtree(parts)


def _describe(examples, report: dict) -> None:
    """Records the artifact's content in the metadata, like TFX's own ExampleGens, with more properties."""
    examples.split_names = artifact_utils.encode_split_names(list(SPLITS))
    examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
    examples_utils.set_file_format(examples, "tfrecords_gzip")
    examples.set_string_custom_property("dataset", report["dataset"])
    examples.set_string_custom_property("origin", report["origin"])
    examples.set_string_custom_property("split", json.dumps(report["split"]))
    examples.set_int_custom_property("bad_rows", report["bad_rows"]["count"])
    if report.get("spans"):
        newest = max(map(int, report["spans"]))
        examples.span = newest
        examples.set_int_custom_property("span", newest)  # where TFX's own drivers put it
    for split, count in report["rows"].items():
        examples.set_int_custom_property(f"rows_{split}", count)


def _write_json(path: str, value: dict) -> None:
    with fileio.open(path + ".tmp", "w") as file:
        file.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    fileio.rename(path + ".tmp", path, overwrite=True)


def _empty(uri: str) -> None:
    if fileio.exists(uri):
        fileio.rmtree(uri)
        fileio.makedirs(uri)
