"""Generator of ratings in the shape of MovieLens, of any number; no MovieLens row is in them.

    python benchmarks/synthetic.py DIR --rows 20000000

The command writes `ratings.csv` and `movies.csv` in the format of ml-20m. Ratings are sorted by user, and
movies follow a Zipf law.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

BLOCK = 1_000_000
MOVIES = 27_000
GENRES = ("Action", "Adventure", "Comedy", "Crime", "Drama", "Horror", "Romance", "Thriller", "War")


def write_ratings(folder: Path, rows: int, seed: int = 0) -> None:
    """Writes `ratings.csv` (userId,movieId,rating,timestamp) to `folder`, about 144 ratings per user."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    with pa_csv.CSVWriter(
        str(folder / "ratings.csv"),
        pa.schema(
            {"userId": pa.int32(), "movieId": pa.int32(), "rating": pa.float32(), "timestamp": pa.int64()}
        ),
        write_options=pa_csv.WriteOptions(quoting_style="none"),
    ) as writer:
        for start in range(0, rows, BLOCK):
            size = min(BLOCK, rows - start)
            writer.write_table(
                pa.table(
                    {
                        "userId": (np.arange(start, start + size) // 144 + 1).astype(np.int32),
                        "movieId": (random.zipf(1.3, size) % MOVIES + 1).astype(np.int32),
                        "rating": (random.integers(1, 11, size) / 2).astype(np.float32),
                        "timestamp": random.integers(800_000_000, 1_700_000_000, size),
                    }
                )
            )


def write_movies(folder: Path, seed: int = 0) -> None:
    """Writes `movies.csv` (movieId,title,genres) to `folder`."""
    random = np.random.default_rng(seed)
    with (folder / "movies.csv").open("w") as file:
        file.write("movieId,title,genres\n")
        for movie in range(1, MOVIES + 1):
            genres = "|".join(random.choice(GENRES, random.integers(1, 4), replace=False))
            file.write(f'{movie},"Film {movie}, The ({random.integers(1920, 2024)})",{genres}\n')


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="Folder that the files are written to.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="Number of ratings (1000000).")
    arguments = parser.parse_args()
    write_ratings(arguments.folder, arguments.rows)
    write_movies(arguments.folder)
