"""Benchmark of serving: REST and gRPC against the same signature called in process, in one run.

    python benchmarks/serve.py --models workspace/serving_models --model ranking --json serve.json

A second process generates the load over connections that stay open, so that client and server do not share an
interpreter. If `tensorflow_model_server` is on PATH, it is measured on the same model too.

    python benchmarks/serve.py --log-sample 0.1 1

This command also measures the cost of logging those shares of the requests: servers with and without a log
take turns. The embedded server's processor time per request shows the cost even on a machine that others use.

    python benchmarks/serve.py --model recommender --beside 30000

This command measures only requests of that many rows: their time, the server's memory, and the wait of short
requests beside them.
"""

import argparse
import json
import math
import multiprocessing
import os
import platform
import socket
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

# Values of the inputs by name; any other input is an empty string, or 1.
VALUES = {"user_id": "42", "movie_title": "Speed (1994)", "movie_id": "56", "k": 10, "exclude_seen": True}
WARM_UP = 50  # requests per client


def main() -> None:
    args = arguments()
    from serving.errors import ServingError

    try:
        if args.beside:
            report = measure_beside(args)
        else:
            report = measure(args)
            show(report)
    except ServingError as error:
        raise SystemExit(str(error)) from None
    if args.json:
        Path(args.json).write_text(json.dumps(report, indent=2) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--models",
        type=Path,
        default=Path("workspace/serving_models"),
        metavar="DIR",
        help="Folder of the served models (workspace/serving_models).",
    )
    parser.add_argument("--model", default="ranking", help="Name of the model that is called (ranking).")
    parser.add_argument(
        "--signature",
        default="serving_default",
        help="Name of the signature that is called (serving_default).",
    )
    parser.add_argument("--rows", type=int, default=1, help="Rows per request (1).")
    parser.add_argument(
        "--clients", type=int, default=8, help="Number of clients in the concurrent runs (8)."
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="Seconds that each run lasts (3).")
    parser.add_argument(
        "--rounds", type=int, default=1, help="Number of turns that each server has per measured row (1)."
    )
    parser.add_argument(
        "--log-sample",
        type=float,
        nargs="*",
        default=[],
        metavar="SHARE",
        help="Shares of requests to log; a server with each such log is measured too (none).",
    )
    parser.add_argument(
        "--log-format", choices=("jsonl", "tfrecord"), default="jsonl", help="Format of the logs (jsonl)."
    )
    parser.add_argument(
        "--beside",
        type=int,
        metavar="ROWS",
        help="Measure short requests beside requests of this many rows, and nothing else.",
    )
    parser.add_argument("--json", metavar="FILE", help="File that the results are also written to.")
    return parser.parse_args()


def measure(args: argparse.Namespace) -> dict[str, Any]:
    from serving.errors import ServingError
    from serving.server.model import LoadedModel
    from serving.versions.versions import list_versions, version_folder

    versions = list_versions(args.models, args.model)
    if not versions:
        raise ServingError(
            f"There is no version of {args.model} under {args.models}", "Run `marquee run`, or name --models."
        )
    model = LoadedModel(version_folder(args.models, args.model, versions[-1]))
    signature = model.signature(args.signature)
    inputs = {name: spec.array(example(name, spec, args.rows)) for name, spec in signature.inputs.items()}
    results = [summary("in process", 1, *in_process(model, args.signature, inputs, args.seconds))]
    model.close()

    rest, grpc = requests(args.model, args.signature, inputs)
    with tempfile.TemporaryDirectory() as logs, ExitStack() as stack:
        running = {name: stack.enter_context(server) for name, server in servers(args, Path(logs)).items()}
        for clients in (1, args.clients):
            for api, payload in (("REST", rest), ("gRPC", grpc)):
                loads = {name: Load() for name in running}
                for _ in range(args.rounds):
                    for name, server in running.items():
                        address = server.rest_url if api == "REST" else server.grpc_address
                        before = time.process_time()
                        times, wall = from_another_process(api, address, payload, clients, args.seconds)
                        loads[name].add(times, wall, time.process_time() - before, clients)
                rows = [load.summary(f"{name}, {api}", clients) for name, load in loads.items()]
                plain = rows[0]["requests_per_second"]
                results += [row | {"of_plain": row["requests_per_second"] / plain} for row in rows]
    return {
        "model": args.model,
        "version": versions[-1],
        "signature": args.signature,
        "rows": args.rows,
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "results": results,
    }


def measure_beside(args: argparse.Namespace) -> dict[str, Any]:
    import long_batches

    from serving.server.model import LoadedModel
    from serving.versions.versions import list_versions, version_folder

    versions = list_versions(args.models, args.model)
    model = LoadedModel(version_folder(args.models, args.model, versions[-1]))
    signature = model.signature(args.signature)
    model.close()

    def payloads(rows: int) -> tuple[bytes, bytes]:
        inputs = {name: spec.array(example(name, spec, rows)) for name, spec in signature.inputs.items()}
        return requests(args.model, args.signature, inputs)

    report = long_batches.measure(
        args.models, args.model, args.signature, args.beside, args.seconds, payloads
    )
    long_batches.show(report)
    return report


class Load:
    """Results of several rounds with one server."""

    def __init__(self):
        self._times, self._wall, self._processor = [], 0.0, math.inf

    def add(self, times: list[float], wall: float, processor: float, clients: int) -> None:
        self._times += times
        self._wall += wall
        # The lowest of the rounds is the one that other processes disturbed least.
        self._processor = min(self._processor, processor / (len(times) + clients * WARM_UP))

    def summary(self, what: str, clients: int) -> dict[str, Any]:
        row = summary(what, clients, self._times, self._wall)
        if what.startswith("embedded"):  # in this process
            row["processor_us"] = 1e6 * self._processor
        return row


def servers(args: argparse.Namespace, logs: Path) -> dict[str, Any]:
    """Returns the servers by name, the embedded one first."""
    from serving.prediction_log.config import LogConfig
    from serving.server.config import ServerConfig
    from serving.server.server import EmbeddedServer
    from serving.server.tensorflow_model_server import BINARY, BinaryServer, find_binary

    config = ServerConfig(rest_port=0, grpc_port=0)
    found = {"embedded": EmbeddedServer(args.models, config)}
    for sample in args.log_sample:
        name = f"embedded, {sample:.0%} logged"
        log = LogConfig(logs / name, sample, args.log_format)
        found[name] = EmbeddedServer(args.models, replace(config, log=log))
    if find_binary():
        found[BINARY] = BinaryServer(args.models, config)
    return found


def example(name: str, spec, rows: int) -> Any:
    """Returns one value, repeated to the tensor's shape with `rows` as its first size."""
    import numpy as np

    value = VALUES.get(name, "" if spec.dtype == "string" else 1)
    shape = [rows if position == 0 else 1 for position, _ in enumerate(spec.shape or ())]
    return np.full(shape, value, dtype=object if spec.dtype == "string" else None)


def in_process(model, signature: str, inputs: dict, seconds: float) -> tuple[list[float], float]:
    for _ in range(100):
        model.run(signature, inputs)
    times, end = [], time.perf_counter() + seconds
    started = time.perf_counter()
    while (before := time.perf_counter()) < end:
        model.run(signature, inputs)
        times.append(time.perf_counter() - before)
    return times, time.perf_counter() - started


def requests(model: str, signature: str, inputs: dict) -> tuple[bytes, bytes]:
    """Returns the same request in both forms, ready to send: over HTTP/1.1, and a PredictRequest."""
    from tensorflow_serving.apis import predict_pb2

    from serving.encoding.json_values import dump, jsonable
    from serving.encoding.tensor_proto import proto_of

    columns = {name: jsonable(name, array) for name, array in inputs.items()}
    body = dump({"signature_name": signature, "inputs": columns})
    head = (
        f"POST /v1/models/{model}:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    request = predict_pb2.PredictRequest(inputs={name: proto_of(array) for name, array in inputs.items()})
    request.model_spec.name, request.model_spec.signature_name = model, signature
    return head.encode() + body, request.SerializeToString()


def from_another_process(api: str, address: str, payload: bytes, clients: int, seconds: float):
    """Measures the seconds of each request and of the whole, for clients that each wait for their answer."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(generate_load, (api, address, payload, clients, seconds))


def generate_load(api: str, address: str, payload: bytes, clients: int, seconds: float):
    connect = rest_caller if api == "REST" else grpc_caller
    times: list[float] = []
    ready = threading.Barrier(clients + 1)

    def ask() -> None:
        call = connect(address, payload)
        for _ in range(WARM_UP):
            call()
        ready.wait()
        mine, end = [], time.perf_counter() + seconds
        while (before := time.perf_counter()) < end:
            call()
            mine.append(time.perf_counter() - before)
        times.extend(mine)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait(timeout=60)
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    return times, time.perf_counter() - started


def rest_caller(url: str, request: bytes):
    """Returns a caller over a bare socket, because an HTTP library would take longer than the server."""
    host, port = url.removeprefix("http://").rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call() -> None:
        connection.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65536)
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode(errors="replace"))
        length = next(
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        received = len(body)
        while received < length:
            received += len(connection.recv(65536))

    return call


def grpc_caller(address: str, request: bytes):
    import grpc

    # One connection per client, as different clients have; gRPC would share one between equal channels.
    channel = grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
    predict = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    return lambda: predict(request, timeout=60)


def summary(what: str, clients: int, times: list[float], wall: float) -> dict[str, Any]:
    times = sorted(times)
    return {
        "what": what,
        "clients": clients,
        "requests": len(times),
        "p50_ms": 1000 * times[len(times) // 2],
        "p99_ms": 1000 * times[int(len(times) * 0.99)],
        "requests_per_second": len(times) / wall,
    }


def show(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    title = "{model} version {version}, {signature}, {rows} rows per request, {cores} cores".format(**report)
    table = Table(title=title)
    for column in (
        "",
        "clients",
        "p50 ms",
        "p99 ms",
        "requests/s",
        "of embedded",
        "CPU µs",
        "over in process, ms",
    ):
        table.add_column(column, justify="left" if not column else "right")
    base = report["results"][0]["p50_ms"]
    for row in report["results"]:
        table.add_row(
            row["what"],
            str(row["clients"]),
            f"{row['p50_ms']:.3f}",
            f"{row['p99_ms']:.3f}",
            f"{row['requests_per_second']:,.0f}",
            f"{row['of_plain']:.3f}" if row.get("of_plain", 1) != 1 else "",
            f"{row['processor_us']:.0f}" if "processor_us" in row else "",
            f"{row['p50_ms'] - base:.3f}" if row["clients"] == 1 and row["what"] != "in process" else "",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
