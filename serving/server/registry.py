"""Registry of served versions: polls the model folders and swaps versions without failing a request.

A new version is loaded completely before requests reach it. The last request that uses the old version closes
it. A version that cannot be loaded is reported, and the previous one keeps answering.
"""

import contextlib
import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from serving.data_words import description_of
from serving.errors import StatusError
from serving.server.memory import give_back
from serving.server.model import LoadedModel
from serving.versions.versions import list_models, list_versions, version_folder

log = logging.getLogger(__name__)
#: Path, size and modification time of each file.
Looks: TypeAlias = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class VersionStatus:
    """TF Serving's state of a version (START, LOADING, AVAILABLE, UNLOADING or END), and its reason."""

    version: int
    state: str
    error_code: str = "OK"
    error_message: str = ""


class Servable:
    """Model version on its way from START to END, with a count of the requests that use it.

    As a context manager it yields its LoadedModel; `Registry.lease` has already counted the caller.
    `exported` is the time at which its SavedModel was written, in seconds since the epoch; `description`
    describes the data that it was trained on (`serving.data_words`).
    """

    def __init__(self, name: str, version: int):
        self.name = name
        self.version = version
        self.status = VersionStatus(version, "START")
        self.model: LoadedModel | None = None
        self.exported = 0.0
        self.description: dict[str, Any] = {}
        self.load_seconds = 0.0
        self._users = 0
        self._lock = threading.Lock()

    def __enter__(self) -> LoadedModel:
        return self.loaded

    def __exit__(self, *_: object) -> None:
        self.release()

    @property
    def loaded(self) -> LoadedModel:
        """The loaded model; available from `load` to END, and so to every leaseholder."""
        assert self.model is not None
        return self.model

    def join(self) -> "Servable":
        """Adds a user; called while the registry's lock is held, so never on a retired version."""
        with self._lock:
            self._users += 1
        return self

    def release(self) -> None:
        """Removes a user; the last user of a retired version closes it."""
        with self._lock:
            self._users -= 1
            last = self._users == 0 and self.status.state == "UNLOADING"
        if last:
            self._close()

    def load(self, path: Path) -> bool:
        """Loads the version; returns False, with the reason in `status`, if that fails."""
        self.status = VersionStatus(self.version, "LOADING")
        started = time.monotonic()
        try:
            self.exported = (path / "saved_model.pb").stat().st_mtime
            self.description = description_of(path)
            self.model = LoadedModel(path)
        except Exception as error:  # the server must survive whatever a damaged SavedModel raises
            self.status = VersionStatus(self.version, "END", "UNKNOWN", str(error))
            return False
        self.status = VersionStatus(self.version, "AVAILABLE")
        self.load_seconds = time.monotonic() - started
        return True

    def retire(self) -> None:
        """Closes the model now, or when its last request has been answered."""
        with self._lock:
            self.status = VersionStatus(self.version, "UNLOADING")
            idle = self._users == 0
        if idle:
            self._close()

    def _close(self) -> None:
        self.loaded.close()
        self.model = None
        self.status = VersionStatus(self.version, "END")
        log.debug("%s: version %d is unloaded", self.name, self.version)


class Registry:
    """Serves the latest loadable version of each model in a folder, `<models>/<name>/<version>/`.

    Args:
        models_dir: folder of models; names and versions may come and go while it is served.
        poll_seconds: seconds between two checks of the folder.
    """

    def __init__(self, models_dir: str | Path, poll_seconds: float = 1.0):
        self._models_dir = Path(models_dir)
        self._poll_seconds = poll_seconds
        self._lock = threading.Lock()
        self._in_front: dict[str, Servable] = {}
        self._history: dict[str, dict[int, Servable]] = {}  # every version ever seen, END included
        self._broken: dict[tuple[str, int], Looks] = {}
        self._on_disk: list[str] = []
        self._newest: dict[str, int] = {}
        self._failed_loads: dict[str, int] = {}
        self._retired: list[Servable] = []  # versions whose memory has not been freed yet
        self._stop = threading.Event()
        self._poller = threading.Thread(target=self._poll_until_stopped, name="model-poller", daemon=True)

    def start(self) -> None:
        """Loads the present versions, then keeps polling in a thread."""
        self.poll()
        self._poller.start()

    def stop(self) -> None:
        """Stops polling and retires every model."""
        self._stop.set()
        if self._poller.is_alive():
            self._poller.join()
        for name in list(self._in_front):
            self._replace(name, None)

    def lease(self, name: str, version: int | None = None) -> Servable:
        """Returns the servable that answers for `name`, counted as in use until its `with` block ends.

        Raises StatusError NOT_FOUND if there is none, or if it is not `version`.
        """
        with self._lock:
            servable = self._in_front.get(name)
            if servable is not None and version in (None, servable.version):
                return servable.join()
        wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
        raise StatusError("NOT_FOUND", f"Servable not found for request: {wanted}")

    def status(self, name: str, version: int | None = None) -> list[VersionStatus]:
        """Returns the status of each version of `name`, newest first. Raises NOT_FOUND for an unknown one."""
        versions = self._history.get(name, {})
        if version is None and not versions:
            raise StatusError("NOT_FOUND", f"Could not find any versions of model {name}")
        if version is not None and version not in versions:
            raise StatusError("NOT_FOUND", f"Could not find version {version} of model {name}")
        wanted = sorted(versions, reverse=True) if version is None else [version]
        return [versions[number].status for number in wanted]

    def loaded(self) -> dict[str, int]:
        """Returns the served version of each model that has one."""
        return {name: servable.version for name, servable in sorted(self._in_front.items())}

    def exported(self) -> dict[str, float]:
        """Returns the export time of each model's served version, in seconds since the epoch."""
        return {name: servable.exported for name, servable in sorted(self._in_front.items())}

    def newest(self) -> dict[str, int]:
        """Returns the highest version on disk of each model, whether or not it can be loaded."""
        return dict(sorted(self._newest.items()))

    def failed_loads(self) -> dict[str, int]:
        """Returns the number of failed loads per model, for all models that are or were on disk."""
        return dict(sorted(self._failed_loads.items()))

    def waiting(self) -> list[str]:
        """Returns the models on disk that have no served version."""
        return [name for name in self._on_disk if name not in self._in_front]

    def poll(self) -> None:
        """Checks the folders once, and loads and retires versions to match them."""
        names = list_models(self._models_dir)
        for name in sorted({*names, *self._in_front, *self._newest}):
            self._failed_loads.setdefault(name, 0)
            self._refresh(name)
        self._on_disk = names
        self._give_back()

    def _refresh(self, name: str) -> None:
        versions = list_versions(self._models_dir, name)
        self._note_newest(name, versions)
        current = self._in_front.get(name)
        for version in reversed(versions):
            if current is not None and version == current.version:
                return
            if servable := self._loaded(name, version):
                self._replace(name, servable)
                return
        if current is not None and current.version not in versions:
            self._replace(name, None)

    def _loaded(self, name: str, version: int) -> Servable | None:
        path = version_folder(self._models_dir, name, version)
        looks = _looks(path)
        if self._broken.get((name, version)) == looks:
            return None  # its files have not changed: it would fail again
        servable = Servable(name, version)
        self._history.setdefault(name, {})[version] = servable
        if servable.load(path):
            return servable
        self._broken[name, version] = looks
        self._failed_loads[name] += 1
        front = self._in_front.get(name)
        meanwhile = f"version {front.version} goes on answering" if front else "no version answers"
        reason = servable.status.error_message.strip().partition("\n")[0]
        log.error("%s: version %d cannot be loaded, %s: %s", name, version, meanwhile, reason)
        return None

    def _note_newest(self, name: str, versions: list[int]) -> None:
        if versions:
            self._newest[name] = versions[-1]
        else:
            self._newest.pop(name, None)

    def _replace(self, name: str, servable: Servable | None) -> None:
        with self._lock:
            old = self._in_front.get(name)
            if servable is None:
                self._in_front.pop(name, None)
            else:  # in one step: readers without the lock always see a version
                self._in_front[name] = servable
        if servable is not None:
            instead = f", in place of version {old.version}" if old else ""
            log.info(
                "%s: version %d answers%s (loaded in %.1f s)",
                name,
                servable.version,
                instead,
                servable.load_seconds,
            )
        elif old is not None and not self._stop.is_set():
            log.warning("%s: version %d is gone, and no version answers", name, old.version)
        if old is not None:
            old.retire()
            self._retired.append(old)

    def _give_back(self) -> None:
        """Frees retired models, in the polling thread: a collection would delay requests in other threads."""
        in_use = [servable for servable in self._retired if servable.model is not None]
        if len(in_use) < len(self._retired):
            give_back()
        self._retired = in_use

    def _poll_until_stopped(self) -> None:
        while not self._stop.wait(self._poll_seconds):
            # A folder may vanish while it is being listed; the next poll sees the result.
            with contextlib.suppress(OSError):
                self.poll()


def _looks(path: Path) -> Looks:
    """Returns every file's name, size and time; these differ once a damaged version has been repaired."""
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files)
