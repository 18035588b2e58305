"""How fast the server answers: REST and gRPC against the same signature called in process, in one run.

    python benchmarks/serve.py --models workspace/serving_models --model ranking --json serve.json

The load comes from a second process over connections that stay open, so client and server do not share an
interpreter. Where `tensorflow_model_server` is on PATH, it is measured on the same model too.
"""

import argparse
import json
import multiprocessing
import os
import platform
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

# What is asked for, by the name of the input; a row of blanks where the name is not here.
VALUES = {"user_id": "42", "movie_title": "Speed (1994)", "movie_id": "56", "k": 10, "exclude_seen": True}


def main() -> None:
    args = arguments()
    from serving.errors import ServingError

    try:
        report = measure(args)
    except ServingError as error:
        raise SystemExit(str(error)) from None
    show(report)
    if args.json:
        Path(args.json).write_text(json.dumps(report, indent=2) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, default=Path("workspace/serving_models"), metavar="DIR")
    parser.add_argument("--model", default="ranking")
    parser.add_argument("--signature", default="serving_default")
    parser.add_argument("--rows", type=int, default=1, help="rows a request")
    parser.add_argument("--clients", type=int, default=8, help="clients in the concurrent runs")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each run")
    parser.add_argument("--json", metavar="FILE")
    return parser.parse_args()


def measure(args: argparse.Namespace) -> dict[str, Any]:
    from serving.errors import ServingError
    from serving.model import LoadedModel
    from serving.server import EmbeddedServer, ServerConfig
    from serving.tensorflow_model_server import BINARY, BinaryServer, find_binary
    from serving.versions import list_versions

    versions = list_versions(args.models, args.model)
    if not versions:
        raise ServingError(
            f"There is no version of {args.model} under {args.models}", "Run `marquee run`, or name --models."
        )
    model = LoadedModel(args.models / args.model / str(versions[-1]))
    signature = model.signature(args.signature)
    inputs = {name: spec.array(example(name, spec, args.rows)) for name, spec in signature.inputs.items()}
    results = [summary("in process", 1, *in_process(model, args.signature, inputs, args.seconds))]
    model.close()

    rest, grpc = requests(args.model, args.signature, inputs)
    servers = {"embedded": EmbeddedServer}
    if find_binary():
        servers[BINARY] = BinaryServer
    for name, kind in servers.items():
        with kind(args.models, ServerConfig(rest_port=0, grpc_port=0)) as server:
            for clients in (1, args.clients):
                for api, address, payload in (
                    ("REST", server.rest_url, rest),
                    ("gRPC", server.grpc_address, grpc),
                ):
                    times = from_another_process(api, address, payload, clients, args.seconds)
                    results.append(summary(f"{name}, {api}", clients, *times))
    return {
        "model": args.model,
        "version": versions[-1],
        "signature": args.signature,
        "rows": args.rows,
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "results": results,
    }


def example(name: str, spec, rows: int) -> Any:
    """One value, repeated to the tensor's shape with `rows` in place of an open first size."""
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
    """The same request in both forms, ready to send: a request over HTTP/1.1, and a PredictRequest."""
    from tensorflow_serving.apis import predict_pb2

    from serving.json_values import dump, jsonable
    from serving.tensor_proto import proto_of

    columns = {name: jsonable(name, array) for name, array in inputs.items()}
    body = dump({"signature_name": signature, "inputs": columns})
    head = (
        f"POST /v1/models/{model}:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    request = predict_pb2.PredictRequest(inputs={name: proto_of(array) for name, array in inputs.items()})
    request.model_spec.name, request.model_spec.signature_name = model, signature
    return head.encode() + body, request.SerializeToString()


def from_another_process(api: str, address: str, payload: bytes, clients: int, seconds: float):
    """Seconds of each request, and of the whole, as `clients` see them that each wait for their answer."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(generate_load, (api, address, payload, clients, seconds))


def generate_load(api: str, address: str, payload: bytes, clients: int, seconds: float):
    connect = rest_caller if api == "REST" else grpc_caller
    times: list[float] = []
    ready = threading.Barrier(clients + 1)

    def ask() -> None:
        call = connect(address, payload)
        for _ in range(50):
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
    """A bare socket: an HTTP library would spend longer than the server does."""
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

    # A connection each, as different clients have; gRPC would share one between equal channels.
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

    title = "{model} version {version}, {signature}, {rows} rows a request, {cores} cores".format(**report)
    table = Table(title=title)
    for column in ("", "clients", "p50 ms", "p99 ms", "requests/s", "p50 over in process, ms"):
        table.add_column(column, justify="left" if not column else "right")
    base = report["results"][0]["p50_ms"]
    for row in report["results"]:
        table.add_row(
            row["what"],
            str(row["clients"]),
            f"{row['p50_ms']:.3f}",
            f"{row['p99_ms']:.3f}",
            f"{row['requests_per_second']:,.0f}",
            f"{row['p50_ms'] - base:.3f}" if row["clients"] == 1 and row["what"] != "in process" else "",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
