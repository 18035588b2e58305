"""Benchmark of size: seconds and peak memory of each node of a whole run, as the number of ratings grows.

    python benchmarks/scale.py                          100,000, 1, 5 and 25 million generated ratings
    python benchmarks/scale.py --rows 1000000 --set ranking.model.members=4
    python benchmarks/scale.py --data FOLDER            one's own folder, in MovieLens's layout

Each run is `marquee run --config ml-25m` in a workspace of its own, from the files to pushed models. The peak
is that of the process while the node ran (Linux: VmHWM). At the end, the nodes that grew faster than the rows
are named, where a node took more than 5 seconds: for each step, how many times the seconds per rating grew.
"""

import argparse
import itertools
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROWS = [100_000, 1_000_000, 5_000_000, 25_000_000]
DONE = re.compile(r"✓ +\d+ of \d+ +(\w+) +([\d.]+)s")
LEAST = 5.0  # seconds: below, a node's time is that of its start
GROWN = 1.3  # seconds per rating, times: more is faster than linear


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS, help="Numbers of generated ratings.")
    parser.add_argument(
        "--data", type=Path, nargs="+", help="Folders with ratings.csv, instead of generated."
    )
    parser.add_argument(
        "--workspace", type=Path, help="Folder that the runs keep (default: a temporary one)."
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="As `marquee run` has it."
    )
    parser.add_argument("--json", type=Path, help="File that the results are also written to.")
    parser.add_argument(
        "--chart", type=Path, help="File (.svg, .html, .png) that seconds by node are drawn to."
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folders = arguments.data or [Path(scratch) / f"{rows}" for rows in arguments.rows]
        results = []
        for place, folder in enumerate(folders):
            if not arguments.data:
                _generate(folder, arguments.rows[place])
            results.append(measure(folder, arguments.workspace or Path(scratch) / "workspace", arguments.set))
            _print(results[-1])
    for line in faster_than_rows(results):
        print(line)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    if arguments.chart:
        _draw(results, arguments.chart)


def measure(folder: Path, workspace: Path, settings: list[str]) -> dict:
    """Runs the pipeline once; returns rows, seconds, peak GiB, processor seconds, and the same by node."""
    with (folder / "ratings.csv").open("rb") as file:
        rows = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 24), b"")) - 1
    given = [f"--set={each}" for each in ["data.dataset=custom", *settings]]
    command = ["run", "--config", "ml-25m", "--data", str(folder), "--workspace", str(workspace / str(rows))]
    begin = time.perf_counter()
    nodes = []
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "pipeline.cli.app", *command, *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None  # it was asked for
        before = 0.0
        for line in process.stdout:
            print(f"  {line.rstrip()}", flush=True)
            if found := DONE.search(line):
                peak, used = _peak(process.pid), _processor(process.pid)
                nodes.append(
                    {
                        "node": found[1],
                        "seconds": float(found[2]),
                        "cpu": round(used - before, 1),
                        "gib": peak,
                    }
                )
                before = used
    if process.returncode:
        sys.exit(f"The run of {folder} ended with {process.returncode}.")
    return {
        "rows": rows,
        "seconds": round(time.perf_counter() - begin, 1),
        "gib": max(node["gib"] for node in nodes),
        "nodes": nodes,
    }


def faster_than_rows(results: list[dict]) -> list[str]:
    """Returns a sentence for each node whose seconds per rating grew by more than GROWN."""
    found = []
    for small, large in itertools.pairwise(results):
        before = {node["node"]: node["seconds"] for node in small["nodes"]}
        for node in large["nodes"]:
            first = max(before.get(node["node"], 0.0), LEAST)
            grown = node["seconds"] / first / (large["rows"] / small["rows"])
            if node["seconds"] > LEAST and grown > GROWN:
                found.append(
                    f"{node['node']}: {grown:.1f} times the seconds per rating from {small['rows']:,} to "
                    f"{large['rows']:,} ratings"
                )
    return found or ["No node grew faster than the ratings."]


def _generate(folder: Path, rows: int) -> None:
    from synthetic import write_tastes

    folder.mkdir(parents=True)
    print(f"generating {rows:,} ratings", flush=True)
    write_tastes(folder, rows)


def _peak(pid: int) -> float:
    """Returns the process's peak memory in GiB since the last call."""
    status = Path(f"/proc/{pid}/status").read_text()
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / (1 << 20)
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
    return round(peak, 2)


def _processor(pid: int) -> float:
    """Returns the processor seconds that the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _print(result: dict) -> None:
    print(f"{result['rows']:,} ratings: {result['seconds']:,.0f} s, {result['gib']:.1f} GiB at the peak")
    for node in result["nodes"]:
        seconds, processor, peak = node["seconds"], node["cpu"], node["gib"]
        print(f"  {node['node']:<24} {seconds:>8.1f} s {processor:>8.1f} s of processor {peak:>6.2f} GiB")


def _draw(results: list[dict], file: Path) -> None:
    import altair as alt
    import pandas as pd

    rows = [{"ratings": result["rows"], **node} for result in results for node in result["nodes"]]
    chart = alt.Chart(pd.DataFrame(rows)).mark_line(point=True)
    scale = alt.Scale(type="log")
    drawn = chart.encode(
        x=alt.X("ratings:Q", scale=scale),
        y=alt.Y("seconds:Q", scale=scale),
        color=alt.Color("node:N", sort=None),
    )
    drawn.properties(width=640, height=420, title="Seconds of each node").save(str(file))


if __name__ == "__main__":
    main()
