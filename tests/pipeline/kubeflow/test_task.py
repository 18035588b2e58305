import json

import pytest

from pipeline.kubeflow.locations import ROOT_VARIABLE, local_path
from pipeline.kubeflow.task import stage, unstage


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("gs://bucket/a/b", "/gcs/bucket/a/b"),
        ("minio://mlpipeline/v2/x", "/minio/mlpipeline/v2/x"),
        ("s3://bucket/a", "/s3/bucket/a"),
        ("/serving_models", "/serving_models"),
    ],
)
def test_an_object_store_is_found_where_kubeflows_launcher_stages_it(uri, path):
    assert local_path(uri) == path


def test_what_was_staged_for_the_executor_is_reported_under_its_uri(tmp_path, monkeypatch):
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    request = {
        "inputs": {"artifacts": {"model": {"artifacts": [{"uri": "gs://b/in"}]}}},
        "outputs": {
            "artifacts": {"blessing": {"artifacts": [{"uri": "gs://b/out", "name": "n", "type": {}}]}},
            "outputFile": "gs://b/report.json",
        },
    }
    names = stage(request, {"artifacts": {"model": {"artifactType": {"schemaTitle": "tfx.Model"}}}})
    assert request["inputs"]["artifacts"]["model"]["artifacts"] == [
        {"uri": f"{tmp_path}/gcs/b/in", "name": "gs://b/in", "type": {"schemaTitle": "tfx.Model"}}
    ]
    assert request["outputs"]["artifacts"]["blessing"]["artifacts"][0]["name"] == "n"
    assert request["outputs"]["outputFile"] == f"{tmp_path}/gcs/b/report.json"
    assert (tmp_path / "gcs" / "b" / "out").is_dir()

    reported = {"uri": f"{tmp_path}/gcs/b/out", "metadata": {"current_model": f"{tmp_path}/gcs/b/in", "n": 1}}
    assert unstage({"artifacts": [reported]}, names) == {
        "artifacts": [{"uri": "gs://b/out", "metadata": {"current_model": "gs://b/in", "n": 1}}]
    }
    json.dumps(request)
