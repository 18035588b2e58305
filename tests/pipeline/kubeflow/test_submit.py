import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from marquee.errors import ConfigError, MarqueeError
from pipeline.kubeflow.submit import Submission, seconds_first, submit

SPEC = {
    "pipelineInfo": {"name": "smoke"},
    "schemaVersion": "2.1.0",
    "sdkVersion": "tfx-1.21.0",
    "deploymentSpec": {"executors": {"exec-a": {"container": {"image": "marquee:1", "command": ["true"]}}}},
    "components": {"comp-a": {"executorLabel": "exec-a"}},
    "root": {
        "dag": {"tasks": {"a": {"componentRef": {"name": "comp-a"}, "taskInfo": {"name": "a"}}}},
        "inputDefinitions": {"parameters": {"data": {"parameterType": "STRING", "defaultValue": ""}}},
    },
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(yaml.safe_dump(SPEC))
    return path


@pytest.fixture
def cluster():
    """As much of Kubeflow's API as is asked for; `sent` is what it was posted, by path."""
    sent = {}

    class Api(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self._answer({"multi_user": False} if self.path.endswith("healthz") else {"experiments": []})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kind = self.path.rpartition("/")[2]
            sent[kind] = body
            key = {"experiments": "experiment_id", "runs": "run_id", "recurringruns": "recurring_run_id"}[
                kind
            ]
            self._answer({key: "17", "display_name": body.get("display_name")})

        def _answer(self, content):
            text = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.sent = sent
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield server
    server.shutdown()
    server.server_close()


def test_a_run_is_made_with_the_pipeline_and_its_parameters(cluster, file):
    said = submit(Submission(file, cluster.url, parameters=("data=/data/ml-1m",)))
    assert "run 17 of smoke" in said
    run = cluster.sent["runs"]
    assert run["runtime_config"]["parameters"] == {"data": "/data/ml-1m"}
    assert run["pipeline_spec"]["pipelineInfo"]["name"] == "smoke"
    assert cluster.sent["experiments"]["display_name"] == "marquee"


def test_a_schedule_makes_a_recurring_run_that_never_overlaps(cluster, file):
    said = submit(Submission(file, cluster.url, cron="0 3 * * *"))
    assert "recurring run 17 of smoke, 0 0 3 * * *" in said
    recurring = cluster.sent["recurringruns"]
    assert recurring["trigger"]["cron_schedule"]["cron"] == "0 0 3 * * *"
    assert (recurring["max_concurrency"], recurring["no_catchup"]) == (1, True)


def test_without_a_cluster_one_line_says_so(file, monkeypatch):
    monkeypatch.setattr("urllib3.util.Retry.DEFAULT", 0)
    with pytest.raises(MarqueeError, match=r"there is no Kubeflow Pipelines at .*: .*refused"):
        submit(Submission(file, "http://127.0.0.1:9"))


@pytest.mark.parametrize("cron", ["every night", "0 3 * *", "0 3 * * * * *", "0 3 * * ;"])
def test_a_wrong_schedule_is_refused_before_anything_is_sent(file, cron):
    with pytest.raises(ConfigError, match="five fields"):
        submit(Submission(file, "http://127.0.0.1:9", cron=cron))


def test_cron_with_five_fields_gets_its_seconds():
    assert seconds_first("*/5 * * * MON-FRI") == "0 */5 * * * MON-FRI"
    assert seconds_first("30 0 3 * * *") == "30 0 3 * * *"


def test_an_unknown_parameter_names_those_there_are(file):
    with pytest.raises(ConfigError, match="the pipeline has data"):
        submit(Submission(file, "http://127.0.0.1:9", parameters=("date=1",)))


@pytest.mark.parametrize(
    ("text", "said"),
    [('{"pipelineSpec": {}}', "is for Vertex"), ("[1]", "holds no pipeline"), ("a: [", "holds no pipeline")],
)
def test_a_file_that_is_no_pipeline_is_refused(tmp_path, text, said):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        submit(Submission(tmp_path / "x.yaml", "http://127.0.0.1:9"))
