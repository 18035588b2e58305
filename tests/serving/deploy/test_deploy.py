import json
import re
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pydantic
import pytest
import yaml
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.deploy import TARGETS, DeployConfig, write
from serving.deploy.kubernetes import kubernetes
from serving.deploy.tf_serving import arguments, probe, tf_serving
from serving.errors import ServingError
from serving.server.server import EmbeddedServer, ServerConfig

ROOT = Path(__file__).resolve().parents[3]
MODELS = Path(__file__).resolve().parents[1] / "tfserving" / "models"


@pytest.fixture(scope="module")
def manifests():
    """By kind, as they are applied."""
    return {
        document["kind"]: document
        for documents in kubernetes(DeployConfig()).values()
        for document in documents
    }


def test_every_manifest_holds_to_kubernetes_schemas(manifests):
    assert set(manifests) == {
        "PersistentVolumeClaim",
        "ConfigMap",
        "Deployment",
        "Service",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
    }
    for document in manifests.values():
        kubernetes_validate.validate(document, "1.30", strict=True)


def test_the_validator_would_notice(manifests):
    broken = json.loads(json.dumps(manifests["Deployment"]))
    broken["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.30", strict=True)


def test_everything_selects_and_mounts_what_is_there(manifests):
    pod = manifests["Deployment"]["spec"]["template"]
    labels = pod["metadata"]["labels"]
    assert manifests["Service"]["spec"]["selector"] == labels
    assert manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    scaled = manifests["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"]
    assert scaled == manifests["Deployment"]["metadata"]["name"]
    [container] = pod["spec"]["containers"]
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    claim = manifests["PersistentVolumeClaim"]["metadata"]["name"]
    assert volumes["models"]["persistentVolumeClaim"]["claimName"] == claim
    assert volumes["config"]["configMap"]["name"] == manifests["ConfigMap"]["metadata"]["name"]
    files = set(manifests["ConfigMap"]["data"])
    named = {match for argument in container["args"] for match in re.findall(r"[a-z]+\.config$", argument)}
    assert named == files == {"models.config", "monitoring.config"}


def test_no_process_of_the_pod_is_root_or_writes_to_its_image(manifests):
    spec = manifests["Deployment"]["spec"]["template"]["spec"]
    assert spec["securityContext"]["runAsNonRoot"]
    security = spec["containers"][0]["securityContext"]
    assert security["readOnlyRootFilesystem"]
    assert not security["allowPrivilegeEscalation"]


def test_tf_servings_files_are_what_its_own_protocol_buffers_read():
    files = tf_serving(DeployConfig(models_dir="/models"))
    models = text_format.Parse(files["models.config"], model_server_config_pb2.ModelServerConfig())
    assert [(m.name, m.base_path) for m in models.model_config_list.config] == [
        ("ranking", "/models/ranking"),
        ("retrieval", "/models/retrieval"),
        ("recommender", "/models/recommender"),
    ]
    assert 'path: "/monitoring/prometheus/metrics"' in files["monitoring.config"]


def test_tf_serving_is_told_of_a_log_collector_where_its_build_has_one():
    config = DeployConfig(logging={"collector": "kafka", "prefix": "/logs/p", "sample": 0.25})
    files = tf_serving(config)
    models = text_format.Parse(files["models.config"], model_server_config_pb2.ModelServerConfig())
    logging = [model.logging_config for model in models.model_config_list.config]

    assert [each.log_collector_config.type for each in logging] == ["kafka"] * 3
    assert [each.log_collector_config.filename_prefix for each in logging] == [
        "/logs/p/ranking",
        "/logs/p/retrieval",
        "/logs/p/recommender",
    ]
    assert [each.sampling_config.sampling_rate for each in logging] == [0.25] * 3
    assert "logging_config" not in tf_serving(DeployConfig())["models.config"]


def test_batching_is_for_ranking_alone_because_tf_serving_cannot_batch_a_scalar():
    with pytest.raises(pydantic.ValidationError, match="scalar `k`"):
        DeployConfig(batching=True)
    config = DeployConfig(batching=True, models=("ranking",), cpu=4)
    assert "num_batch_threads { value: 4 }" in tf_serving(config)["batching.config"]
    assert "--batching_parameters_file=/etc/x/batching.config" in arguments(config, "/etc/x")


def test_the_readiness_probe_asks_for_the_models_status(tmp_path):
    """Run against the embedded server, which answers as TF Serving does."""
    shutil.copytree(MODELS / "tiny", tmp_path / "ranking")
    with EmbeddedServer(tmp_path, ServerConfig(rest_port=0, grpc_port=0)) as server:
        port = server.rest_url.rpartition(":")[2]

        def ready(*models):
            command = probe(DeployConfig(models=models))
            command[-1] = command[-1].replace("/8501", f"/{port}")
            return subprocess.run(command, capture_output=True, timeout=20).returncode == 0

        assert ready("ranking")
        assert not ready("ranking", "recommender")


def test_kserve_gets_a_service_a_model_from_the_volume(tmp_path):
    [file] = write("kserve", DeployConfig(), tmp_path)
    services = list(yaml.safe_load_all(file.read_text()))
    assert [service["metadata"]["name"] for service in services] == [
        "marquee-ranking",
        "marquee-retrieval",
        "marquee-recommender",
    ]
    for service in services:
        assert (service["apiVersion"], service["kind"]) == (
            "serving.kserve.io/v1beta1",
            "InferenceService",
        )
        model = service["spec"]["predictor"]["model"]
        assert model["modelFormat"] == {"name": "tensorflow"}
        assert model["storageUri"].startswith("pvc://marquee-serving-models/")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed")
def test_promtool_accepts_the_configuration_and_the_rules(tmp_path):
    write("prometheus", DeployConfig(), tmp_path)
    for command in (["check", "config"], ["check", "rules"]):
        file = tmp_path / ("prometheus.yml" if command[1] == "config" else "rules.yml")
        done = subprocess.run(["promtool", *command, file], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_and_panels_ask_for_metrics_that_a_server_has(tmp_path):
    write("prometheus", DeployConfig(), tmp_path)
    rules = yaml.safe_load((tmp_path / "rules.yml").read_text())["groups"][0]["rules"]
    panels = json.loads((tmp_path / "grafana" / "dashboards" / "serving.json").read_text())["panels"]
    asked = [rule["expr"] for rule in rules] + [t["expr"] for panel in panels for t in panel["targets"]]
    names = {
        name for expression in asked for name in re.findall(r":(?:tensorflow|marquee):[a-z_:]+", expression)
    }
    assert {":tensorflow:serving:request_count", ":tensorflow:serving:request_latency_bucket"} <= names
    source = (ROOT / "serving" / "server" / "metrics.py").read_text()
    assert all(f'"{name.removesuffix("_bucket")}"' in source for name in names)


def test_an_alert_says_which_model_on_which_server_and_the_age_is_configured(tmp_path):
    write("prometheus", DeployConfig(stale_hours=1.5), tmp_path)
    rules = yaml.safe_load((tmp_path / "rules.yml").read_text())["groups"][0]["rules"]
    alerts = {rule["alert"]: rule for rule in rules}
    assert alerts["ServingStale"]["expr"].endswith("> 5400")
    assert [name for name, rule in alerts.items() if rule["labels"]["severity"] == "page"] == [
        "ServingDown",
        "ServingNoVersion",
    ]
    for rule in rules:
        assert "$labels." in rule["annotations"]["summary"]
        assert rule["expr"].count("(") == rule["expr"].count(")")


@pytest.mark.parametrize("target", ["tf-serving", "prometheus"])
def test_what_compose_mounts_is_what_is_written_today(target, tmp_path):
    for file in write(target, DeployConfig(), tmp_path):
        committed = ROOT / "deploy" / target / file.relative_to(tmp_path)
        assert committed.read_text() == file.read_text(), (
            f"marquee deploy --target {target} --out deploy/{target}"
        )


def test_compose_starts_tf_serving_as_kubernetes_does():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    config = DeployConfig()
    assert services["serving"]["command"] == arguments(config, "/etc/tf-serving")
    assert services["serving"]["image"] == config.image
    for service in services.values():
        for mount in service.get("volumes", []):
            source = mount.partition(":")[0]
            assert not source.startswith("./") or (ROOT / source).is_dir()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ServingError, match="cannot be written"):
        write("kserve", DeployConfig(), tmp_path / "file")


def test_every_target_writes_something(tmp_path):
    for target in TARGETS:
        assert all(file.stat().st_size for file in write(target, DeployConfig(), tmp_path / target))
