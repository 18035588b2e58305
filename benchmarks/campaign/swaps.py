"""Served versions that change under load, over REST and gRPC."""

import multiprocessing
import shutil
import time
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from benchmarks.campaign.process import memory_mib, served
from benchmarks.campaign.record import Record
from serving.contract import MODELS
from serving.versions.version_sets import push_set, rollback_set
from serving.versions.versions import list_versions

_USERS = [str(user) for user in range(1, 21)]
_BEGINS = 300.0  # seconds within which each client, which loads TensorFlow first, gets an answer
_PATIENCE = 180.0  # seconds within which a server answers with a pushed version


def swaps(times: int, models: Path, out: Path, console: Console) -> Record:
    """Pushes, or rolls back, `times` sets of versions while clients send requests; counts failed requests.

    Args:
        times: number of swaps in all, including those of earlier sessions. Every tenth is a roll back.
        models: served models whose newest set is pushed; it is copied, and stays as it is.
        out: folder of the record.
    """
    record = Record(out / "swaps.jsonl")
    folder = out / "swaps" / "models"
    shutil.rmtree(folder.parent, ignore_errors=True)
    newest = list_versions(models, "recommender")[-1]
    sources = {name: models / name / str(newest) for name in MODELS}
    folder.mkdir(parents=True)
    push_set(sources, folder, keep=3)
    with served(folder, folder.parent / "serve.out") as (process, rest, grpc), _Load(rest, grpc) as load:
        for number in range(len(record), times):
            before, begin = load.counts(), time.monotonic()
            if number % 10 == 9:
                wanted = rollback_set(folder, "recommender")["recommender"][1]
            else:
                wanted = push_set(sources, folder, keep=3)["recommender"]
            faults = _wait_until_served(rest, wanted)
            seconds = time.monotonic() - begin
            after = load.counts()
            failed = after["failed"] - before["failed"]
            if failed:
                faults.append(f"{failed} requests failed; the last: {load.last_failure()}")
            record.add(
                faults,
                seconds=round(seconds, 2),
                requests={api: after[api] - before[api] for api in ("REST", "gRPC")},
                memory_mib=round(memory_mib(process)),
            )
            console.print(f"{number + 1} of {times}: version {wanted} after {seconds:.1f} s, {failed} failed")
    return record


def _wait_until_served(rest: str, version: int) -> list[str]:
    """Waits until every model answers with a version; returns a fault if one never does."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        states = [httpx.get(f"{rest}/v1/models/{name}", timeout=30).json() for name in MODELS]
        available = [
            max(
                (
                    int(each["version"])
                    for each in state["model_version_status"]
                    if each["state"] == "AVAILABLE"
                ),
                default=0,
            )
            for state in states
        ]
        if available == [version] * len(MODELS):
            return []
        time.sleep(0.1)
    return [f"version {version} was not served within {_PATIENCE:.0f} s: {available}"]


class _Load:
    """Clients in a separate process that send requests without a pause, until the block ends."""

    def __init__(self, rest: str, grpc: str):
        # No Manager, because none starts after the import of Apache Beam, which replaces a part of it.
        context = multiprocessing.get_context("spawn")
        self._counts = {each: context.Value("q", 0) for each in ("REST", "gRPC", "failed")}
        self._last = context.Array("c", 400)
        self._stop = context.Event()
        self._process = context.Process(
            target=_ask, args=(rest, grpc, self._counts, self._last, self._stop), daemon=True
        )

    def __enter__(self) -> "_Load":
        self._process.start()
        end = time.monotonic() + _BEGINS
        while not (self._counts["REST"].value and self._counts["gRPC"].value):
            if time.monotonic() > end:
                self._process.kill()
                raise RuntimeError(f"The clients did not begin within {_BEGINS:.0f} s: {self.counts()}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._process.join(30)

    def counts(self) -> dict[str, int]:
        return {name: count.value for name, count in self._counts.items()}

    def last_failure(self) -> str:
        return self._last.value.decode(errors="replace")


def _ask(rest: str, grpc: str, counts: dict[str, Any], last: Any, stop: Any) -> None:
    import threading

    # Imported before the first GrpcClient does it: beside a client that never pauses it would take minutes.
    import serving.client.grpc_stubs  # noqa: F401
    from serving.client import GrpcClient, RestClient

    threads = [
        threading.Thread(target=_client, args=(kind, api, address, counts, last, stop))
        for kind, api, address in ((RestClient, "REST", rest), (GrpcClient, "gRPC", grpc))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _client(kind: type, api: str, address: str, counts: dict[str, Any], last: Any, stop: Any) -> None:
    number = 0
    with kind(address) as client:
        while not stop.is_set():
            number += 1
            try:
                if number % 2:
                    answer = client.predict("recommender", {"user_id": [_USERS[number % len(_USERS)]]})
                    right = len(answer["movie_id"][0]) == 10
                else:
                    asked = {"user_id": ["42"], "movie_title": ["Speed (1994)"]}
                    right = 1 <= float(client.predict("ranking", asked)["user_rating"][0]) <= 5
                if not right:
                    raise ValueError("an answer that no version gives")
            except Exception as error:
                with counts["failed"].get_lock():
                    counts["failed"].value += 1
                last.value = f"{api}: {type(error).__name__}: {error}".encode()[:300]
            counts[api].value = number
