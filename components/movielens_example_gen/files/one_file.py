"""One file or folder read as a run would read it, without a run: for who wants to know whether it can be."""

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
    """What a file came to.

    Attributes:
        rows: how many ratings could be read.
        bad: the rows that could not.
        notes: how it was read.
    """

    rows: int
    bad: BadRows
    notes: list[str]


def read_one_file(path: Path, cache_dir: Path) -> Parsed:
    """Reads ratings of one's own, and the movies and users beside them.

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
