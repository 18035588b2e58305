import asyncio
import json
import shutil
import socket
import subprocess
import sys

import httpx
import pytest

from pipeline.store.runs.labels import label
from pipeline.store.workspace import Workspace
from pipeline.ui.app import create_app
from pipeline.ui.server_status import CALLS
from pipeline.ui.site import Site
from serving.server.config import ServerConfig
from serving.server.server import EmbeddedServer
from serving.versions.version_sets import rollback_set
from tests.pipeline.metadata_store import Store

from ...serving.tiny_recommender import export_tiny

PAGES = ("/", "/try", "/runs", "/models", "/models?task=retrieval", "/lineage", "/artifacts", "/serving")


class Reader:
    """Asks the application over a workspace, without a server between."""

    def __init__(self, root, models=None, server="http://127.0.0.1:9", host="127.0.0.1"):
        workspace = Workspace(root)
        self._app = create_app(Site(workspace, models or workspace.serving_models, server), host)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def request(self, method, path, **options):
        async def ask():
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
                return await http.request(method, path, **options)

        return asyncio.run(ask())


@pytest.fixture
def store(tmp_path):
    """A run with an artifact that holds a file, one outside the workspace, and a link that leads out."""
    root = tmp_path / "workspace"
    root.mkdir()
    store = Store(root / "metadata.db")
    store.root = root
    (tmp_path / "secret.json").write_text('{"secret": 1}')
    store.inside = store.artifact("Model", root / "artifacts" / "Trainer" / "1", note="<b>bold</b>")
    (root / "artifacts" / "Trainer" / "1" / "a.json").write_text(
        '{"<i>key</i>": "<script>alert(1)</script>"}'
    )
    (root / "artifacts" / "Trainer" / "1" / "out.json").symlink_to(tmp_path / "secret.json")
    store.outside = store.artifact("Model", tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "b.json").write_text('{"secret": 2}')
    store.run("r1").node("Trainer", outputs={"model": store.inside, "other": store.outside})
    return store


@pytest.mark.parametrize("path", PAGES)
def test_in_an_empty_workspace_every_page_says_what_to_do_first(tmp_path, path):
    answer = Reader(tmp_path / "none").get(path)

    assert answer.status_code == 200
    assert f"run --workspace {tmp_path / 'none'}</code>" in answer.text or "A run pushes one" in answer.text
    assert not (tmp_path / "none").exists()  # looked at, and not made


@pytest.mark.parametrize(
    "path",
    [
        "out.json",
        "../../../../secret.json",
        "..%2f..%2f..%2f..%2fsecret.json",
        "%2e%2e/%2e%2e/%2e%2e/%2e%2e/secret.json",
        "/etc/passwd",
        "//etc/passwd",
        "a.json/../../../../metadata.db",
        "%00",
        "a" * 300,
        "nothing.json",
    ],
)
def test_no_path_leads_out_of_an_artifact(store, path):
    answer = Reader(store.root).get(f"/artifacts/{store.inside}/file/{path}")

    assert answer.status_code == 404
    assert "secret" not in answer.text.replace("secret.json", "")


def test_a_link_out_of_an_artifact_is_not_looked_through(store):
    page = Reader(store.root).get(f"/artifacts/{store.inside}").text

    assert "a.json" in page
    assert "secret" not in page


def test_an_artifact_outside_the_workspace_is_named_and_not_shown(store):
    client = Reader(store.root)

    assert "lies outside the workspace" in client.get(f"/artifacts/{store.outside}").text
    assert "secret" not in client.get(f"/artifacts/{store.outside}").text
    assert client.get(f"/artifacts/{store.outside}/file/b.json").status_code == 404


def test_what_artifacts_hold_is_escaped(store):
    client = Reader(store.root)
    pages = [
        client.get(f"/artifacts/{store.inside}").text,
        client.get(f"/artifacts/{store.inside}/file/a.json").text,
        client.get("/try?user=<script>alert(1)</script>").text,
        client.get("/runs/<script>alert(1)<%2Fscript>").text,
    ]

    assert all(
        "<script>alert" not in page and "<i>key" not in page and "<b>bold" not in page for page in pages
    )
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages[0]


@pytest.mark.parametrize("path", ["/", "/nope", "/static/base.css", "/try/titles?q=a", "/artifacts/999"])
def test_every_answer_has_a_strict_policy(store, path):
    headers = Reader(store.root).get(path).headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_but_reading_is_allowed(store, method):
    assert Reader(store.root).request(method, "/runs").status_code == 405


def test_a_request_for_another_host_is_refused(store):
    assert Reader(store.root).get("/", headers={"host": "evil.example"}).status_code == 400
    assert Reader(store.root).get("/", headers={"host": "localhost:8600"}).status_code == 200


def test_an_address_of_ipv6_is_known_in_its_brackets(store):
    client = Reader(store.root, host="fd00::7")

    assert client.get("/", headers={"host": "[fd00::7]:8600"}).status_code == 200
    assert client.get("/", headers={"host": "[fd00::8]:8600"}).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/runs/nope",
        "/artifacts/999",
        f"/artifacts/{'9' * 5000}",
        "/lineage/recommender/9",
        f"/lineage/recommender/{'9' * 5000}",
        "/lineage/nobody/1",
        "/reports/r1",
    ],
)
def test_what_does_not_exist_is_a_page_that_says_so(store, path):
    answer = Reader(store.root).get(path)

    assert answer.status_code == 404
    assert "To the overview" in answer.text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/runs?sort=x", "sort is x: expected one of run, state, "),
        ("/runs?page=-1", "page is -1: expected a whole number from 1 to "),
        (f"/runs?page={'9' * 200}", "expected a whole number from 1 to "),
        ("/runs?page=²", "expected a whole number"),
        ("/runs?status=nice", "no run is ever &#39;nice&#39;"),
        ("/runs?since=tomorrow", "&#39;tomorrow&#39; is no time"),
        ("/runs?tags=a", "This page has no parameter tags: it has tag, "),
        ("/models?task=x", "task is x: expected one of ranking, retrieval."),
        ("/artifacts?type=Nothing", "type is Nothing: expected one of Model."),
        ("/serving?time=2", "time is 2: expected one of 1."),
        ("/?a=b", "This page has no parameter a: it has none."),
        ("/diff?run=a", "There are fewer than two runs: nothing to compare yet."),
    ],
)
def test_a_parameter_that_means_nothing_is_a_page_that_says_so(store, path, said):
    answer = Reader(store.root).get(path)

    assert answer.status_code in (400, 404)
    assert said in answer.text
    assert "To the overview" in answer.text


def test_a_run_in_progress_is_shown_running_and_a_killed_one_interrupted(store):
    store.run("r2").node("Gen", outputs={}).node("Trainer", "running")
    client = Reader(store.root)

    assert "state-interrupted" in client.get("/runs/r2").text
    with Workspace(store.root).lock():
        page = client.get("/runs/r2").text
        assert "state-running" in page
        assert "data-live" in page
        assert "state-running" in client.get("/").text


def test_why_a_run_failed_is_on_its_page(store):
    store.run("r2").node("Trainer", "failed")
    folder = store.root / "reports" / "r2"
    folder.mkdir(parents=True)
    record = {"state": "failed", "failed_node": "Trainer", "message": "no GPU", "command": "marquee run"}
    (folder / "run.json").write_text(json.dumps(record))

    page = Reader(store.root).get("/runs/r2").text
    assert "<strong>no GPU</strong>" in page
    assert "<pre>marquee run</pre>" in page


def test_runs_are_filtered_by_tag_state_time_and_configuration(store):
    store.run("r2").node("Trainer", "failed")
    workspace = Workspace(store.root)
    label(workspace, "r2", ["x"], note="what <b>was</b> tried")
    client = Reader(store.root)

    def listed(query):
        page = client.get(f"/runs?{query}").text
        return [name for name in ("r1", "r2") if f'value="{name}"' in page]

    assert listed("") == ["r1", "r2"]
    assert listed("tag=x") == listed("status=failed") == listed("tag=x&status=failed&config=films") == ["r2"]
    assert listed("tag=nothing") == listed("config=other") == listed("since=1d") == []
    page = client.get("/runs?tag=x").text
    assert "what &lt;b&gt;was&lt;/b&gt; tried" in page
    assert "None of 2 runs matches the filter." in client.get("/runs?tag=nothing").text


def test_many_runs_are_compared_side_by_side(store):
    for name in ("r2", "r3"):
        store.run(name).node("Trainer", outputs={}, epochs=int(name[1]))
    client = Reader(store.root)
    page = client.get("/diff?run=r1&run=r2&run=r3").text

    assert all(f'href="/runs/{name}"' in page for name in ("r1", "r2", "r3"))
    assert "<td>2</td><td>3</td>" in page.replace("\n", "")
    assert 'href="/diff?run=r1&amp;run=r3"' in page  # without r2
    assert client.get("/diff").status_code == 200
    assert "choose two or more" in client.get("/diff?run=r1").text
    assert client.get("/diff?run=r1&run=nope").status_code == 404


def test_a_report_is_shown_in_a_sandbox(store):
    folder = store.root / "reports" / "r1"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("<h1>Report</h1><script>1</script>")
    client = Reader(store.root)

    answer = client.get("/reports/r1")
    assert answer.text == "<h1>Report</h1><script>1</script>"
    assert "sandbox allow-scripts" in answer.headers["content-security-policy"]
    assert "/reports/r1" in client.get("/runs/r1").text


def test_a_damaged_database_is_a_page_too(tmp_path):
    (tmp_path / "metadata.db").write_bytes(b"not a database" * 100)

    answer = Reader(tmp_path).get("/runs")
    assert answer.status_code == 503
    assert "cannot be read" in answer.text


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    export_tiny(models)
    client = Reader(models.parent / "none", models)
    client.models = models
    while 'id="ask"' not in client.get("/try").text:
        pass
    return client


def test_try_it_recommends_and_says_why(tiny):
    page = tiny.get("/try?user=u1&k=2").text

    assert "Aliens" in page
    assert "3.20" in page
    assert "like Alien (1979)" in page
    assert "580 ratings" in page
    assert page.count('class="item"') == 2


def test_a_title_that_no_film_has_is_answered_with_those_it_may_mean(tiny):
    page = tiny.get("/try?like=the+matrix").text

    assert "No film is called the matrix." in page
    assert "/try?like=Matrix%2C+The+%281999%29" in page
    assert tiny.get("/try/titles?q=MATRIX").json() == ["Matrix, The (1999)"]


def test_films_somebody_has_seen_come_back_only_when_asked_for(tiny):
    assert "Nothing is left to recommend" in tiny.get("/try?user=u2").text
    assert tiny.get("/try?user=u2&seen=on").text.count('class="item"') == 7


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("user=u1&version=99", 404, "There is no version 99 of the recommender; available: 1."),
        ("user=u1&other=99", 404, "There is no version 99 of the recommender; available: 1."),
        ("user=u1&version=abc", 400, "version is abc: expected a whole number"),
        ("user=u1&k=999999", 400, "k is 999999: expected a whole number from 1 to 50."),
        ("user=u1&k=-3", 400, "k is -3: expected a whole number from 1 to 50."),
        (f"user=u1&k={'9' * 200}", 400, "expected a whole number from 1 to 50."),
        (f"user={'u' * 5000}", 400, "user has 5,000 characters; the maximum is 300."),
        ("film=Alien", 400, "This page has no parameter film: it has user, like, k, seen, version, other."),
        ("like=a&like=b&like=c&like=d&like=e", 400, "5 films are too many: give at most 4."),
        ("user=u1&seen=maybe", 400, "seen is maybe: expected one of on."),
        ("user=u1&like=Alien", 200, "not both"),
    ],
)
def test_a_question_that_cannot_be_answered_is_a_page_that_says_why(tiny, query, status, said):
    answer = tiny.get(f"/try?{query}")

    assert answer.status_code == status
    assert said in answer.text
    assert 'class="item"' not in answer.text


def test_a_version_that_cannot_be_loaded_is_a_page_that_says_so(tmp_path):
    for name in ("recommender", "retrieval"):
        (tmp_path / name / "3").mkdir(parents=True)
        (tmp_path / name / "3" / "saved_model.pb").write_bytes(b"no model")
    client = Reader(tmp_path / "none", tmp_path)
    answer = client.get("/try?like=Alien")

    assert answer.status_code == 200
    assert "Version 3 cannot be loaded" in answer.text
    assert 'id="ask"' in answer.text
    assert client.get("/try/titles?q=alien").json() == []


def test_an_older_version_can_be_asked_when_the_newest_cannot_be_loaded(tmp_path):
    export_tiny(tmp_path)
    for name in ("recommender", "retrieval"):
        (tmp_path / name / "3").mkdir(parents=True)
        (tmp_path / name / "3" / "saved_model.pb").write_bytes(b"no model")
    client = Reader(tmp_path / "none", tmp_path)
    while 'id="ask"' not in (page := client.get("/try?user=u1&k=2&version=1").text):
        pass

    assert page.count('class="item"') == 2
    assert '<option value="Alien (1979)">' in page
    assert client.get("/try/titles?q=MATRIX&version=1").json() == ["Matrix, The (1999)"]


def test_serving_says_which_versions_are_there_and_whether_a_server_answers_with_them(tiny, tmp_path):
    assert "state-silent" in tiny.get("/serving").text
    with EmbeddedServer(tiny.models, ServerConfig(rest_port=0, grpc_port=0)) as running:
        client = Reader(tmp_path, tiny.models, running.rest_url)
        page, timed = client.get("/serving").text, client.get("/serving?time=1").text

    assert "state-answers" in page
    assert "The server answers with version 1, the served version on disk." in page
    assert "Every model that it knows has a version that answers." in page
    assert 'href="/serving?time=1"' in page
    assert " ms</p>" not in page
    assert " ms</p>" in timed
    assert "served version</span>" in page


def test_serving_says_why_the_server_answers_with_another_version_than_is_on_disk(tmp_path):
    models = tmp_path / "workspace" / "serving_models"
    export_tiny(models)
    for name in ("recommender", "retrieval"):
        shutil.copytree(models / name / "1", models / name / "2")
        (models / name / "3").mkdir()
        (models / name / "3" / "saved_model.pb").write_bytes(b"no model")
    with EmbeddedServer(models, ServerConfig(rest_port=0, grpc_port=0, poll_seconds=600)) as running:
        client = Reader(tmp_path / "workspace", server=running.rest_url)
        broken, front = client.get("/serving").text, client.get("/").text
        for name in ("recommender", "retrieval"):
            shutil.rmtree(models / name / "3")
        rollback_set(models, "recommender")
        withdrawn = client.get("/serving").text

    assert (
        "The server answers with version 2, the newest on disk is 3. Version 3 could not be loaded: "
        in broken
    )
    assert broken.count("failed to load") == 2
    assert "the server answers with version 2" in broken
    assert "healthy" not in broken.lower().replace("not healthy", "")
    assert "Nothing has run" in front
    assert "The server answers with version 2, the newest on disk is 1. Version 2 was withdrawn" in withdrawn
    assert "withdrawn" in withdrawn
    assert "served version</span>" in withdrawn


def test_only_who_asks_for_the_time_has_requests_sent(tiny, tmp_path):
    with EmbeddedServer(tiny.models, ServerConfig(rest_port=0, grpc_port=0)) as running:
        client = Reader(tmp_path, tiny.models, running.rest_url)
        client.get("/serving")
        client.get("/serving?time=0")
        before = predictions(running.rest_url)
        client.get("/serving?time=1")
        after = predictions(running.rest_url)

    assert (before, after) == (0, CALLS)


def predictions(address):
    """How many a server has been asked for, by its own count."""
    lines = httpx.get(f"{address}/metrics", trust_env=False).text.splitlines()
    counts = [line for line in lines if "request_count{" in line and 'API="predict"' in line]
    return sum(float(line.rsplit(" ", 1)[1]) for line in counts)


def test_a_port_in_use_is_one_clear_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [
            sys.executable,
            "-m",
            "pipeline.cli.app",
            "ui",
            "--port",
            port,
            "--workspace",
            str(tmp_path),
        ]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=120)

    assert answer.returncode == 1
    assert (
        answer.stderr.splitlines()[0] == f"error: cannot listen on 127.0.0.1:{port}: Address already in use"
    )
    assert "--port" in answer.stderr
