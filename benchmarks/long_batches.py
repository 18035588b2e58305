"""Benchmark of requests with many rows: their time, the server's memory, and the wait of short requests.

`benchmarks/serve.py --beside ROWS` runs it. The server is a separate process, so that the measured memory is
the server's alone.
"""

import contextlib
import multiprocessing
import threading
import time
from pathlib import Path
from typing import Any


def measure(models: Path, model: str, signature: str, rows: int, seconds: float, payloads) -> dict[str, Any]:
    """Measures short requests alone, then short requests beside long ones.

    Args:
        models: folder of the served models.
        model: name of the model that is called.
        signature: name of the signature that is called, by short and by long requests.
        rows: number of rows of a long request.
        seconds: duration of each of the two measurements of short requests.
        payloads: function from a number of rows to a REST request and a gRPC request of that many rows.
    """
    from serve import grpc_caller, rest_caller

    found: dict[str, Any] = {"model": model, "signature": signature, "rows": rows, "results": []}
    for api, caller in (("REST", rest_caller), ("gRPC", grpc_caller)):
        short, long = (dict(zip(("REST", "gRPC"), payloads(count), strict=True))[api] for count in (1, rows))
        with _server(models) as (process, addresses):
            address = addresses[api]
            alone = _asked(caller(address, short), seconds)
            before = _memory(process, "VmRSS")
            done, took, failed = threading.Event(), [], []

            def ask_long(address=address, long=long, done=done, took=took, failed=failed, caller=caller):
                ask = caller(address, long)
                while not done.is_set():
                    started = time.perf_counter()
                    try:
                        ask()
                    except Exception as error:
                        failed.append(str(error)[:200])
                        return
                    took.append(time.perf_counter() - started)

            asking = threading.Thread(target=ask_long)
            asking.start()
            beside = _asked(caller(address, short), seconds)
            done.set()
            asking.join()
            time.sleep(1)
            found["results"].append(
                {
                    "api": api,
                    "alone_p50_ms": _percentile(alone, 0.5),
                    "alone_p99_ms": _percentile(alone, 0.99),
                    "beside_p50_ms": _percentile(beside, 0.5),
                    "beside_p99_ms": _percentile(beside, 0.99),
                    "beside_max_ms": 1000 * max(beside),
                    "long_requests": len(took),
                    "long_seconds": sum(took) / len(took) if took else None,
                    "failed": failed,
                    "rss_before_mb": before,
                    "rss_peak_mb": _memory(process, "VmHWM"),
                    "rss_after_mb": _memory(process, "VmRSS"),
                }
            )
    return found


def show(report: dict[str, Any]) -> None:
    """Prints a report of `measure`."""
    from rich.console import Console
    from rich.table import Table

    title = "{model}, {signature}: one row per request, alone and beside requests of {rows:,} rows".format(
        **report
    )
    columns = {
        "p50 ms": "alone_p50_ms",
        "p99 ms": "alone_p99_ms",
        "beside: p50 ms": "beside_p50_ms",
        "p99 ms ": "beside_p99_ms",
        "max ms": "beside_max_ms",
        "long: s": "long_seconds",
        "RSS before, MB": "rss_before_mb",
        "peak": "rss_peak_mb",
        "after": "rss_after_mb",
    }
    table = Table("", title=title)
    for name in columns:
        table.add_column(name, justify="right")
    for row in report["results"]:
        shown = (f"{row[key]:,.1f}" if row[key] is not None else "-" for key in columns.values())
        table.add_row(row["api"], *shown)
    console = Console()
    console.print(table)
    for row in report["results"]:
        for error in row["failed"]:
            console.print(f"{row['api']}: a long request failed: {error}", markup=False)


class _server:
    """Server in a separate process; entering it returns the process ID and the addresses."""

    def __init__(self, models: Path):
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(models, there), daemon=True)

    def __enter__(self):
        self._process.start()
        return self._process.pid, self._here.recv()

    def __exit__(self, *_) -> None:
        self._here.send("stop")
        self._process.join(30)


def _serve(models: Path, pipe) -> None:
    from serving.server.config import ServerConfig
    from serving.server.server import EmbeddedServer

    with EmbeddedServer(models, ServerConfig(rest_port=0, grpc_port=0)) as server:
        pipe.send({"REST": server.rest_url, "gRPC": server.grpc_address})
        with contextlib.suppress(EOFError):  # the measuring process has ended
            pipe.recv()


def _asked(call, seconds: float) -> list[float]:
    times, end = [], time.perf_counter() + seconds
    while (before := time.perf_counter()) < end:
        call()
        times.append(time.perf_counter() - before)
    return times


def _percentile(times: list[float], share: float) -> float:
    return 1000 * sorted(times)[int(len(times) * share)]


def _memory(process: int, key: str) -> float:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1000
    raise LookupError(key)
