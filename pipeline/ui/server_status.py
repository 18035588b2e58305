"""Status of a model server: whether it answers, with which versions, and how fast."""

import json
import statistics
import time
from dataclasses import dataclass, field

import httpx

from serving.names import Names
from serving.signature import signatures_from_json

TIMEOUT_SECONDS = 2.0
CALLS = 5


@dataclass(frozen=True)
class VersionState:
    """State of a version on a server.

    Args:
        version: version number.
        state: state in TF Serving's terms: START, LOADING, AVAILABLE, UNLOADING or END.
        error: reason why it could not be loaded; empty without an error.
    """

    version: int
    state: str
    error: str = ""

    @property
    def words(self) -> str:
        """State in one or two words."""
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
    """Status of a model server.

    Args:
        address: address of the server.
        answers: whether a server answered there.
        healthy: whether every model has a version that answers; None if the server does not say (TF Serving).
        models: states of the versions, newest first, by model; without models that the server does not know.
        milliseconds: latency of a recommendation, the median of CALLS; None if not measured or if it failed.
        problem: reason why no server answered.
    """

    address: str
    answers: bool
    healthy: bool | None = None
    models: dict[str, list[VersionState]] = field(default_factory=dict)
    milliseconds: float | None = None
    problem: str = ""

    def answering(self, name: str) -> int | None:
        """Returns the version of a model that answers requests; None if there is none."""
        return max(
            (each.version for each in self.models.get(name, []) if each.state == "AVAILABLE"), default=None
        )


def ask_server(
    address: str, names: list[str], timed: bool = False, timeout: float = TIMEOUT_SECONDS
) -> ServerStatus:
    """Requests the state of each model in `names`, and the server's health.

    Args:
        address: REST address of the server.
        names: names of models.
        timed: whether to time CALLS recommendations; the server counts and logs them as any others.
        timeout: maximum seconds per request.
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
    times, nobody = [], json.dumps({"instances": [{_names(http).user: ""}]})
    for _ in range(CALLS):
        start = time.perf_counter()
        answer = http.post("/v1/models/recommender:predict", content=nobody)
        times.append(time.perf_counter() - start)
        if answer.is_error:
            return None
    return 1000 * statistics.median(times)


def _names(http: httpx.Client) -> Names:
    """Returns what the recommender's signatures call users; MovieLens's names without an answer."""
    answer = http.get("/v1/models/recommender/metadata")
    if answer.is_error:
        return Names()
    found = answer.json()["metadata"]["signature_def"]["signature_def"]
    return Names.told_by("recommender", signatures_from_json(found))
