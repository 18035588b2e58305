"""Recommendations for every user, to files: a block of users at a time, and resumable after any death."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from serving.bulk.folder import BulkFolder
from serving.bulk.users import UserIds, known_users
from serving.errors import ServingError
from serving.versions.placement import content

USER_IDS = Path("assets.extra") / "user_ids.txt"
BLOCKS_A_PART = 16
Format = Literal["parquet", "inference-result", "both"]


@dataclass(frozen=True)
class BulkRequest:
    """What is asked for each user.

    Args:
        k: how many films, at least 1; fewer where a user has fewer left.
        exclude_seen: whether films that the user has seen are left out.
        format: Parquet (one row a user and film), TFX's InferenceResult (one PredictionLog a user), or both.
        block: users answered by one call of the model; memory grows with it and with nothing else.
    """

    k: int = 10
    exclude_seen: bool = True
    format: Format = "parquet"
    block: int = 512


@dataclass(frozen=True)
class BulkResult:
    """What came of it.

    Attributes:
        users: how many there are, whoever answered them.
        strangers: how many of those the model has never met.
        parts: how many files of each format there are.
        kept: how many of them an earlier run had finished.
    """

    users: int
    strangers: int
    parts: int
    kept: int


def bulk(
    saved_model: Path,
    out: Path,
    request: BulkRequest,
    users: Path | None = None,
    overwrite: bool = False,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> BulkResult:
    """Writes the answers of a `recommender` for many users into a folder (`serving.bulk.folder`).

    A part appears whole. Killed half way, the same call goes on after the last finished part.

    Args:
        saved_model: with the signature `recommend` of the contract.
        out: the folder.
        request: what to ask.
        users: a file of ids; None: the model's own, `assets.extra/user_ids.txt`.
        overwrite: deletes what another call has written there.
        on_progress: told after each block how many users are done, of how many; may raise, to end the run.

    Raises:
        ServingError: no ids, a folder that holds something else or is being written, a model that cannot
            answer.
    """
    own = saved_model / USER_IDS
    if users is None and not own.is_file():
        raise ServingError(
            f"The model in {saved_model} does not say whom it knows: there is no {USER_IDS} in it",
            "Name a file of user ids, or push a recommender anew.",
        )
    known = known_users(own) if users is not None else None
    with UserIds(users or own, known) as ids, BulkFolder(out) as folder:
        try:
            folder.begin(_manifest(saved_model, request, ids), overwrite)
            parts, kept = _write_missing(saved_model, out, request, ids, on_progress)
            folder.finish()
        except OSError as error:
            raise ServingError(
                f"{out} cannot be written: {error.strerror or error}",
                "What is finished is kept: make room, and run the same again.",
            ) from None
    return BulkResult(ids.count, ids.strangers, parts, kept)


def _write_missing(
    saved_model: Path, out: Path, request: BulkRequest, ids: UserIds, on_progress: Callable[[int, int], None]
) -> tuple[int, int]:
    """Writes the parts that are not there; gives how many parts there are, and how many there were."""
    size = request.block * BLOCKS_A_PART
    files = _files(out, request, parts=-(-ids.count // size))
    missing = {number for number, each in enumerate(files) if not all(file.exists() for file in each)}
    done = ids.count - sum(min(size, ids.count - number * size) for number in missing)
    on_progress(done, ids.count)
    if missing:
        from serving.bulk.parts import write_part  # TensorFlow: seconds, and only now needed
        from serving.server.model import LoadedModel

        model = LoadedModel(saved_model)
        try:
            for number, users in enumerate(ids.parts(size)):
                if number in missing:
                    for answered in write_part(model, users, files[number], request):
                        done += answered
                        on_progress(done, ids.count)
        finally:
            model.close()
    return len(files), len(files) - len(missing)


def _manifest(saved_model: Path, request: BulkRequest, ids: UserIds) -> dict[str, str | int | bool]:
    return {
        "model": content(saved_model),
        "users": ids.digest,
        "k": request.k,
        "exclude_seen": request.exclude_seen,
        "format": request.format,
        "block": request.block,
        "blocks_a_part": BLOCKS_A_PART,
    }


def _files(out: Path, request: BulkRequest, parts: int) -> list[list[Path]]:
    """Each part's files, the Parquet one first."""
    forms: dict[str, Callable[[int], Path]] = {
        "parquet": lambda number: out / "parquet" / f"part-{number:05}.parquet",
        "inference-result": lambda number: out / f"prediction_logs-{number:05}-of-{parts:05}.gz",
    }
    wanted = [path for form, path in forms.items() if request.format in (form, "both")]
    return [[path(number) for path in wanted] for number in range(parts)]
