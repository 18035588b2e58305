"""Benchmark of ingestion: the time and memory in which ratings become tf.Examples.

    python benchmarks/ingest.py                                 against TFX's CsvExampleGen, 1,000,000 rows
    python benchmarks/ingest.py --rows 1000000 5000000 20000000 MovieLensExampleGen alone, as rows grow

In the comparison with CsvExampleGen, both executors read the same single ratings.csv with the same Beam
runner on the same machine, one after the other. Each measurement is a separate process, so that its peak
memory is its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BEAM_ARGS = ["--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner"]
AGAINST_ROWS = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rows",
        type=int,
        nargs="+",
        help="Numbers of rows at which MovieLensExampleGen is measured alone, with movies joined.",
    )
    parser.add_argument("--json", type=Path, help="File that the results are also written to.")
    parser.add_argument(
        "--measure", nargs=3, help=argparse.SUPPRESS
    )  # component, folder, output: of one child process
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(_measure(*arguments.measure)))
        return
    results = _alone(arguments.rows) if arguments.rows else _against_csv_example_gen()
    _print(results)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


def _against_csv_example_gen() -> list[dict]:
    from synthetic import write_ratings

    with tempfile.TemporaryDirectory() as folder:
        write_ratings(Path(folder) / "data", AGAINST_ROWS)
        # The median of three counts, measured before and after the other component: a run is so short that
        # a busy moment of the machine would distort it.
        ours = [_in_child("MovieLensExampleGen", folder, AGAINST_ROWS) for _ in range(2)]
        peer = _in_child("CsvExampleGen", folder, AGAINST_ROWS)
        ours.append(_in_child("MovieLensExampleGen", folder, AGAINST_ROWS))
    median = sorted(ours, key=lambda run: run["seconds"])[1]
    return [median | {"times_faster": round(peer["seconds"] / median["seconds"], 1)}, peer]


def _alone(sizes: list[int]) -> list[dict]:
    from synthetic import write_movies, write_ratings

    results = []
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            write_ratings(Path(folder) / "data", rows)
            write_movies(Path(folder) / "data")
            results.append(_in_child("MovieLensExampleGen", folder, rows))
    return results


def _in_child(who: str, folder: str, rows: int) -> dict:
    output = tempfile.mkdtemp(dir=folder)
    command = [sys.executable, __file__, "--measure", who, f"{folder}/data", output]
    environment = os.environ | {"TF_USE_LEGACY_KERAS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True, text=True)
    measured = json.loads(done.stdout.splitlines()[-1])
    return {"component": who, "rows": rows, **measured, "s_per_million": measured["seconds"] / rows * 1e6}


def _measure(who: str, folder: str, output: str) -> dict:
    """Times one executor, without imports and without the package that TFX builds for Beam workers."""
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.types import standard_artifacts

    examples = standard_artifacts.Examples()
    examples.uri = output
    if who == "CsvExampleGen":
        from tfx.components.example_gen import utils
        from tfx.components.example_gen.csv_example_gen.executor import Executor
        from tfx.proto import example_gen_pb2
        from tfx.utils import proto_utils

        inputs = utils.make_default_input_config()
        inputs.splits[0].pattern = "ratings.csv"
        outputs = utils.make_default_output_config(inputs)
        properties = {
            "input_base": folder,
            "input_config": proto_utils.proto_to_json(inputs),
            "output_config": proto_utils.proto_to_json(outputs),
            "output_data_format": example_gen_pb2.FORMAT_TF_EXAMPLE,
        }
    else:
        from components.movielens_example_gen.config import DataConfig
        from components.movielens_example_gen.executor import Executor

        config = DataConfig(dataset="custom", path=folder)
        properties = {"input_base": folder, "config": config.model_dump_json()}
    executor = Executor(BaseBeamExecutor.Context(beam_pipeline_args=list(BEAM_ARGS)))
    started = time.perf_counter()
    executor.Do({}, {"examples": [examples]}, properties)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)}


def _print(results: list[dict]) -> None:
    print(f"{'component':<22}{'rows':>12}{'s':>9}{'s / million':>13}{'peak GiB':>10}{'times faster':>14}")
    for row in results:
        print(
            f"{row['component']:<22}{row['rows']:>12,}{row['seconds']:>9.2f}{row['s_per_million']:>13.2f}"
            f"{row['peak_gib']:>10.2f}{row.get('times_faster', ''):>14}"
        )


if __name__ == "__main__":
    main()
