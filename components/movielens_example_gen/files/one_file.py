"""Reading of one file or folder without a run, to check whether a run could read it."""

from dataclasses import dataclass
from pathlib import Path

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.files import sources
from components.movielens_example_gen.files.layouts import recognise
from components.movielens_example_gen.files.pieces import cut
from components.movielens_example_gen.reading import ratings
from components.movielens_example_gen.reading.bad_rows import BadRows
from components.movielens_example_gen.reading.catalog import read_catalog
from components.movielens_example_gen.told import told_of_files


@dataclass(frozen=True)
class Parsed:
    """The result of reading a file.

    Attributes:
        rows: the number of ratings that could be read.
        bad: the rows that could not be read.
        notes: notes on how the file was read.
    """

    rows: int
    bad: BadRows
    notes: list[str]


def read_one_file(path: Path, cache_dir: Path) -> Parsed:
    """Reads a file of ratings, and the movies and users beside it.

    Args:
        path: a file, an archive or a folder.
        cache_dir: where an archive is unpacked.

    Raises:
        DataError: it cannot be read. Nothing else is raised, whatever the bytes; rows that cannot be read
            are counted and no error here.
    """
    config = DataConfig(dataset="custom", path=str(path))
    layout = recognise(str(sources.locate(config, cache_dir).path), config)
    catalog = read_catalog(layout)
    rows, bad = 0, catalog.bad
    for piece in cut(layout.ratings):
        read = ratings.read(piece)
        rows, bad = rows + len(read.table), bad + read.bad
    return Parsed(rows, bad, told_of_files((layout,), catalog))
