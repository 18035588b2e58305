"""Generator of ratings in the shape of MovieLens, of any number; no MovieLens row is in them.

    python benchmarks/synthetic.py DIR --rows 20000000

The command writes `ratings.csv` and `movies.csv` in the format of ml-20m. Ratings are sorted by user, and
movies follow a Zipf law. `write_tastes` writes ratings that a model can learn something from.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

BLOCK = 1_000_000
MOVIES = 27_000
GENRES = ("Action", "Adventure", "Comedy", "Crime", "Drama", "Horror", "Romance", "Thriller", "War")

SCHEMA = pa.schema(
    {"userId": pa.int32(), "movieId": pa.int32(), "rating": pa.float32(), "timestamp": pa.int64()}
)
UNQUOTED = pa_csv.WriteOptions(quoting_style="none")


def write_ratings(folder: Path, rows: int, seed: int = 0) -> None:
    """Writes `ratings.csv` (userId,movieId,rating,timestamp) to `folder`, about 144 ratings per user."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    with pa_csv.CSVWriter(str(folder / "ratings.csv"), SCHEMA, write_options=UNQUOTED) as writer:
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


def write_movies(folder: Path, seed: int = 0, movies: int = MOVIES) -> None:
    """Writes `movies.csv` (movieId,title,genres) to `folder`."""
    random = np.random.default_rng(seed)
    with (folder / "movies.csv").open("w") as file:
        file.write("movieId,title,genres\n")
        for movie in range(1, movies + 1):
            genres = "|".join(random.choice(GENRES, random.integers(1, 4), replace=False))
            file.write(f'{movie},"Film {movie}, The ({random.integers(1920, 2024)})",{genres}\n')


def write_tastes(folder: Path, rows: int, seed: int = 7) -> None:
    """Writes about `rows` ratings of latent tastes, and their movies, to `folder`: 5 s a million.

    Users, movies, their activity and popularity are in the proportions of MovieLens 25M: a user has about
    150 ratings, at least 20. Whom a movie suits rates it more often, and better.
    """
    random = np.random.default_rng(seed)
    users, movies = max(rows // 154, 100), max(int(62_423 * (rows / 25_000_095) ** 0.75), 200)
    activity = np.minimum(np.exp(random.normal(4.2, 1.15, users)), movies * 0.3)
    activity = np.maximum(20, activity * rows / activity.sum()).astype(int)
    popular = (np.arange(1, movies + 1) + 30.0) ** -1.45 * np.exp(random.normal(0, 0.5, movies))
    drawn_below = np.cumsum(popular / popular.sum())
    of_users, of_movies = (random.normal(0, 8**-0.5, (count, 8)) for count in (users, movies))
    user_bias, movie_bias = random.normal(0, 0.45, users), random.normal(-0.2, 0.5, movies)
    since = random.integers(800_000_000, 1_574_000_000, users)
    folder.mkdir(parents=True, exist_ok=True)
    write_movies(folder, movies=movies)
    with pa_csv.CSVWriter(str(folder / "ratings.csv"), SCHEMA, write_options=UNQUOTED) as writer:
        for first in range(0, users, 4000):
            some = np.arange(first, min(first + 4000, users))
            # Nine times as many as wanted: few suit, and the same movie is rated once.
            user = np.repeat(some, activity[some] * 9)
            movie = np.searchsorted(drawn_below, random.random(len(user))).clip(0, movies - 1)
            suits = (of_users[user] * of_movies[movie]).sum(axis=1)
            rated = random.random(len(user)) < 1 / (1 + np.exp(3 - 10 * suits))
            _, once = np.unique(user[rated] * movies + movie[rated], return_index=True)
            user, movie, suits = (column[rated][once] for column in (user, movie, suits))
            stars = (
                3.53 + user_bias[user] + movie_bias[movie] + 0.9 * suits + random.normal(0, 0.75, len(user))
            )
            columns = {
                "userId": (user + 1).astype(np.int32),
                "movieId": (movie + 1).astype(np.int32),
                "rating": np.clip(np.round(stars * 2) / 2, 0.5, 5).astype(np.float32),
                "timestamp": since[user] + random.exponential(90_000, len(user)).astype(np.int64),
            }
            writer.write_table(pa.table(columns, SCHEMA))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="Folder that the files are written to.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="Number of ratings (1000000).")
    arguments = parser.parse_args()
    write_ratings(arguments.folder, arguments.rows)
    write_movies(arguments.folder)
