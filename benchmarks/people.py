"""Benchmark of lists and ratings for people who say something of themselves, on MovieLens 100K.

    python benchmarks/people.py --json people.json

300 users are held out, as in `benchmarks/visitor.py`. Each is known by the first 0, 1, 3, 5 or 10 films that
they have watched, or by the first 80 % of them, and by age, gender, occupation and the region of the zip
code; or by the films alone. The rest of the user's ratings is to be found: the users' mean nDCG@10 over all
films, of what the default retrieval kind answers (`candidates_for_history_of_user`, or without features
`candidates_for_history`).

The second table is of the expected ratings of the default ranking model: the RMSE of the ratings that are not
in the history, with the features and without them.

`--choose` shows how the form of what features add to a score was chosen, on 150 other users, taken out of
train: nothing, all of it, or all of it divided by a power of the number n of films in the history.
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

from benchmarks import held_out_users, visitor
from benchmarks.ranking import read

LENGTHS = (0, 1, 3, 5, 10)
NAMES = ("raw_user_age", "user_gender", "user_occupation_text", "user_zip_code")
# What the lead of features is multiplied by, for histories of n films, n at least 1.
FORMS = {
    "nothing": lambda n: 0 * n,
    "all": lambda n: n**0,
    "/ n^0.5": lambda n: n**-0.5,
    "/ n^0.8": lambda n: n**-0.8,
    "/ n": lambda n: 1 / n,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="Folder with ml-100k (default: located as `marquee run` does).")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="Random seeds (0 1 2).")
    parser.add_argument("--choose", action="store_true", help="Measure the forms on a part of train.")
    parser.add_argument("--no-ratings", action="store_true", help="Train no ranking model.")
    parser.add_argument("--json", type=Path, help="File that the results are also written to.")
    arguments = parser.parse_args()
    visitor.LENGTHS = LENGTHS
    columns = read(arguments.data)
    forms = FORMS if arguments.choose else {name: FORMS[name] for name in ("nothing", "/ n")}
    runs = [
        of_seed(columns, seed, arguments.choose, forms, not (arguments.choose or arguments.no_ratings))
        for seed in arguments.seeds
    ]
    print(f"\n{'nDCG@10':<12}" + "".join(f"{f'{n} films':>18}" for n in LENGTHS) + f"{'80 %':>18}")
    for name in forms:
        values = np.array([run["ndcg"][name] for run in runs])
        print(f"{name:<12}" + "".join(f"{cell:>18}" for cell in cells(values)))
    if "rmse" in runs[0]:
        print(f"\n{'RMSE':<24}" + "".join(f"{f'{n} films':>18}" for n in LENGTHS))
        for name in runs[0]["rmse"]:
            values = np.array([run["rmse"][name] for run in runs])
            print(f"{name:<24}" + "".join(f"{cell:>18}" for cell in cells(values)))
    if arguments.json:
        arguments.json.write_text(json.dumps(runs, indent=2) + "\n")


def cells(values: np.ndarray) -> list[str]:
    spread = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1])
    return [f"{mean:.4f} ± {off:.4f}" for mean, off in zip(values.mean(axis=0), spread, strict=True)]


def of_seed(columns: dict[str, list], seed: int, validation: bool, forms: dict, with_ratings: bool) -> dict:
    """Returns nDCG@10 by form, for each length and for 80 % of the films, and RMSE by what is known."""
    import tensorflow as tf

    from trainer.export.given.features import GivenFeatures

    learned, asked = visitor.split(columns, seed, validation)
    ratings, catalogue = visitor._read(learned)
    histories, stars = held_out_users.by_time(asked, catalogue)
    model = held_out_users.trained("two_tower", ratings, catalogue, seed)
    given = said(asked, GivenFeatures(catalogue, model.user_features))
    vectors = model.item_vectors(tf.range(catalogue.movies)).numpy()
    people = model.for_serving().vectors_of_given(given).numpy()
    lead = (people - model.user_vectors(tf.zeros([1], tf.int32)).numpy()) @ vectors.T
    visitors = model.visitors()
    found = {}
    for name, form in forms.items():

        def scores(rows, form=form):
            n = np.maximum([len(row) for row in rows], 1).astype(float)[:, None]
            return visitor.scores_of(visitors, rows) + form(n) * lead

        found[name] = [*visitor.ndcg(scores, histories), held_out_users.ndcg(scores, histories)]
    run = {"seed": seed, "ndcg": found}
    if with_ratings:
        run["rmse"] = errors(visitor.rater(learned, seed), given, histories, stars)
    print(run, flush=True)
    return run


def said(asked: dict[str, list], lookup):
    """Returns the columns of the asked users' features, in the order of `visitor.by_time`."""
    import tensorflow as tf

    users, first = np.unique(np.array(asked["user_id"]), return_index=True)
    raw = {name: [asked[name][row] for row in first] for name in NAMES}
    kinds = {spec.name: spec.dtype for spec in lookup.specs()}
    return lookup([tf.constant(raw[name], kinds[name]) for name in lookup.inputs], tf.constant(len(users)))


def errors(ranking, given, histories, stars) -> dict[str, list[float]]:
    """Returns the RMSE of the ratings behind each history, of films that train knows."""
    import tensorflow as tf

    found: dict[str, list[float]] = {}
    for length in LENGTHS:
        off: dict[str, list[np.ndarray]] = {"films alone": [], "and what they say": []}
        for row, (films, true) in enumerate(zip(histories, stars, strict=True)):
            brought, rest = films[:length], films[length:]
            known = rest > 0
            history = tf.ragged.constant([brought[brought > 0].tolist()], tf.int32, ragged_rank=1)
            one = {name: column[row : row + 1] for name, column in given.items()}
            for name, features in (("films alone", None), ("and what they say", one)):
                asked = tf.constant(rest[known][None])
                guess = ranking.rate_for_history(history, asked, given=features).numpy()[0]
                off[name].append(guess - true[length:][known])
        for name, each in off.items():
            rmse = float(np.sqrt(np.mean(np.concatenate(each) ** 2)))
            found.setdefault(name, []).append(rmse)
    return found


if __name__ == "__main__":
    main()
