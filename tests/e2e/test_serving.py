"""The pushed model behind `marquee serve`, asked by every way that the README shows."""

import json
import re
import shlex
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from serving.client import GrpcClient, RestClient
from serving.contract import MODELS, departures
from serving.versions.version_sets import push_set
from serving.versions.versions import list_versions

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


@pytest.fixture(scope="module")
def server(first, marquee):
    process = marquee.start("serve", "--rest-port", "0", "--grpc-port", "0", "--binary", "embedded")
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "REST" in line:
            break
    else:
        pytest.fail("".join(lines))
    rest, grpc = re.search(r"REST (\S+) +gRPC (\S+)", lines[-1]).groups()
    yield rest, grpc
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


@pytest.mark.parametrize("model", MODELS)
def test_the_signatures_are_the_contracts(server, model):
    with RestClient(server[0]) as client:
        assert departures(model, client.metadata(model)) == []


def test_rest_and_grpc_give_the_same_numbers_for_known_and_unknown(server):
    asked = {
        "user_id": ["42", "42", "nobody", "1"],
        "movie_title": ["Speed (1994)", "no such film", "Alien (1979)", "Alien (1979)"],
    }
    with RestClient(server[0]) as rest, GrpcClient(server[1]) as grpc:
        one, other = rest.predict("ranking", asked), grpc.predict("ranking", asked)

    np.testing.assert_allclose(one["user_rating"], other["user_rating"], rtol=1e-6)
    assert np.all((one["user_rating"] > 1) & (one["user_rating"] < 5))


def test_rate_prints_the_titles_best_first(server, marquee):
    answer = marquee("rate", "--user", "42", "Speed (1994)", "Alien (1979)", "--json", "--server", server[0])
    rated = json.loads(answer.output)

    assert {row["movie_title"] for row in rated} == {"Speed (1994)", "Alien (1979)"}
    assert rated[0]["user_rating"] >= rated[1]["user_rating"]


def test_recommend_leaves_out_what_was_seen_unless_asked(server, marquee):
    def recommended(*arguments):
        answer = marquee("recommend", *arguments, "--json", "--server", server[0])
        assert answer.returncode == 0, answer.output
        return [film["movie_id"] for film in json.loads(answer.output)]

    ten, every = recommended("--user", "42"), recommended("--user", "42", "-k", "100000", "--seen")
    unseen = recommended("--user", "42", "-k", "100000")

    assert len(ten) == 10
    assert ten == unseen[:10]
    assert len(every) == len(set(every))
    assert len(unseen) < len(every)


def test_recommend_serves_someone_new_from_what_they_like(server, marquee):
    answer = marquee("recommend", "--like", "Alien (1979)", "--like", "Aliens (1986)", "--server", server[0])
    wrong = marquee("recommend", "--like", "Allien (1979)", "--server", server[0])

    assert "like Alien" in answer.output
    assert wrong.returncode == 1
    assert "Alien (1979)" in wrong.output


@pytest.mark.parametrize("line", re.findall(r"^curl .+$", README, flags=re.MULTILINE))
def test_the_readmes_curl_lines_work_as_pasted(server, line):
    command = shlex.split(line.replace("localhost:8501", server[0].removeprefix("http://")))
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)

    if "predict" in line:
        assert json.loads(answer.stdout).keys() <= {"predictions", "outputs"}
        assert "error" not in answer.stdout
    elif line.endswith("metrics"):
        assert ":tensorflow:serving:request_count" in answer.stdout
    else:
        assert json.loads(answer.stdout)


def test_a_set_rolled_back_gives_way_to_the_one_before(first, marquee, tmp_path):
    models, pushed = tmp_path / "serving_models", marquee.workspace / "serving_models"
    for _ in range(2):
        push_set({name: pushed / name / "1" for name in MODELS}, models, keep=5)

    answer = replace(marquee, workspace=tmp_path)("rollback", "ranking")

    assert answer.returncode == 0
    for name in MODELS:
        assert f"{name}: version 2 withdrawn, version 1 is the served version" in answer.output
        assert list_versions(models, name) == [1]


def test_the_pushed_ranking_model_becomes_a_file_for_tensorflow_lite(first, marquee, tmp_path):
    out = tmp_path / "ranking.tflite"
    answer = marquee("export", "--format", "tflite", "--out", str(out))

    assert answer.returncode == 0, answer.output
    assert "67 ratings as the trained model gives them" in answer.output
    assert out.stat().st_size > 10_000
