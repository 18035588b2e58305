"""Bad data, kill -9 and Ctrl-C: what is said, what is kept, and how a run goes on."""

import json
import re
import shlex
import shutil
import signal
import time

import pytest

from benchmarks.campaign.workspace_faults import Inspector
from tests.marquee_process import ML_100K, Marquee, states

SMALL = ("--no-tune", "--set", "data.max_users=60")


def ratings(tmp_path, *extra_rows):
    """A folder of one's own ratings: 60 users of the real data, and more rows."""
    lines = (ML_100K / "ml-100k.inter").read_text().splitlines()[1:]
    rows = [line.replace("\t", ",") for line in lines if int(line.split("\t")[0]) <= 60]
    (tmp_path / "ratings.csv").write_text(
        "\n".join(["userId,movieId,rating,timestamp", *rows, *extra_rows]) + "\n"
    )
    return tmp_path


def test_an_anomaly_stops_the_run_and_the_printed_command_goes_on_once_the_data_is_corrected(tmp_path):
    marquee = Marquee(tmp_path / "workspace")
    data = ratings(tmp_path, "1,1,9,881250949")
    answer = marquee(
        "run", "--config", "smoke", "--data", str(data), "--no-tune",
        "--set", "data.dataset=custom", "--set", "validate.schema=ratings", "--set", "temporal_check=never",
    )  # fmt: skip

    assert answer.returncode == 1
    assert "ExampleValidator failed: the data breaks the schema" in answer.output
    assert re.search(r"(train|eval|test) +user_rating .*5", answer.output)
    assert "Traceback" not in answer.output
    [proposed] = marquee.workspace.rglob("proposed-schema.pbtxt")  # what would accept it
    assert str(proposed) in answer.output
    assert "max: 9" in proposed.read_text()
    assert states(answer.run)["ExampleValidator"] == "failed"
    assert not (marquee.workspace / "serving_models").exists()
    report = (marquee.workspace / "reports" / answer.run.run_id / "report.html").read_text()
    assert "ExampleValidator failed; what was finished before is kept." in report
    assert "the data breaks the schema" in report

    ratings(tmp_path)  # corrected
    resume = shlex.split(answer.output.split("resume with: marquee ")[1].splitlines()[0])
    corrected = marquee(*resume)

    assert corrected.returncode == 0, corrected.output
    assert marquee.summary(corrected.run)["blessed"] is True


def test_a_malformed_row_is_named_by_file_line_field_and_value(tmp_path):
    data = ratings(tmp_path, "1,1,many,881250949")
    answer = Marquee(tmp_path / "workspace")(
        "run",
        "--config",
        "smoke",
        "--data",
        str(data),
        "--set",
        "data.dataset=custom",
        "--set",
        "validate.schema=ratings",
    )

    line = len((data / "ratings.csv").read_text().splitlines())
    assert answer.returncode == 1
    for part in ("MovieLensExampleGen failed", "ratings.csv", str(line), "rating", "many"):
        assert part in answer.output


def test_beginning_in_the_middle_of_nothing_is_a_clear_error(tmp_path):
    answer = Marquee(tmp_path / "workspace")("run", "--config", "smoke", "--from-node", "RankingTrainer")

    assert answer.returncode == 1
    assert "nothing to reuse" in answer.output
    assert "Traceback" not in answer.output


def _when_training(marquee, process, deadline=400):
    """Waits until at least one epoch's state is kept."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if list((marquee.workspace / "cache" / "resume").glob("*/state.npz")):
            return
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.05)
    pytest.fail("training never began")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_killed_while_training_goes_on_from_its_last_epoch(finished, tmp_path, how):
    marquee = Marquee(tmp_path / "workspace")
    long = ("--set", "ranking.train.epochs=60", "--set", "ranking.train.patience=0")
    command = ("run", "--config", "smoke", *long, "--to-node", "RankingTrainer")
    if how == signal.SIGKILL:
        command = (*command, *SMALL)
        process = marquee.start_warm(*command)
    else:  # Ctrl-C as a shell sends it, to a process that a shell starts, which finds the data's nodes done
        shutil.copytree(finished[0].workspace, marquee.workspace)
        command = (*command, "--no-tune")
        process = marquee.start(*command)
    _when_training(marquee, process)
    process.send_signal(how)
    output, _ = process.communicate(timeout=60)
    inspector = Inspector(marquee.workspace)

    assert process.returncode != 0
    assert inspector.faults(at_rest=False) == []
    if how == signal.SIGINT:
        assert "resume with: marquee run" in output
        command = tuple(shlex.split(output.split("resume with: marquee ")[1].splitlines()[0]))

    answer = marquee(*command)

    assert answer.returncode == 0, answer.output
    assert states(answer.run)["Transform"] == "cached"
    assert states(answer.run)["RankingTrainer"] == "done"
    [file] = answer.run.output("RankingTrainer", "model_run").path.glob("training.json")
    training = json.loads(file.read_text())
    assert training["epochs"] == 60
    assert training["epochs_resumed"] >= 1
    assert inspector.faults(at_rest=True) == []
