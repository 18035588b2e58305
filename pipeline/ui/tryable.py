"""Cache of pushed recommenders in this process, which are loaded on first use."""

import contextlib
import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

from serving.client import Client
from serving.client.near_titles import near_titles
from serving.data_words import description_of
from serving.errors import ServingError
from serving.versions.versions import list_versions, version_folder

KEPT = 3  # versions in memory: two side by side, and the previous one
USERS, TITLES = 200, 400  # maximum numbers that a page suggests before anything is typed
WAIT_SECONDS = 3.0
NAMES = ("recommender", "retrieval")


class Tryable:
    """Versions of the recommender, with the retrieval model that was pushed with each.

    Args:
        models: folder with `<name>/<version>/`; versions may come and go.
    """

    def __init__(self, models: Path):
        self.models = models
        self._lock = threading.Lock()
        self._loaded: OrderedDict[int, Client] = OrderedDict()
        self._titles: dict[int, list[str]] = {}
        self._loading: dict[int, threading.Thread] = {}

    def versions(self) -> list[int]:
        """Returns the versions that have both models, newest first."""
        return sorted(set.intersection(*(set(list_versions(self.models, name)) for name in NAMES)))[::-1]

    def client(self, version: int) -> Client:
        """Returns a client of a version's models, and loads them if necessary.

        Raises:
            ServingError: the version does not exist, or cannot be loaded.
        """
        with self._lock:
            if version not in self._loaded:
                self._loaded[version] = self._load(version)
                while len(self._loaded) > KEPT:  # a client in use keeps its models alive
                    self._titles.pop(self._loaded.popitem(last=False)[0], None)
            self._loaded.move_to_end(version)
            return self._loaded[version]

    def ready(self, version: int, wait_seconds: float = WAIT_SECONDS) -> bool:
        """Returns whether a version is loaded; if not, starts to load it in the background.

        It waits a little: a second version takes half a second, and only the first one loads TensorFlow.
        """
        if version in self._loaded and version in self._titles:
            return True
        thread = self._loading.get(version)
        if thread is None or not thread.is_alive():
            thread = threading.Thread(target=self._prepare, args=(version,), daemon=True)
            self._loading[version] = thread
            thread.start()
        thread.join(wait_seconds)
        return not thread.is_alive()

    def described(self, version: int) -> dict[str, Any]:
        """Returns the description of the data that a version was trained on; empty if it has none."""
        return description_of(version_folder(self.models, "recommender", version))

    def users(self, version: int) -> list[str]:
        """Returns some users that the version knows, those with the most ratings first."""
        file = version_folder(self.models, "recommender", version) / "assets.extra" / "user_ids.txt"
        try:
            with open(file, encoding="utf-8") as lines:
                return [line.strip() for _, line in zip(range(USERS), lines, strict=False)]
        except OSError:
            return []

    def titles(self, version: int) -> list[str]:
        """Returns all titles of a version as ranked for a cold-start user: popular ones first."""
        if version not in self._titles:
            client = self.client(version)
            names = client.names("retrieval")
            found = client.predict("retrieval", {names.user: [""], "k": 2**31 - 1}, "retrieve")
            self._titles[version] = [title for title in found[names.title][0].tolist() if title]
        return self._titles[version]

    def titles_like(self, asked: str, version: int) -> list[str]:
        """Returns the titles that contain the typed text, or else similar titles."""
        if not asked.strip():
            return []
        titles = self.titles(version)
        holding = [title for title in titles if asked.casefold() in title.casefold()][:8]
        return holding or near_titles(asked, titles, most=8)

    def warm(self) -> None:
        """Starts to load the newest version, if there is one."""
        for version in self.versions()[:1]:
            self.ready(version, wait_seconds=0)

    def _prepare(self, version: int) -> None:
        # Errors are reported when the version is used.
        with contextlib.suppress(ServingError):
            self.titles(version)

    def _load(self, version: int) -> Client:
        os.environ["TF_USE_LEGACY_KERAS"] = "0"
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        if version not in self.versions():
            raise ServingError(f"There is no version {version} of the recommender in {self.models}")
        from pipeline.ui.local_client import LocalClient  # imports TensorFlow
        from serving.server.model import LoadedModel

        try:
            loaded = {name: LoadedModel(version_folder(self.models, name, version)) for name in NAMES}
        except Exception as error:  # a damaged SavedModel may raise anything
            raise ServingError(f"Version {version} cannot be loaded: {error}") from error
        return LocalClient(loaded, self.models, self.described(version))
