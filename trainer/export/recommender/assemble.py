"""Assembly of two trained models to one SavedModel for stock TF Serving."""

import json
import shutil
from pathlib import Path

import tensorflow as tf

from marquee.errors import TrainingError
from marquee.whole_file import write_whole
from trainer.export.answers import Answer
from trainer.export.description import FILE as DESCRIPTION
from trainer.export.description import add_user_features, user_features_of
from trainer.export.extra import EXTRA
from trainer.export.ranking import CHANCES, RATE_EVENTS
from trainer.export.recommender.answers import recommender_answers
from trainer.export.recommender.parts import load_part
from trainer.export.recommender.recommender import Recommender

CANDIDATES = 200
# The best weight on MovieLens 100K: on a validation part of train, NDCG@10 is 0.266 with it, 0.262 by
# retrieval alone and 0.251 with a weight of 1. If only films rated with 4 stars or more are positives, it is
# 0.233, 0.219 and 0.245 (benchmarks/recommend.py).
RATING_WEIGHT = 0.2
USERS_FILE = "user_ids.txt"
FACTS = "recommender.json"
# Signatures that a ranking model may have, if it can rate by a history or by features of users.
BY_HISTORIES = ("rate_for_history", "rate_ids_for_history")
BY_FEATURES = ("rate_ids_of_user", "rate_ids_for_history_of_user")
_FROM_THE_NODE = 4  # the number of a path's last parts that are kept: RankingTrainer/model/7/Format-Serving


def assemble(
    ranking: Path,
    retrieval: Path,
    path: Path,
    candidates: int = CANDIDATES,
    rating_weight: float = RATING_WEIGHT,
) -> list[Answer]:
    """Writes the SavedModel; `path` must not exist yet.

    Each signature returns `movie_id`, `movie_title` string and `user_rating`, `score` float32 [B, k'], in
    descending order of the score, which is the retrieval score + `rating_weight` x the expected rating, or of
    implicit feedback x the log odds of the chance, or of `worth` if the ranking model knows types of events:
        serving_default: `user_id` string [B]; k is 10, and films that the user has seen are left out.
        recommend: `user_id` string [B], `k` int32 and `exclude_seen` bool, each one for all rows or [B].
        recommend_from_history: `movie_title` string [B, n], padded with "", and `k`, for cold-start users.
            Films are retrieved by the history, without those in it, and rated by the history, and such a
            rating counts half (`points.BY_HISTORY`). If the ranking
            model has no `rate_for_history`, the score uses the unknown user's rating, and `user_rating` is 0:
            no rating is shown.
        recommend_for_history: the same for `movie_id` string [B, n], padded with "", and `weight` float32
            [B, n], at least 0, how much each film counts; only the ratios of a row's weights matter. A film
            of weight 0 is left out of the answer and changes nothing else.
        recommend_for_history_of_user: the same and each feature of users that a part knows people by, by its
            name in tf.Examples (`trainer.export.given.features`), if there are such features. Films are
            retrieved and rated by the features too, each by the part that knows them. If the ranking model
            has no `rate_for_history`, but knows people by features, `user_rating` is that of an unknown user
            with these features.
    k' is the largest k, and at most the largest number of films that any row of the batch has left. A row
    that has or requests fewer films is padded with "", "", 0, 0. A k below 1 is refused. Users and films that
    train lacks are treated as unknown, and unknown titles are ignored. Names are those of MovieLens; in the
    SavedModel they are those of the ranking model (`trainer.export.named`).

    Beside the SavedModel are `user_ids.txt`, the known users from the retrieval model, and
    `recommender.json`, the names of the two parts.

    Args:
        ranking: the SavedModel of `trainer.export.ranking`.
        retrieval: the SavedModel of `trainer.export.retrieval`, of the same data.
        path: the path of the new SavedModel.
        candidates: the number of films that are rated per request, at least 1; a larger k rates k films.
        rating_weight: the points of retrieval score that one star, or one log odd, is worth; 0 orders by
            retrieval alone.

    Returns:
        The two parts' answers, composed outside the graph, to verify the SavedModel with.

    Raises:
        TrainingError: a part is missing, or was exported by an older version.
    """
    if candidates < 1:
        raise TrainingError(f"A recommender of {candidates} candidates recommends nothing: at least 1.")
    rater = load_part(ranking, ["rate_ids"], optional=[*BY_HISTORIES, *BY_FEATURES, CHANCES, RATE_EVENTS])
    required = ["candidates", "candidates_from_history", "candidates_for_history"]
    retriever = load_part(retrieval, required, optional=["candidates_for_history_of_user"])
    _, inputs = retriever.calls["candidates"].structured_input_signature
    if inputs["exclude_seen"].shape.rank is not None:
        raise TrainingError(
            f"The model at {retrieval} takes `exclude_seen` once per request only: it is an old export.",
            "Train it again with this version.",
        )
    users_file = retrieval / EXTRA / USERS_FILE
    if not users_file.exists():
        raise TrainingError(f"{users_file} is missing: the trainer writes it beside a retrieval model.")
    recommender = Recommender(rater, retriever, candidates, rating_weight)
    tf.saved_model.save(recommender, str(path), signatures=recommender.signatures())
    extra = path / EXTRA
    extra.mkdir()
    shutil.copyfile(users_file, extra / USERS_FILE)
    if (ranking / DESCRIPTION).exists():
        shutil.copyfile(ranking / DESCRIPTION, path / DESCRIPTION)
        add_user_features(path, user_features_of(retrieval))
    facts = {
        "candidates": candidates,
        "rating_weight": rating_weight,
        "ranking": str(ranking),
        "retrieval": str(retrieval),
    }
    write_whole(extra / FACTS, json.dumps(facts, indent=2) + "\n")
    known = users_file.read_text(encoding="utf-8").split("\n")[:-1]
    described = {**user_features_of(ranking), **user_features_of(retrieval)}
    said = {name: described[name] for name in recommender.user_features if name in described}
    return recommender_answers(rater, retriever, known, candidates, rating_weight, said)


def parts_of(path: Path) -> tuple[str, str] | None:
    """Returns the names of the ranking and retrieval SavedModels of a recommender; None if not recorded.

    A name is the path from the pipeline node on: the workspace may have been moved since.
    """
    try:
        facts = json.loads((path / EXTRA / FACTS).read_text(encoding="utf-8"))
        ranking, retrieval = (
            "/".join(Path(facts[name]).parts[-_FROM_THE_NODE:]) for name in ("ranking", "retrieval")
        )
        return ranking, retrieval
    except (OSError, ValueError, KeyError):
        return None
