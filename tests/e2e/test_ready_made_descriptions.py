"""The ready-made configurations of described data, each on a generated part of its files, run and asked."""

import json
from dataclasses import dataclass

import pytest

from serving.client import RestClient
from serving.client.recommendations import ask_for_fan, ask_for_user
from serving.server.config import ServerConfig
from serving.server.server import EmbeddedServer
from tests.e2e import described_parts
from tests.marquee_process import Answer, Marquee, states

pytestmark = pytest.mark.slow

#: A part of the data needs a part of the training, and says nothing of how good the models are.
SHORT = (
    "ranking.model={kind: mf, dim: 4, members: 2}",
    "ranking.train={epochs: 6, batch_size: 500, xla: false}",
    "retrieval.bless.over_popularity={}",
    "recommender.bless.over_popularity={}",
    "temporal_check=never",
)
LISTS = {"ndcg@10", "recall@10", "coverage@10"}


@dataclass(frozen=True)
class Case:
    """A ready-made configuration, and what its data say of themselves."""

    config: str
    item: str
    user: str
    bars: set[str]


CASES = {
    "lastfm": Case("lastfm-artists", "artist", "listener", {"log_loss", "auc"}),
    "filmtrust": Case("filmtrust", "film", "user", {"rmse"}),
    "beauty": Case("amazon-beauty", "product", "customer", {"log_loss", "auc"}),
}


@pytest.fixture(scope="module", params=list(CASES))
def asked(request, tmp_path_factory) -> tuple[Case, Marquee, Answer]:
    folder, case = tmp_path_factory.mktemp(request.param), CASES[request.param]
    data = getattr(described_parts, request.param)(folder / "data")
    marquee = Marquee(folder / "workspace")
    options = [part for each in SHORT for part in ("--set", each)]
    answer = marquee("run", "--config", case.config, "--data", str(data), *options)
    assert answer.returncode == 0, answer.output
    return case, marquee, answer


def test_it_is_pushed_and_judged_by_what_its_feedback_has(asked):
    case, marquee, answer = asked
    assert "failed" not in states(answer.run).values()
    assert (marquee.workspace / "serving_models" / "recommender" / "1").is_dir()
    evaluated = answer.run.output("RankingEvaluator", "evaluation").path / "verdicts.json"
    assert json.loads(evaluated.read_text())["candidate"].keys() >= case.bars
    lists = answer.run.output("RecommenderEvaluator", "evaluation").path / "metrics.json"
    found = json.loads(lists.read_text())["candidate"]
    assert found.keys() >= LISTS
    assert ("under_mean@10" in found) == ("rmse" in case.bars)


def test_terminal_and_report_speak_of_its_nouns(asked):
    case, marquee, answer = asked
    report = (marquee.workspace / "reports" / answer.run.run_id / "report.html").read_text()
    for said in (answer.output, report):
        assert f"{case.item}s" in said
    assert f"each {case.user}" in report


@pytest.fixture(scope="module")
def client(asked):
    models = asked[1].workspace / "serving_models"
    ports = ServerConfig(rest_port=0, grpc_port=0)
    with EmbeddedServer(models, ports) as running, RestClient(running.rest_url) as client:
        yield client


def test_it_recommends_to_somebody_known_and_to_somebody_with_a_history(asked, client):
    case, _, _ = asked
    known = ask_for_user(client, "3", 5, seen=False)
    assert len(known.items) == 5
    assert (known.words.item, known.words.user) == (case.item, case.user)
    assert known.chances == ("auc" in case.bars)
    odd, even = (ask_for_fan(client, [f"{each}", f"{each + 2}"], 5).items for each in (1, 2))
    assert [each.movie_id for each in odd] != [each.movie_id for each in even]


def test_products_that_nobody_bought_are_described_and_rated(asked, client):
    case, _, _ = asked
    if case.item != "product":
        pytest.skip("it describes no items")
    answer = client.predict("ranking", {"user_id": ["3"], "movie_id": ["65"]}, "chances")
    assert 0 < answer["chance"][0] < 1
