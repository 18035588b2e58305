"""Replay of a data set: its ratings by time, cut into spans that are delivered one by one."""

import csv
import os
import shutil
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.files.layouts import recognise
from components.movielens_example_gen.files.pieces import cut
from components.movielens_example_gen.reading.catalog import Catalog, read_catalog
from components.movielens_example_gen.reading.ratings import read
from marquee.errors import DataError
from pipeline.simulate.described_cells import DescribedCells

_COLUMNS = ["user", "movie", "rating", "timestamp"]


@dataclass(frozen=True)
class Replay:
    """Spans to deliver, with the catalogue.

    Attributes:
        spans: one frame per span of `user`, `movie` (text), `rating` and `timestamp`, sorted by time.
        catalog: movies and users, which are known from the start; of described data nothing.
        cells: described data, as they are delivered; None: a recognised layout.
    """

    spans: list[pd.DataFrame]
    catalog: Catalog
    cells: DescribedCells | None = None

    @classmethod
    def of(cls, path: str, config: DataConfig, spans: int) -> "Replay":
        """Cuts the ratings at `path` into spans of equally many ratings, as nearly as times allow.

        Ratings of the same second stay together. `max_users` of `config` keeps the first users of the file.

        Raises:
            DataError: the data cannot be read, or has no times to cut at.
        """
        described = config.described
        if described is not None and described.interactions.time is None:
            raise DataError(
                f"{path}: data.interactions has no time, and a simulation replays interactions by their time",
                "Describe their column of times, or simulate data that have one.",
            )
        layout = recognise(path, config)
        pieces = cut(layout.ratings)
        found = [read(piece, _COLUMNS if described is None else None) for piece in pieces]
        for each in found:
            each.bad.check(config.max_bad_rows)
        if not sum(len(each.table) for each in found):
            raise DataError(f"{path}: there is no rating in it", "Name data that holds some.")
        ratings = pd.concat([each.table.select(_COLUMNS).to_pandas() for each in found], ignore_index=True)
        if config.max_users:
            ratings = ratings[pd.factorize(ratings["user"])[0] < config.max_users]
        ratings = ratings.sort_values("timestamp", kind="stable")
        bounds = boundaries(ratings["timestamp"].to_numpy(), spans)
        if len(set(bounds)) < len(bounds):
            raise DataError(
                f"{path}: the times of its {len(ratings):,} ratings do not part them into {spans} spans",
                "Fewer --spans, or a data set with times.",
            )
        cut_up = [ratings.iloc[start:end].reset_index(drop=True) for start, end in pairwise(bounds)]
        if described is None:
            return cls(cut_up, read_catalog(layout))
        rows = [each.rows for each in found]
        cells = DescribedCells.of(path, layout, described, list(zip(pieces, rows, strict=True)))
        return cls(
            cut_up, Catalog(description=described.description), cells.in_order(ratings.index.to_numpy())
        )

    def deliver(self, number: int, folder: Path) -> None:
        """Writes span `number`, from 1, into the folder, and before the first the movies and users.

        The span is written under another name and renamed, as producers of spans should do. An existing span
        is kept.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if number == 1:
            self._write_tables(folder)
        span = folder / f"span-{number:04}"
        if span.exists():
            return
        partial = span.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        if self.cells is None:
            names = {"user": "user_id", "movie": "movie_id"}
            self.spans[number - 1].rename(columns=names).to_csv(partial / "ratings.csv", index=False)
        else:
            first = sum(map(len, self.spans[: number - 1]))
            self.cells.write_span(first, first + len(self.spans[number - 1]), partial)
        partial.rename(span)

    def _write_tables(self, folder: Path) -> None:
        if self.cells is not None:
            self.cells.write_tables(folder)
            return
        movies = (
            (id, item.title, "|".join(item.features.get("genres", ())))
            for id, item in self.catalog.items.items()
        )
        _write(folder / "movies.csv", ("movie_id", "title", "genres"), movies)
        if self.catalog.users is not None:
            users = (
                (id, *(known.get(key, "") for key in self.catalog.description.user_features))
                for id, known in self.catalog.users.items()
            )
            _write(folder / "users.csv", ("user_id", *self.catalog.description.user_features), users)


def boundaries(times: np.ndarray, spans: int) -> list[int]:
    """Returns the start index of each span in ascending times, and the end of the last; no second is split.

    Bounds repeat if there are too few distinct times.
    """
    wanted = [round(len(times) * place / spans) for place in range(1, spans)]
    return [0, *(int(np.searchsorted(times, times[at], side="left")) for at in wanted), len(times)]


def _write(file: Path, header: tuple[str, ...], rows) -> None:
    part = file.with_name(f"{file.name}.part")
    with part.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    os.replace(part, file)
