"""What is found of items that nobody has touched: their features against chance and popularity.

    python benchmarks/cold_items.py --json cold_items.json            # MovieLens 100K
    python benchmarks/cold_items.py --beauty amazon-beauty            # Amazon Beauty, a folder with its files

Of a permutation of all items (`RandomState(seed)`), the first 5 % are hidden: models learn from the
interactions with the others, and know the hidden ones by their features alone, as
`trainer.export.cold.vectors` has them. MovieLens 100K has genres, the year and the words of the title, Beauty
the numbers of each item's categories and brand.

Each user who touched hidden items is asked for, and the measure is the mean over users of the share of those
items that are found: `recall@100` among all items that the user has not touched in train, hidden or not; and
`within`, among the hidden ones alone, of which the first tenth counts. `shown` is the share of hidden items
among the ten best of all: too many would drive out what is known to be good. Chance is the expectation of an
even draw of as many items. Popularity is that of the hidden interactions themselves, which nobody knows
before they happen: a bound of what can be known without knowing the user (among all items, beside the train
counts of the others). That of train alone finds none of them.

The models are `two_tower`, the default kind, on MovieLens, and `ials` on both, with their defaults. `served`
is the answer of an exported model. Beside it, `20 alike` gives a hidden item the weighted mean of the vectors
of the 20 items that are most like it, and nothing else.

`--choose` shows how the constants were chosen: the strength of the regression's regularization, what it
counts beside the items alike, and the length of the vectors. Items are hidden from what is left when the 5 %
of the seed are taken away, which never decide.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

import numpy as np

from benchmarks.ranking import read
from benchmarks.retrieval import taken

HIDDEN = 0.05
K = 100
CHOICES = [
    (penalty, share, length)
    for penalty, share in ((5.0, 0.35), (5.0, 0.5), (5.0, 0.65), (5.0, 1.0), (20.0, 0.5), (20.0, 1.0))
    for length in (0.6, 0.8, 0.9, 1.0)
]
MODELS = {"two_tower": {"kind": "two_tower"}, "ials": {"kind": "ials"}}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="a folder with ml-100k; without it, found as `marquee run` does")
    parser.add_argument("--beauty", type=Path, help="a folder with Amazon Beauty, in place of MovieLens")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--models", nargs="+", choices=list(MODELS), help="default: all; on Beauty ials")
    parser.add_argument("--choose", action="store_true", help="the constants, on other hidden items")
    parser.add_argument("--json", type=Path, help="also write the results here")
    arguments = parser.parse_args()
    if arguments.beauty:
        columns, items, description = beauty(arguments.beauty)
    else:
        columns, items, description = movielens(arguments.data)
    models = arguments.models or (["ials"] if arguments.beauty else list(MODELS))
    rows = [
        row
        for seed in arguments.seeds
        for row in of_seed(columns, items, description, seed, models, arguments.choose)
    ]
    print(f"\n{'':<34}{'recall@100':>20}{'within':>20}{'shown':>20}")
    for name in dict.fromkeys(row["model"] for row in rows):
        of_it = [row for row in rows if row["model"] == name]
        cells = []
        for measure in ("recall@100", "within", "shown"):
            values = np.array([row[measure] for row in of_it])
            cells.append(f"{values.mean():.4f} ± {values.std(ddof=1) if len(values) > 1 else 0:.4f}")
        print(f"{name:<34}" + "".join(f"{cell:>20}" for cell in cells))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


def of_seed(columns, items, description, seed: int, models: list[str], choosing: bool) -> list[dict]:
    """The measures by model for one draw of hidden items."""
    from trainer.export.cold.vectors import LENGTH, PENALTY, SHARE, cold_vectors

    every = np.array(sorted(set(columns["movie_id"])))
    order = np.random.RandomState(seed).permutation(len(every))
    size = round(HIDDEN * len(every))
    hidden, left = set(every[order[:size]]), columns
    if choosing:
        left = _where(columns, [name not in hidden for name in columns["movie_id"]])
        hidden = set(every[order[size : 2 * size]])
    away = np.array([name in hidden for name in left["movie_id"]])
    learned, asked = _where(left, ~away), _where(left, away)
    data = _read(learned, description)
    asking = Asking(data.catalogue, described(data.catalogue, items, hidden), asked)
    rows = [
        {"model": "chance", **asking.chance()},
        {"model": "popularity of what was hidden", **asking.popular()},
    ]
    for name in models:
        model = trained(name, data, seed)
        rows.append({"model": f"{name}, 20 alike", **asking.of(model, asking.alike)})
        for constants in CHOICES if choosing else [(PENALTY, SHARE, LENGTH)]:

            def vectors(table, constants=constants):
                return cold_vectors(asking.whole, asking.first, table, asking.alike(table), *constants)

            label = "{:g}, share {:g}, length {:g}".format(*constants) if choosing else "served"
            rows.append({"model": f"{name}, {label}", **asking.of(model, vectors)})
    for row in rows:
        print(seed, *(each if key == "model" else f"{each:.4f}" for key, each in row.items()), flush=True)
    return [{"seed": seed, **row} for row in rows]


class Asking:
    """Users who touched hidden items, and what is found of these.

    Args:
        catalogue: train's.
        whole: the same with the hidden items behind it.
        asked: the hidden interactions.
    """

    def __init__(self, catalogue, whole, asked: dict[str, list]):
        self._catalogue, self.whole, self.first = catalogue, whole, catalogue.movies
        users = {name: row for row, name in enumerate(catalogue.vocabularies.user_id, start=1)}
        films = {name: row for row, name in enumerate(whole.vocabularies.movie_id, start=1)}
        self._wanted: dict[int, set[int]] = {}
        for user, movie in zip(asked["user_id"], asked["movie_id"], strict=True):
            if user in users and movie in films:
                self._wanted.setdefault(users[user], set()).add(films[movie])
        self._users = np.array(sorted(self._wanted), np.int32)
        self._within = max(1, round((whole.movies - self.first) / 10))

    def chance(self) -> dict[str, float]:
        left = [self.whole.movies - 1 - len(set(self._catalogue.watched[user])) for user in self._users]
        return {
            "recall@100": float(np.mean([min(1.0, K / each) for each in left])),
            "within": self._within / (self.whole.movies - self.first),
            "shown": (self.whole.movies - self.first) / (self.whole.movies - 1),
        }

    def popular(self) -> dict[str, float]:
        counts = self.whole.watchers.lengths.astype(np.float64)
        for films in self._wanted.values():
            counts[list(films)] += 1
        return self._found(lambda users: np.tile(counts, (len(users), 1)))

    def of(self, model, vectors_of) -> dict[str, float]:
        """The measures of a model whose vectors of hidden items `vectors_of` gives, of those of train."""
        import tensorflow as tf

        vectors = model.item_vectors(tf.range(self.first)).numpy()
        vectors = np.concatenate([vectors, vectors_of(vectors)])
        return self._found(lambda users: model.user_vectors(tf.constant(users)).numpy() @ vectors.T)

    def alike(self, table: np.ndarray) -> np.ndarray:
        from trainer.export.cold.items import nearest

        near, weights = nearest(self.whole, self.first)
        return np.einsum("ck,ckd->cd", weights, table[near])

    def _found(self, scores) -> dict[str, float]:
        among_all, within, shown = [], [], []
        for start in range(0, len(self._users), 256):
            users = self._users[start : start + 256]
            rows = np.array(scores(users), np.float32)
            cold = self.first + best(rows[:, self.first :], self._within)
            rows[:, 0] = -np.inf
            for row, user in zip(rows, users, strict=True):
                row[self._catalogue.watched[user]] = -np.inf
            found = best(rows, K)
            shown += np.mean(found[:, :10] >= self.first, axis=1).tolist()
            for user, new, every in zip(users, cold.tolist(), found.tolist(), strict=True):
                wanted = self._wanted[user]
                within.append(len(wanted.intersection(new)) / len(wanted))
                among_all.append(len(wanted.intersection(every)) / len(wanted))
        means = {"recall@100": among_all, "within": within, "shown": shown}
        return {name: float(np.mean(values)) for name, values in means.items()}


def best(scores: np.ndarray, number: int) -> np.ndarray:
    """The places of the best scores of each row, best first: int [B, number]."""
    places = np.argpartition(-scores, number - 1, axis=1)[:, :number]
    order = np.argsort(-np.take_along_axis(scores, places, axis=1), axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1)


def described(catalogue, items: dict[str, dict], hidden: set[str]):
    """The catalogue with the hidden items behind it, read from a file as the pipeline does."""
    import tempfile

    import tensorflow as tf

    from trainer.export.cold.items import extended

    names = tuple(sorted(name for name in hidden if name in items))
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/items.tfrecord.gz"
        with tf.io.TFRecordWriter(path, tf.io.TFRecordOptions(compression_type="GZIP")) as writer:
            for name in names:
                values = {"movie_id": [name], **items[name]}
                feature = {
                    key: tf.train.Feature(
                        bytes_list=tf.train.BytesList(value=[each.encode() for each in value])
                    )
                    for key, value in values.items()
                }
                example = tf.train.Example(features=tf.train.Features(feature=feature))
                writer.write(example.SerializeToString())
        return extended(catalogue, names, [path])


def trained(name: str, data, seed: int):
    from trainer.training.retrieval import RetrievalSettings, train_retrieval

    train = {"patience": 0, "seed": seed}
    return train_retrieval(RetrievalSettings.of({"model": MODELS[name], "train": train}, None), data).model


def movielens(path: str | None):
    from components.movielens_example_gen.shipped import shipped

    columns = read(path)
    items = {
        movie: {"movie_title": [title], "movie_genres": list(genres)}
        for movie, title, genres in zip(
            columns["movie_id"], columns["movie_title"], columns["movie_genres"], strict=True
        )
    }
    return columns, items, shipped("movielens")


def beauty(folder: Path):
    from trainer.data.description import Description

    attributes = json.loads((folder / "item_attributes.json").read_text())
    columns: dict[str, list] = {name: [] for name in ("user_id", "movie_id", "timestamp", "attributes")}
    for line in (folder / "sequences.txt").read_text().splitlines():
        user, *touched = line.split()
        for place, item in enumerate(touched):
            words = [str(each) for each in attributes.get(item, [])]
            for name, value in zip(columns, (user, item, place, words), strict=True):
                columns[name].append(value)
    columns["user_rating"] = [1.0] * len(columns["user_id"])
    description = {"feedback": "implicit", "item_features": {"attributes": {"type": "categories"}}}
    items = {item: {"attributes": [str(each) for each in words]} for item, words in attributes.items()}
    return columns, items, Description.model_validate(description)


def _where(columns: dict[str, list], kept) -> dict[str, list]:
    return taken(columns, np.flatnonzero(kept))


def _read(learned: dict[str, list], description):
    from trainer.data.catalogue import from_columns
    from trainer.data.rating_data import RatingData
    from trainer.data.vocabularies import Vocabularies

    vocabularies = Vocabularies.from_columns(learned, description)
    ratings, catalogue = from_columns(learned, vocabularies)
    return RatingData(ratings, None, catalogue)  # nothing is held out: a fixed number of epochs


if __name__ == "__main__":
    main()
