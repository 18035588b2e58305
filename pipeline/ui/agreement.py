"""Comparison of the versions that a server answers with and those on disk, in one sentence per model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.ui.server_status import ServerStatus, VersionState


@dataclass(frozen=True)
class Agreement:
    """Result of the comparison: whether the newest version on disk answers, if not why, and which does."""

    agrees: bool
    sentence: str
    version: int | None = None


def agreement(
    server: ServerStatus, name: str, disk: Sequence[int], withdrawn: Sequence[int]
) -> Agreement | None:
    """Compares a model's versions on server and disk; returns None if no server answers.

    Args:
        server: status of the server.
        name: name of the model.
        disk: versions in the folder of served models; the highest is the one to be served.
        withdrawn: versions that were rolled back.
    """
    if not server.answers:
        return None
    return replace(_compared(server, name, disk, withdrawn), version=server.answering(name))


def _compared(server: ServerStatus, name: str, disk: Sequence[int], withdrawn: Sequence[int]) -> Agreement:
    states = {each.version: each for each in server.models.get(name, [])}
    newest, answering = max(disk, default=None), server.answering(name)
    if newest is None:
        if answering is None:
            return Agreement(True, "No version is on disk, and none answers.")
        return Agreement(
            False, f"The server answers with version {answering}. {_elsewhere(answering, withdrawn)}"
        )
    if answering == newest:
        return Agreement(True, f"The server answers with version {newest}, the served version on disk.")
    said = f"The server answers with version {answering}" if answering is not None else "No version answers"
    if answering is not None and answering > newest:
        return Agreement(False, f"{said}, the newest on disk is {newest}. {_elsewhere(answering, withdrawn)}")
    return Agreement(False, f"{said}, the newest on disk is {newest}. {_not_yet(newest, states.get(newest))}")


def _not_yet(version: int, state: VersionState | None) -> str:
    """Says why a server does not answer with a version that is on disk."""
    if state is None:
        return (
            f"The server does not know version {version}: it has not checked yet, or serves another folder."
        )
    if state.error:
        return f"Version {version} could not be loaded: {state.error}"
    if state.state in ("START", "LOADING"):
        return f"Version {version} is being loaded."
    return f"It has unloaded version {version}: it is set to serve another one, or is about to stop."


def _elsewhere(version: int, withdrawn: Sequence[int]) -> str:
    """Says why a server answers with a version that is not on disk."""
    if version in withdrawn:
        return f"Version {version} was withdrawn, which the server has not noticed yet."
    return f"Version {version} is not in this folder: the server uses another one, or has not checked yet."
