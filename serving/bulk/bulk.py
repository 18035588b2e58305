"""Writes recommendations for every user to files, in blocks of users; resumes after an interruption."""

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
    """Options of the recommendations for each user.

    Args:
        k: number of items, at least 1; a user with fewer unseen items gets fewer.
        exclude_seen: whether items that the user has seen are left out.
        format: Parquet (one row per user and item), TFX's InferenceResult (one PredictionLog per user), or
            both.
        block: number of users per call of the model; memory grows with it and with nothing else.
    """

    k: int = 10
    exclude_seen: bool = True
    format: Format = "parquet"
    block: int = 512


@dataclass(frozen=True)
class BulkResult:
    """Result of a bulk run.

    Attributes:
        users: number of users, including those of earlier runs.
        strangers: number of users that the model does not know (cold-start users).
        parts: number of files of each format.
        kept: number of those files that an earlier run had finished.
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
    """Writes the recommendations for many users into a folder (`serving.bulk.folder`).

    Parts are written atomically. After an interruption the same call resumes after the last finished part.

    Args:
        saved_model: SavedModel with the signature `recommend` of the contract.
        out: folder to write.
        request: options of the recommendations.
        users: file of ids; None means the model's own, `assets.extra/user_ids.txt`.
        overwrite: whether to delete what another call has written there.
        on_progress: called after each block with the number of finished users and of all users; may raise to
            end the run.

    Raises:
        ServingError: there are no ids, the folder holds something else or is being written, or the model
            cannot answer.
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
    """Writes the missing parts; returns the number of all parts, and of those that existed before."""
    size = request.block * BLOCKS_A_PART
    files = _files(out, request, parts=-(-ids.count // size))
    missing = {number for number, each in enumerate(files) if not all(file.exists() for file in each)}
    done = ids.count - sum(min(size, ids.count - number * size) for number in missing)
    on_progress(done, ids.count)
    if missing:
        from serving.bulk.parts import write_part  # imports TensorFlow, which takes seconds
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
    """Returns the files of each part, the Parquet file first."""
    forms: dict[str, Callable[[int], Path]] = {
        "parquet": lambda number: out / "parquet" / f"part-{number:05}.parquet",
        "inference-result": lambda number: out / f"prediction_logs-{number:05}-of-{parts:05}.gz",
    }
    wanted = [path for form, path in forms.items() if request.format in (form, "both")]
    return [[path(number) for path in wanted] for number in range(parts)]
