import json

import pytest
import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec

from marquee.errors import ConfigError
from pipeline.config.load import load_config
from pipeline.dag.data_source import DataSource
from pipeline.dag.graph import build_pipeline
from pipeline.dag.local_place import LocalPlace
from pipeline.kubeflow.compile import compile_pipeline
from pipeline.store.workspace import Workspace

IMAGE = "registry.example.com/marquee:1.0"
BEAM = "--runner=FlinkRunner"


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """What is written for Kubeflow: the PipelineSpec and the platform's."""
    file = tmp_path_factory.mktemp("compiled") / "pipeline.yaml"
    config = load_config(
        "smoke",
        [
            "name=movie_lens.small",
            "kubeflow.tasks.RankingTrainer={gpus: 1, memory: 16, retries: 3, cache: false, "
            "node_selector: {pool: gpu}}",
            f"beam.args=['{BEAM}']",
        ],
    )
    compile_pipeline(config, "kubeflow", IMAGE, file)
    return list(yaml.safe_load_all(file.read_text()))


def container(spec, task):
    return spec["deploymentSpec"]["executors"][f"{task}_executor"]["container"]


def test_kubeflow_reads_it(documents):
    spec, platforms = documents
    json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    json_format.ParseDict(spec["deploymentSpec"], pipeline_spec_pb2.PipelineDeploymentConfig())
    json_format.ParseDict(platforms, pipeline_spec_pb2.PlatformSpec())
    assert spec["pipelineInfo"]["name"] == "movie-lens-small"
    assert spec["schemaVersion"] == "2.1.0"


def test_every_task_is_a_container_of_the_image_and_none_is_a_resolver(documents):
    executors = documents[0]["deploymentSpec"]["executors"]
    assert {name.removesuffix("_executor") for name in executors} == set(documents[0]["root"]["dag"]["tasks"])
    for executor in executors.values():
        assert executor["container"]["image"] == IMAGE
        assert executor["container"]["command"] == ["python", "-m", "pipeline.kubeflow.task"]


def test_no_path_of_this_machine_is_in_it(documents, tmp_path_factory):
    text = json.dumps(documents)
    assert str(tmp_path_factory.getbasetemp()) not in text
    assert "/workspace" not in text


def test_a_task_gets_what_is_said_of_it_and_else_what_every_task_gets(documents):
    spec, platforms = documents
    tasks = spec["root"]["dag"]["tasks"]
    assert container(spec, "RankingTrainer")["resources"] == {
        "cpuLimit": 2.0,
        "resourceCpuLimit": "2",
        "memoryLimit": 17.18,
        "resourceMemoryLimit": "16Gi",
        "accelerator": {
            "type": "nvidia.com/gpu",
            "count": "1",
            "resourceType": "nvidia.com/gpu",
            "resourceCount": "1",
        },
    }
    assert container(spec, "RetrievalTrainer")["resources"]["resourceMemoryLimit"] == "8Gi"
    assert tasks["RankingTrainer"]["retryPolicy"]["maxRetryCount"] == 3
    assert tasks["RetrievalTrainer"]["retryPolicy"]["maxRetryCount"] == 1
    assert tasks["RankingTrainer"]["cachingOptions"] == {"enableCache": False}
    assert tasks["RetrievalTrainer"]["cachingOptions"] == {"enableCache": True}
    said = platforms["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert said["RankingTrainer_executor"] == {"nodeSelector": {"labels": {"pool": "gpu"}}}


def test_the_volume_is_mounted_where_models_are_pushed_or_compared_with_and_no_cache_hides_them(documents):
    spec, platforms = documents
    said = platforms["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    mounted = {name.removesuffix("_executor") for name, what in said.items() if "pvcMount" in what}
    assert mounted == {
        "AtomicPusher",
        "KeepStatistics",
        "LastBlessedRanking",
        "LastBlessedRecommender",
        "LastBlessedRetrieval",
        "PreviousStatistics",
    }
    for task in mounted:
        assert not spec["root"]["dag"]["tasks"][task]["cachingOptions"]["enableCache"]
        [mount] = said[f"{task}_executor"]["pvcMount"]
        assert (mount["mountPath"], mount["constant"]) == ("/serving_models", "marquee-serving-models")


def test_data_and_served_models_are_parameters_with_defaults(documents):
    assert documents[0]["root"]["inputDefinitions"]["parameters"] == {
        "data": {"parameterType": "STRING", "defaultValue": ""},
        "serving_models": {"parameterType": "STRING", "defaultValue": "/serving_models"},
    }
    assert documents[0]["defaultPipelineRoot"] == "minio://mlpipeline/v2/artifacts"


def test_beams_arguments_reach_every_beam_component(documents, tmp_path):
    config = load_config("smoke", [f"beam.args=['{BEAM}']"])
    place = LocalPlace(Workspace(tmp_path))
    pipeline = build_pipeline(config, DataSource("data", "here", "0"), place)
    beam = [node for node in pipeline.components if isinstance(node.executor_spec, BeamExecutorSpec)]
    assert {node.id for node in beam} == {
        "MovieLensExampleGen",
        "StatisticsGen",
        "Transform",
        "RankingEvaluator",
    }
    for node in beam:
        assert node.executor_spec.beam_pipeline_args == [BEAM]
        assert BEAM in container(documents[0], node.id)["args"]


def test_vertex_gets_a_pipeline_job_that_writes_to_cloud_storage(tmp_path):
    config = load_config(
        "smoke", ["kubeflow.pipeline_root=gs://films/root", "kubeflow.serving_models=gs://films/models"]
    )
    compile_pipeline(config, "vertex", IMAGE, tmp_path / "job.json")
    job = json.loads((tmp_path / "job.json").read_text())
    json_format.ParseDict(job, pipeline_spec_pb2.PipelineJob())
    assert job["runtimeConfig"]["gcsOutputDirectory"] == "gs://films/root"
    parameters = job["pipelineSpec"]["root"]["inputDefinitions"]["parameters"]
    assert parameters["serving_models"]["defaultValue"] == "/gcs/films/models"  # where Vertex mounts it


GCS = ("kubeflow.pipeline_root=gs://films/root", "kubeflow.serving_models=gs://films/models")


@pytest.mark.parametrize(
    ("target", "image", "name", "overrides", "said"),
    [
        ("kubeflow", "no image", "a.yaml", (), "is no name of a container image"),
        ("kubeflow", IMAGE, "a.json", (), "kubeflow reads .yaml or .yml"),
        ("kubeflow", IMAGE, "a.yaml", ("kubeflow.serving_models=gs://films",), "mounts no object store"),
        ("kubeflow", IMAGE, "a.yaml", ("kubeflow.tasks.Trainer={gpus: 1}",), "there is no task Trainer"),
        ("vertex", IMAGE, "a.json", (), "Vertex reaches Cloud Storage alone"),
        ("vertex", IMAGE, "a.json", (*GCS, "kubeflow.every.node_selector={a: b}"), "no nodes to select"),
    ],
)
def test_what_a_cluster_could_not_run_is_refused(tmp_path, target, image, name, overrides, said):
    with pytest.raises(ConfigError, match=said):
        compile_pipeline(load_config("smoke", list(overrides)), target, image, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_a_warm_start_begins_from_what_is_pushed_and_statistics_are_kept_once_they_are_accepted(tmp_path):
    config = load_config("continuous")
    compile_pipeline(config, "kubeflow", IMAGE, tmp_path / "pipeline.yaml")
    spec, platforms = yaml.safe_load_all((tmp_path / "pipeline.yaml").read_text())
    tasks = spec["root"]["dag"]["tasks"]
    mounted = platforms["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    for task in ("Ranking", "Retrieval"):
        source = tasks[f"{task}Trainer"]["inputs"]["artifacts"]["base_model"]["taskOutputArtifact"]
        assert source["producerTask"] == f"Base{task}"
        assert "pvcMount" in mounted[f"Base{task}_executor"]
        assert not tasks[f"Base{task}"]["cachingOptions"]["enableCache"]
        source = tasks[f"{task}Refit"]["inputs"]["artifacts"]["base_model"]["taskOutputArtifact"]
        assert source["producerTask"] == f"Base{task}Refit"
        assert not tasks[f"Base{task}Refit"]["cachingOptions"]["enableCache"]
    assert "ExampleValidator" in tasks["KeepStatistics"]["dependentTasks"]


def test_a_refit_runs_on_the_machine_of_its_training_and_only_what_is_refit_is_pushed(documents):
    spec, platforms = documents
    tasks = spec["root"]["dag"]["tasks"]
    assert container(spec, "RankingRefit")["resources"] == container(spec, "RankingTrainer")["resources"]
    assert container(spec, "RetrievalRefit")["resources"]["resourceMemoryLimit"] == "8Gi"
    said = platforms["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert said["RankingRefit_executor"]["nodeSelector"] == {"labels": {"pool": "gpu"}}

    def made_by(task, name):
        return tasks[task]["inputs"]["artifacts"][name]["taskOutputArtifact"]["producerTask"]

    for task in ("RankingRefit", "RetrievalRefit"):
        assert made_by(task, "ranking_blessing") == "RankingEvaluator"
        assert made_by(task, "retrieval_blessing") == "RetrievalEvaluator"
        assert made_by(task, "judged_model") == task.replace("Refit", "Trainer")
    for name in ("ranking", "retrieval", "recommender"):
        for task in ("ServingValidator", "AtomicPusher"):
            assert made_by(task, name) == f"{name.capitalize()}Refit"
        assert "Refit" not in made_by("RunReport", name)
    assert made_by("AtomicPusher", "judged_ranking") == "RankingTrainer"
