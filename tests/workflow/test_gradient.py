"""`workflow.yaml` holds to Gradient's format, and its scripts do what they say."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from serving.client import RestClient
from serving.server.server import EmbeddedServer, ServerConfig

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(900)  # a whole run, where cores are few


@pytest.fixture(scope="module")
def workflow():
    return yaml.safe_load((ROOT / "workflow.yaml").read_text())


@pytest.fixture(scope="module")
def schema():
    return json.loads(Path(__file__).with_name("gradient_workflow.schema.json").read_text())


@pytest.fixture(scope="module")
def trained(workflow, tmp_path_factory):
    """The folder of the job Train, after its script ran on a small configuration."""
    folder = tmp_path_factory.mktemp("train")
    config = yaml.safe_load((ROOT / "configs" / "smoke.yaml").read_text())
    config["data"]["max_users"] = 80
    (folder / "small.yaml").write_text(yaml.safe_dump(config))
    small = {"CONFIG": str(folder / "small.yaml"), "HP_RANKING_EPOCHS": "1", "HP_RETRIEVAL_EPOCHS": "1"}
    (folder / "inputs").mkdir()
    (folder / "inputs" / "repository").symlink_to(ROOT, target_is_directory=True)
    (folder / "bin").mkdir()
    # What the image has on PATH: it is the checkout's code that must run, by PYTHONPATH.
    _program(folder / "bin" / "marquee", f'exec "{sys.executable}" -m pipeline.cli.app "$@"')
    done = run(workflow["jobs"]["Train"], folder, small)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def run(job, folder, environment):
    """A job's script, /inputs, /outputs and /tmp being folders of `folder`, in an empty folder."""
    for output in job["outputs"]:
        (folder / "outputs").mkdir(exist_ok=True)
        if job["outputs"][output]["type"] != "string":
            (folder / "outputs" / output).mkdir()
    script = re.sub(r"(?<!\w)/(inputs|outputs|tmp)/", rf"{folder}/\1/", job["with"]["script"])
    (folder / "empty").mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        **job["env"],
        "MARQUEE_GROUPLENS_URL": "http://127.0.0.1:9/",
        **environment,
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    return subprocess.run(
        ["bash", "-c", script], cwd=folder / "empty", env=environment, capture_output=True, text=True
    )


def _program(path: Path, body: str) -> None:
    path.write_text(f"#!/usr/bin/env bash\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_the_workflow_holds_to_gradients_format(workflow, schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(workflow, schema)


@pytest.mark.parametrize(
    "change",
    [
        lambda jobs: jobs["Train"].pop("uses"),
        lambda jobs: jobs["Train"]["with"].pop("image"),
        lambda jobs: jobs["Train"]["env"].update(HP_RANKING_EPOCHS=15),
        lambda jobs: jobs["Checkout"]["with"].update(url="https://github.com/your-account/marquee.git"),
        lambda jobs: jobs["Train"]["inputs"].update(repository="Checkout.repository"),
        lambda jobs: jobs["Train"]["outputs"]["model"].update(type="folder"),
    ],
)
def test_the_schema_refuses_what_gradient_refuses(workflow, schema, change):
    changed = json.loads(json.dumps(workflow))
    change(changed["jobs"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(changed, schema)


def test_every_input_is_an_output_of_a_job_that_is_waited_for(workflow):
    jobs = workflow["jobs"]
    for name, job in jobs.items():
        for source in job.get("inputs", {}).values():
            producer, _, output = source.split(".")
            assert producer in job["needs"], name
            assert output in jobs[producer]["outputs"], name


@pytest.mark.slow
def test_train_leaves_a_model_that_answers_and_the_hyper_parameters_reach_it(trained):
    models = trained / "served"
    models.mkdir()
    (models / "recommender").symlink_to(trained / "outputs" / "model", target_is_directory=True)
    with (
        EmbeddedServer(models, ServerConfig(rest_port=0, grpc_port=0)) as server,
        RestClient(server.rest_url) as client,
    ):
        assert len(client.predict("recommender", {"user_id": ["42"]})["movie_title"][0]) == 10
    [training] = (trained / "tmp" / "workspace" / "artifacts" / "RankingTrainer").glob(
        "model_run/*/training.json"
    )
    settings = json.loads(training.read_text())["settings"]["train"]
    assert (settings["epochs"], settings["learning_rate"]) == (1, 0.03)


@pytest.mark.slow
def test_train_copies_the_reports(trained):
    assert list((trained / "outputs" / "reports").glob("*/summary.json"))


def test_deploy_creates_and_starts_a_tf_serving_deployment(workflow, tmp_path):
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs" / "model-id").write_text("mos17\n")
    (tmp_path / "bin").mkdir()
    _program(
        tmp_path / "bin" / "gradient",
        f'echo "$@" >> {tmp_path}/said; [ "$2" != create ] || echo "New deployment with id: des42"',
    )
    done = run(workflow["jobs"]["Deploy"], tmp_path, {})
    assert done.returncode == 0, done.stderr
    create, start = (tmp_path / "said").read_text().splitlines()
    assert create.startswith("deployments create --deploymentType TFServing --modelId mos17")
    assert "--imageUrl tensorflow/serving:" in create
    assert start == "deployments start --id des42"
