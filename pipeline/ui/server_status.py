"""Whether a model server answers at its address, with which versions, and how fast."""

import statistics
import time
from dataclasses import dataclass, field

import httpx

TIMEOUT_SECONDS = 2.0
CALLS = 5


@dataclass(frozen=True)
class ServerStatus:
    """Args:
    address: that was asked.
    answers: whether anybody did.
    healthy: whether every model has a version that answers; None of a server that does not say (TF Serving).
    models: by name, (version, state) newest first; or what it said instead.
    milliseconds: of a recommendation, the median of CALLS; None where none was asked for, or given.
    problem: why nobody answered.
    """

    address: str
    answers: bool
    healthy: bool | None = None
    models: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    milliseconds: float | None = None
    problem: str = ""


def ask_server(address: str, names: list[str], timed: bool = False) -> ServerStatus:
    """Asks for the state of each model in `names`, and for the server's health.

    Args:
        address: the server's, over REST.
        names: of models.
        timed: recommendations are asked for as well, CALLS of them: the server counts and logs them as
            anybody's.
    """
    try:
        with httpx.Client(base_url=address, timeout=TIMEOUT_SECONDS, trust_env=False) as http:
            health = http.get("/healthz").status_code
            models = {name: _versions(http, name) for name in names or ["recommender"]}
            return ServerStatus(
                address=address,
                answers=True,
                healthy={200: True, 503: False}.get(health),
                models=models,
                milliseconds=_timed(http) if timed and models.get("recommender") else None,
            )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return ServerStatus(address, answers=False, problem=str(error) or type(error).__name__)


def _versions(http: httpx.Client, name: str) -> list[tuple[int, str]]:
    answer = http.get(f"/v1/models/{name}")
    if answer.is_error:
        return []
    found = answer.json().get("model_version_status", [])
    return [(int(each["version"]), str(each["state"])) for each in found]


def _timed(http: httpx.Client) -> float | None:
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        answer = http.post("/v1/models/recommender:predict", content='{"instances": [{"user_id": ""}]}')
        times.append(time.perf_counter() - start)
        if answer.is_error:
            return None
    return 1000 * statistics.median(times)
