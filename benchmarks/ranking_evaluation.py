"""Benchmark of the ranking model's evaluation: vectorised sums beside TFMA's own pipeline, on the same rows.

    marquee run --config ml-100k --workspace workspace
    python benchmarks/ranking_evaluation.py --workspace workspace
    python benchmarks/ranking_evaluation.py --workspace workspace --rows 2300000 --by sums

The newest run's RankingEvaluator is repeated with the model that it judged and the one that it was compared
with, or else the refit model. Both ways are timed from the first import to the last file, each in a process
of its own, whose peak memory is printed; on a busy machine compare the processors' time. `--rows` evaluates
that many rows: copies of `eval`, those beyond the first by users of other names, whom no model knows.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs without installing

WAYS = ("sums", "tfma")
PLACE = b"@" * 12
INPUTS = ("examples", "model", "baseline_model", "schema")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workspace", type=Path, default=Path("workspace"), help="Workspace (workspace).")
    parser.add_argument("--rows", type=int, help="Number of rows to evaluate (those of eval).")
    parser.add_argument("--by", choices=WAYS, nargs="+", default=list(WAYS), help="Ways to measure (both).")
    parser.add_argument("--json", type=Path, help="File that the results are also written to.")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measure(**json.loads(arguments.one))
        return
    found = compared(arguments.workspace, arguments.rows, arguments.by)
    show(found)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


def compared(workspace: Path, rows: int | None, by: list[str]) -> dict:
    """Returns seconds and peak memory of each way, and the largest difference of their metrics."""
    inputs, properties = node(workspace)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if rows:
            inputs["examples"] = str(copies(Path(inputs["examples"]), rows, folder / "examples"))
        found: dict = {"baseline": "baseline_model" in inputs}
        for way in by:
            asked = {"inputs": inputs, "properties": properties, "way": way, "folder": str(folder / way)}
            answer = subprocess.run(
                [sys.executable, __file__, "--one", json.dumps(asked)], stdout=subprocess.PIPE, check=True
            )
            found[way] = json.loads(answer.stdout.splitlines()[-1])
        slices = [json.loads((folder / way / "evaluation" / "slices.json").read_text()) for way in by]
        found["rows"] = int(slices[0]["(all)"]["(all)"]["candidate"]["example_count"])
        found["slices"] = sum(len(values) for values in slices[0].values())
        if len(by) == len(WAYS):
            found["ratio"] = found["tfma"]["seconds"] / found["sums"]["seconds"]
            found["work_ratio"] = found["tfma"]["processor_seconds"] / found["sums"]["processor_seconds"]
            found["differences"] = differences(*slices)
    return found


def node(workspace: Path) -> tuple[dict[str, str], dict]:
    """Returns the folders of the inputs of the newest run's RankingEvaluator, and its parameters."""
    from pipeline.store.metadata.lineage import Lineage

    run = Lineage(workspace / "metadata.db").run()
    if run is None or "RankingEvaluator" not in run.nodes:
        raise SystemExit(f"{workspace}: no run with a RankingEvaluator; make one with `marquee run`.")
    evaluator = run.nodes["RankingEvaluator"]
    inputs = {key: str(evaluator.taken[key].path) for key in INPUTS if key in evaluator.taken}
    refit = run.output("RankingRefit", "model")
    if "baseline_model" not in inputs and refit is not None:
        inputs["baseline_model"] = str(refit.path)
    return inputs, dict(evaluator.parameters)


def copies(examples: Path, rows: int, to: Path) -> Path:
    """Writes a split `eval` of so many rows: the run's own, and again with other users."""
    import tensorflow as tf

    gzip = tf.io.TFRecordOptions("GZIP", compression_level=1)
    files = sorted(str(file) for file in (examples / "Split-eval").iterdir())
    (to / "Split-eval").mkdir(parents=True)
    own, around, user = [], [], []
    users: dict[bytes, int] = {}
    for record in tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator():
        example = tf.train.Example.FromString(record)
        named = example.features.feature["user_id"].bytes_list
        user.append(users.setdefault(named.value[0], len(users)))
        named.value[0] = PLACE  # of names of one length, which are put in without parsing
        own.append(record)
        around.append(example.SerializeToString().split(PLACE))
    with tf.io.TFRecordWriter(str(to / "Split-eval" / "data_tfrecord-00000-of-00001.gz"), gzip) as writer:
        for row in range(rows):
            copy, place = divmod(row, len(own))
            if copy:
                before, after = around[place]
                writer.write(b"%s#%011d%s" % (before, copy * len(users) + user[place], after))
            else:
                writer.write(own[place])
    return to


def measure(inputs: dict[str, str], properties: dict, way: str, folder: str) -> None:
    """Evaluates once in this process and prints seconds and peak memory, as JSON."""
    started = time.perf_counter()
    from tfx.types import standard_artifacts as kinds

    from components.ranking_evaluator.executor import Executor

    types = {"examples": kinds.Examples, "schema": kinds.Schema}

    def artifact(kind, path: str):
        made = kind()
        made.uri = path
        Path(path).mkdir(parents=True, exist_ok=True)
        if kind is kinds.Examples:
            made.split_names = json.dumps(["eval"])
        return made

    Executor().Do(
        {key: [artifact(types.get(key, kinds.Model), path)] for key, path in inputs.items()},
        {
            "evaluation": [artifact(kinds.ModelEvaluation, f"{folder}/evaluation")],
            "blessing": [artifact(kinds.ModelBlessing, f"{folder}/blessing")],
        },
        {**properties, "computed_by": way},
    )
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) / 2**20
    seconds = {"seconds": time.perf_counter() - started, "processor_seconds": time.process_time()}
    print(json.dumps({**seconds, "peak_gib": peak}))


def differences(sums: dict, by_tfma: dict) -> dict[str, float]:
    """Returns the largest difference by metric, over all slices and models."""
    found: dict[str, float] = {}
    for feature, values in by_tfma.items():
        for value, models in values.items():
            for model, metrics in models.items():
                for name, number in metrics.items():
                    own = sums[feature][value][model][name]
                    difference = 0.0 if own is number is None else abs(own - number)
                    found[name] = max(found.get(name, 0.0), difference)
    return found


def show(found: dict) -> None:
    """Prints what `compared` found."""
    models = "candidate and baseline" if found["baseline"] else "one model"
    print(f"{found['rows']:,} rows, {found['slices']} slices, {models}")
    for way in WAYS:
        if way in found:
            took = found[way]
            print(
                f"{way:5} {took['seconds']:9.1f} s, {took['processor_seconds']:.1f} s of the processors, "
                f"{took['peak_gib']:.2f} GiB at the peak"
            )
    if "ratio" in found:
        print(f"TFMA takes {found['ratio']:.1f} times as long, and {found['work_ratio']:.1f} times the work")
        for name, difference in sorted(found["differences"].items()):
            print(f"largest difference in {name}: {difference:.1e}")


if __name__ == "__main__":
    main()
