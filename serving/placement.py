"""Where a model already is among the served versions, told by its content."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from serving.versions import ROLLED_BACK, list_versions


@dataclass(frozen=True)
class Placement:
    """Where a SavedModel's content is served from.

    Attributes:
        version: the highest version that has it, or None.
        in_front: whether that is the one that servers answer from.
        withdrawn: the rolled-back version that has it, or None.
    """

    version: int | None
    in_front: bool
    withdrawn: int | None


def placement(source: Path, models_dir: Path, name: str) -> Placement:
    """Looks for the content of the SavedModel in `source` among `name`'s versions, withdrawn ones too."""
    wanted = content(source)
    versions = list_versions(models_dir, name)
    same = [version for version in versions if content(models_dir / name / str(version)) == wanted]
    attic = models_dir / ROLLED_BACK
    withdrawn = [v for v in list_versions(attic, name) if content(attic / name / str(v)) == wanted]
    return Placement(
        version=same[-1] if same else None,
        in_front=bool(same) and same[-1] == versions[-1],
        withdrawn=withdrawn[-1] if withdrawn else None,
    )


def content(saved_model: Path) -> str:
    """SHA-256 over the names and bytes of a SavedModel's files."""
    digest = hashlib.sha256()
    for file in sorted(path for path in saved_model.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(saved_model)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
