"""Whether a model server answers at its address, with which versions, and how fast."""

import statistics
import time
from dataclasses import dataclass, field

import httpx

TIMEOUT_SECONDS = 2.0
CALLS = 5


@dataclass(frozen=True)
class VersionState:
    """What a server says of a version.

    Args:
            version: its number.
            state: TF Serving's word: START, LOADING, AVAILABLE, UNLOADING or END.
            error: why it could not be loaded; empty where nothing went wrong.
    """

    version: int
    state: str
    error: str = ""

    @property
    def words(self) -> str:
        """The state in a word or two."""
        if self.error:
            return "failed to load"
        return {
            "START": "about to load",
            "LOADING": "loading",
            "AVAILABLE": "answers",
            "UNLOADING": "unloading",
            "END": "unloaded",
        }.get(self.state, self.state.lower())


@dataclass(frozen=True)
class ServerStatus:
    """What a model server says of itself.

    Args:
        address: that was asked.
        answers: whether anybody did.
        healthy: whether every model has a version that answers; None of a server that does not say (TF
            Serving).
        models: by name, what it says of each version, newest first; nothing of a model that it does not know.
        milliseconds: of a recommendation, the median of CALLS; None where none was asked for, or given.
        problem: why nobody answered.
    """

    address: str
    answers: bool
    healthy: bool | None = None
    models: dict[str, list[VersionState]] = field(default_factory=dict)
    milliseconds: float | None = None
    problem: str = ""

    def answering(self, name: str) -> int | None:
        """The version of a model that answers requests; None where none does."""
        return max(
            (each.version for each in self.models.get(name, []) if each.state == "AVAILABLE"), default=None
        )


def ask_server(
    address: str, names: list[str], timed: bool = False, timeout: float = TIMEOUT_SECONDS
) -> ServerStatus:
    """Asks for the state of each model in `names`, and for the server's health.

    Args:
            address: the server's, over REST.
            names: of models.
            timed: recommendations are asked for as well, CALLS of them: the server counts and logs them as
            anybody's.
            timeout: seconds until one question is given up.
    """
    try:
        with httpx.Client(base_url=address, timeout=timeout, trust_env=False) as http:
            health = http.get("/healthz").status_code
            models = {name: _versions(http, name) for name in names or ["recommender"]}
            return ServerStatus(
                address=address,
                answers=True,
                healthy={200: True, 503: False}.get(health),
                models=models,
                milliseconds=_timed(http) if timed and models.get("recommender") else None,
            )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError, KeyError, AttributeError) as error:
        return ServerStatus(address, answers=False, problem=str(error) or type(error).__name__)


def _versions(http: httpx.Client, name: str) -> list[VersionState]:
    answer = http.get(f"/v1/models/{name}")
    if answer.is_error:
        return []
    found = answer.json().get("model_version_status", [])
    return sorted((_state(each) for each in found), key=lambda each: -each.version)


def _state(said: dict) -> VersionState:
    status = said.get("status") or {}
    went_wrong = status.get("error_code", "OK") not in ("OK", 0)
    error = (status.get("error_message") or str(status.get("error_code"))) if went_wrong else ""
    return VersionState(int(said["version"]), str(said["state"]), error)


def _timed(http: httpx.Client) -> float | None:
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        answer = http.post("/v1/models/recommender:predict", content='{"instances": [{"user_id": ""}]}')
        times.append(time.perf_counter() - start)
        if answer.is_error:
            return None
    return 1000 * statistics.median(times)
