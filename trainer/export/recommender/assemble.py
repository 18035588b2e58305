"""Two trained models as one SavedModel that any stock TF Serving answers from."""

import json
import shutil
from pathlib import Path

import tensorflow as tf

from marquee.errors import TrainingError
from marquee.whole_file import write_whole
from trainer.export.answers import EXTRA, Answer
from trainer.export.recommender.answers import recommender_answers
from trainer.export.recommender.parts import load_part
from trainer.export.recommender.recommender import Recommender

CANDIDATES = 200
# What orders best on MovieLens 100K: on a validation part of train, NDCG@10 is 0.266 with it, 0.262 by
# retrieval alone and 0.251 at 1; of the films that users went on to rate with 4 stars or more it is 0.233,
# 0.219 and 0.245 (benchmarks/recommend.py).
RATING_WEIGHT = 0.2
USERS_FILE = "user_ids.txt"
FACTS = "recommender.json"
_FROM_THE_NODE = 4  # parts of a path: RankingTrainer/model/7/Format-Serving


def assemble(
    ranking: Path,
    retrieval: Path,
    path: Path,
    candidates: int = CANDIDATES,
    rating_weight: float = RATING_WEIGHT,
) -> list[Answer]:
    """Writes the SavedModel; `path` must not exist yet.

    Signatures, each giving `movie_id`, `movie_title` string and `user_rating`, `score` float32 [B, k'], by
    falling score, which is the retrieval model's + `rating_weight` x the expected rating:
        serving_default: `user_id` string [B]; k is 10, films that the user has seen are left out.
        recommend: `user_id` string [B], `k` int32 and `exclude_seen` bool, each one for all rows or [B].
        recommend_from_history: `movie_title` string [B, n], padded with "", and `k`: for someone whom no
            model has met. Films are retrieved by the history, without those in it. The rating is by the
            history too; where the ranking model cannot say (it has no `rate_for_history`), the unknown user's
            counts in the score, and `user_rating` is 0: no rating is shown.
    k' is the largest k, and at most the films that some row of the batch has left. A row that has, or asks
    for, fewer ends in "", "", 0, 0. A k below 1 is refused. Whom or what train lacks is answered as unknown,
    and a title that does not exist counts for nothing.

    Beside it lie `user_ids.txt`, the known users, as the retrieval model has it, and `recommender.json`,
    what it was made of.

    Args:
        ranking: a SavedModel as `trainer.export.ranking` writes it.
        retrieval: one as `trainer.export.retrieval` writes it, of the same data.
        path: of the SavedModel.
        candidates: how many films are rated a request, at least 1; a larger k rates k.
        rating_weight: how many points of retrieval score a star counts for; 0 orders by retrieval alone.

    Returns:
        What the two parts answer when they are composed outside the graph, to verify the SavedModel by.

    Raises:
        TrainingError: a part is missing, or was exported by an older version.
    """
    if candidates < 1:
        raise TrainingError(f"A recommender of {candidates} candidates recommends nothing: at least 1.")
    rater = load_part(ranking, ["rate_ids"], optional=["rate_for_history"])
    retriever = load_part(retrieval, ["candidates", "candidates_from_history"])
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
    facts = {
        "candidates": candidates,
        "rating_weight": rating_weight,
        "ranking": str(ranking),
        "retrieval": str(retrieval),
    }
    write_whole(extra / FACTS, json.dumps(facts, indent=2) + "\n")
    known = users_file.read_text(encoding="utf-8").split("\n")[:-1]
    return recommender_answers(rater, retriever, known, candidates, rating_weight)


def parts_of(path: Path) -> tuple[str, str] | None:
    """Which ranking and which retrieval SavedModel a recommender was made of; None where nothing says so.

    They are named from the node that made them on: the workspace may have been moved since.
    """
    try:
        facts = json.loads((path / EXTRA / FACTS).read_text(encoding="utf-8"))
        ranking, retrieval = (
            "/".join(Path(facts[name]).parts[-_FROM_THE_NODE:]) for name in ("ranking", "retrieval")
        )
        return ranking, retrieval
    except (OSError, ValueError, KeyError):
        return None
