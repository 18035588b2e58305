"""Sets of models whose versions are pushed, withdrawn and restored together, all or none.

A set is one version number of several models. Each of its versions names the set's members in a file in
`assets.extra`, the SavedModel's place for files that no server reads. So there is no central register that
could disagree with the folders.
"""

import datetime
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from serving.errors import ServingError
from serving.versions import versions
from serving.versions.renames import alone, recover, rename_all, sync

__all__ = [
    "HISTORY", "MEMBERS", "TRAINED", "history", "members", "push_set", "recover", "restore_set",
    "rollback_set",
]  # fmt: skip

MEMBERS = Path("assets.extra") / "version_set.json"
TRAINED = Path("assets.extra") / "trained"  # folder with the state that a later training starts from
#: Folder with the judged SavedModel that a refit model is based on, with its training state in its TRAINED.
#: Later models are compared with it; no server reads it.
JUDGED = Path("assets.extra") / "judged_model"
HISTORY = Path("assets.extra") / "version_history.json"  # events after the push


def push_set(
    sources: Mapping[str, str | Path],
    models_dir: str | Path,
    keep: int,
    trained: Mapping[str, str | Path] | None = None,
    judged: Mapping[str, str | Path] | None = None,
    same_as: int | None = None,
) -> dict[str, int]:
    """Makes a SavedModel the served version of each model, of all of them or of none.

    All are copied to hidden folders beside their destinations and synced to disk; then a journal is written,
    and they are renamed. If the process is killed before the journal exists, nothing is pushed, and the next
    push cleans up. If it is killed afterwards, the next push or roll back (or `recover`) does the missing
    renames. Only one push or roll back runs at a time; others wait.

    Args:
        sources: folders with a SavedModel by model name, in the order in which they become visible.
        models_dir: folder of served models.
        keep: number of sets to keep; older versions of each of these models are deleted.
        trained: folders by model name that are stored with the version, at TRAINED.
        judged: SavedModels by model name that are stored with the version, at JUDGED, with the `trained/`
            beside them.
        same_as: version of all of these models with the same content, whose files are linked rather than
            copied; if it no longer exists, `sources` are copied.

    Returns:
        The version by name: one number for all, greater than any that one of them ever had.

    Raises:
        ServingError: there are no sources, a source holds no SavedModel, or `keep` is less than 1; nothing is
            pushed.
    """
    if not sources:
        raise ServingError("There is nothing to push: the set has no models")
    for source in sources.values():
        versions.check(source, keep)
    models_dir = Path(models_dir)
    models_dir.mkdir(parents=True, exist_ok=True)
    with alone(models_dir):
        version = 1 + max(versions.highest_number(models_dir, name) for name in sources)
        if any(same_as not in versions.list_versions(models_dir, name) for name in sources):
            same_as = None
        link = same_as is not None
        moves = {}
        for name, source in sources.items():
            if same_as is not None:
                source = versions.version_folder(models_dir, name, same_as)
            own = (MEMBERS, TRAINED, JUDGED, HISTORY) if link else ()
            staged = versions.stage(source, models_dir / name, version, link, own)
            _write_members(staged, list(sources))
            for folder, place in _company(name, trained or {}, judged or {}):
                shutil.copytree(folder, staged / place)
                versions.sync_tree(staged / place)
            moves[str(staged.relative_to(models_dir))] = f"{name}/{version}"
        rename_all(models_dir, moves)
        _prune(models_dir, list(sources), keep)
    return dict.fromkeys(sources, version)


def rollback_set(models_dir: str | Path, name: str, to: int | None = None) -> dict[str, tuple[int, int]]:
    """Withdraws the served version of `name` and of every model that was pushed with it.

    A version that was pushed alone is withdrawn alone. Withdrawn versions are kept under
    `<models>/.rolled_back/<name>/`, where `restore_set` finds them. An interrupted roll back is finished like
    a push.

    Args:
        models_dir: folder of served models.
        name: name of one of the models.
        to: version of `name` that is to be served; all above it are withdrawn. None means the one before the
            served version.

    Returns:
        (version that was served, version that is served now) by name.

    Raises:
        ServingError: there is no such version, or one of the models has no older version, or a version of its
            own above the set's; nothing is withdrawn.
    """
    models_dir = Path(models_dir)
    with alone(models_dir):
        served, previous = versions.served_and_previous(models_dir, name)
        leaving = _above(models_dir, name, previous if to is None else to)
        change = {}
        for each, gone in leaving.items():
            there = versions.list_versions(models_dir, each)
            if each != name and there[-1] not in gone:
                raise ServingError(
                    f"The set of {name} {served} cannot be rolled back: "
                    f"{each} has version {there[-1]} above it",
                    f"Roll {each} back by itself first.",
                )
            if set(there) <= set(gone):
                versions.served_and_previous(models_dir, each)  # raises if there is only one
                raise ServingError(f"{each} cannot be rolled back: nothing older than version {gone[0]}")
            change[each] = (there[-1], max(set(there) - set(gone)))
        now = datetime.datetime.now().astimezone().isoformat(timespec="microseconds")
        for each, gone in leaving.items():
            for version in gone:
                history = {"withdrawn": now, "together": leaving}
                _write_history(versions.version_folder(models_dir, each, version), history)
        moves = {
            str(versions.version_folder(models_dir, each, version).relative_to(models_dir)): _attic(
                models_dir, each, version
            )
            for each, version in _rising(leaving)
        }
        rename_all(models_dir, moves)
    return change


def restore_set(models_dir: str | Path, name: str, version: int | None = None) -> dict[str, tuple[int, int]]:
    """Brings withdrawn versions of `name`, and of the models pushed with them, back into service.

    A version gets its own number back if that is still above all others. It gets a new one if something was
    pushed since, because servers answer from the highest.

    Args:
        models_dir: folder of served models.
        name: name of one of the models.
        version: withdrawn version that is to be served; None undoes the last roll back of `name`.

    Returns:
        (version that was withdrawn, version that is served now) by name.

    Raises:
        ServingError: no version of `name`, or not that one, is withdrawn; nothing is changed.
    """
    models_dir = Path(models_dir)
    attic = models_dir / versions.ROLLED_BACK
    with alone(models_dir):
        there = versions.list_versions(attic, name)
        if not there or version not in (None, *there):
            raise ServingError(*_not_withdrawn(models_dir, name, version, there))
        back = _last_withdrawn(attic, name, there) if version is None else {}
        if not all(_is_above(models_dir, each, gone[0]) for each, gone in back.items()):
            version = max(back[name])  # something was pushed since: only the version that was served returns
        if version is not None:
            back = {each: [version] for each in members(attic, name, version)}
        for each, gone in back.items():
            if missing := sorted(set(gone) - set(versions.list_versions(attic, each))):
                raise ServingError(f"Version {missing[0]} of {each}, of the same set, is not under {attic}")
        top = max(gone[-1] for gone in back.values())
        number = top
        if not all(_is_above(models_dir, each, gone[0]) for each, gone in back.items()):
            number = 1 + max(versions.highest_number(models_dir, each) for each in back)
        now = datetime.datetime.now().astimezone().isoformat(timespec="microseconds")
        moves = {}
        for each, old in reversed(_rising(back)):  # the version to be served comes first
            renumbered = {"restored_from": old} if number != top else {}
            _write_history(attic / each / str(old), {"restored": now, **renumbered})
            new = number if number != top else old
            (models_dir / each).mkdir(exist_ok=True)
            moves[f"{versions.ROLLED_BACK}/{each}/{old}"] = f"{each}/{new}"
        rename_all(models_dir, moves)
    return {each: (gone[-1], number if number != top else gone[-1]) for each, gone in back.items()}


def members(models_dir: str | Path, name: str, version: int) -> list[str]:
    """Returns the models that were pushed together with this version, including `name` itself."""
    try:
        file = versions.version_folder(models_dir, name, version) / MEMBERS
        together: list[str] = json.loads(file.read_text())
    except FileNotFoundError:
        return [name]
    return together


def _company(
    name: str, trained: Mapping[str, str | Path], judged: Mapping[str, str | Path]
) -> Iterator[tuple[Path, Path]]:
    """Yields the folders that are stored with a version for training, and their places in the version."""
    if name in trained:
        yield Path(trained[name]), TRAINED
    if name in judged:
        yield Path(judged[name]), JUDGED
        learned = Path(judged[name]).parent / TRAINED.name
        if learned.is_dir():
            yield learned, JUDGED / TRAINED


def history(folder: Path) -> dict[str, Any]:
    """Returns the events of a version after its push: times `withdrawn` and `restored`, `restored_from`."""
    try:
        told: dict[str, Any] = json.loads((folder / HISTORY).read_text())
    except (OSError, ValueError):
        return {}
    return told


def _above(models_dir: Path, name: str, target: int) -> dict[str, list[int]]:
    """Returns by model, in ascending order, the versions to withdraw so that `target` is served."""
    there = versions.list_versions(models_dir, name)
    if target not in there:
        withdrawn = target in versions.list_versions(models_dir / versions.ROLLED_BACK, name)
        raise ServingError(
            f"{name} cannot be rolled back to version {target}: "
            f"there is {', '.join(map(str, there))} under {models_dir / name}",
            f"Version {target} was withdrawn: restore it instead." if withdrawn else "",
        )
    if target == there[-1]:
        raise ServingError(f"Version {target} is the served version of {name} already")
    leaving: dict[str, list[int]] = {}
    for version in (each for each in there if each > target):
        for each in members(models_dir, name, version):
            leaving.setdefault(each, []).append(version)
    return leaving


def _last_withdrawn(attic: Path, name: str, there: list[int]) -> dict[str, list[int]]:
    """Returns by model the versions that the last roll back of `name` withdrew and that are still withdrawn.

    A roll back without a recorded time counts as older than all others; of those, the highest version is the
    last.
    """
    last = max(there, key=lambda version: (_withdrawn_at(attic / name / str(version)), version))
    together = history(attic / name / str(last)).get("together") or {}
    back: dict[str, list[int]] = {}
    for version in sorted({last, *together.get(name, [])} & set(there)):
        for each in members(attic, name, version):
            back.setdefault(each, []).append(version)
    return back


def _withdrawn_at(folder: Path) -> float:
    """Returns the time of a version's withdrawal in Unix seconds; 0 if it was not recorded."""
    try:
        return datetime.datetime.fromisoformat(history(folder)["withdrawn"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return 0.0


def _not_withdrawn(models_dir: Path, name: str, version: int | None, there: list[int]) -> tuple[str, str]:
    attic = models_dir / versions.ROLLED_BACK / name
    if version in versions.list_versions(models_dir, name):
        return f"Version {version} of {name} is not withdrawn", f"Roll back to it: --to {version}."
    what = (
        f"version {version} of {name} is not under {attic}" if there else f"no version of {name} is withdrawn"
    )
    return (
        f"There is nothing to restore: {what}",
        f"Withdrawn: {', '.join(map(str, there))}." if there else "",
    )


def _is_above(models_dir: Path, name: str, version: int) -> bool:
    return version > max(versions.list_versions(models_dir, name), default=0)


def _rising(found: Mapping[str, list[int]]) -> list[tuple[str, int]]:
    """Returns (name, version), first those that are not to be served, then the highest of each model."""
    pairs = [(name, version) for name, each in found.items() for version in each]
    return sorted(pairs, key=lambda pair: pair[1] == found[pair[0]][-1])


def _attic(models_dir: Path, name: str, version: int) -> str:
    return str(versions.make_room(models_dir, name, version).relative_to(models_dir))


def _write_history(model: Path, history: dict[str, Any]) -> None:
    """Replaces the file instead of changing it, because another version may share it by a hard link."""
    file = model / HISTORY
    file.parent.mkdir(exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_text(json.dumps(history))
    sync(part)
    os.replace(part, file)
    sync(file.parent)


def _write_members(model: Path, names: list[str]) -> None:
    file = model / MEMBERS
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(names))
    for path in (file, file.parent, model):
        sync(path)


def _prune(models_dir: Path, names: list[str], keep: int) -> None:
    pushed = versions.list_versions(models_dir, names[0])
    sets = [version for version in pushed if set(members(models_dir, names[0], version)) == set(names)]
    if len(sets) < keep:
        return
    for name in names:
        for version in versions.list_versions(models_dir, name):
            if version < sets[-keep]:
                versions.remove(models_dir / name, version)
