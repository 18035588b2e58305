"""A recommender of implicit feedback: log odds of chances are added to retrieval scores."""

import numpy as np
import pytest
import tensorflow as tf

from serving.client.chances import predicts_chances, rating_text
from serving.contract import departures
from serving.errors import ServingError
from serving.server.model import LoadedModel
from tests.trainer import implicit
from trainer.export.ranking import export_ranking
from trainer.export.recommender import assemble
from trainer.export.recommender.points import log_odds
from trainer.export.retrieval import export_retrieval
from trainer.export.saved_model import SavedModel
from trainer.export.verify import verify_export
from trainer.judging.recommender_in_memory import InMemoryRecommender
from trainer.training.ranking import RankingSettings, train_ranking
from trainer.training.retrieval import RetrievalSettings, train_retrieval


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(path, ranking, retrieval) of a recommender that weighs log odds twice, and its two models."""
    data, folder = implicit.data(), tmp_path_factory.mktemp("recommender")
    loop = {"epochs": 4, "batch_size": 512}
    ranking = train_ranking(
        RankingSettings.of({"model": {"kind": "mf", "dim": 4, "members": 1}, "train": loop}, None), data
    ).model
    retrieval = train_retrieval(
        RetrievalSettings.of({"model": {"kind": "two_tower", "dim": 8}, "train": loop}, None), data
    ).model
    export_ranking(ranking, str(folder / "ranking"))
    export_retrieval(retrieval, str(folder / "retrieval"), "exact")
    answers = assemble(
        folder / "ranking", folder / "retrieval", folder / "both", candidates=30, rating_weight=2.0
    )
    assert verify_export(str(folder / "both"), answers) < 1e-4
    return folder / "both", ranking, retrieval


def test_log_odds_are_finite_and_zero_for_an_even_chance():
    np.testing.assert_allclose(
        log_odds([0.5, 0.2, 0.0, 1.0]), [0, -np.log(4), -9.2102, 9.2102], rtol=1e-3, atol=1e-6
    )


def test_scores_add_log_odds_and_ratings_are_chances(made):
    path, ranking, retrieval = made
    catalogue = ranking.catalogue
    users = [catalogue.vocabularies.user_id[row - 1] for row in (3, 8)]
    with SavedModel(str(path)) as model:
        found = model.ask("recommend", user_id=users, k=5, exclude_seen=True)
    row_of = {name.encode(): row for row, name in enumerate(catalogue.vocabularies.movie_id, start=1)}
    items = np.vectorize(row_of.__getitem__)(found["movie_id"]).astype(np.int32)
    chances = np.stack(
        [
            ranking({"user_id": tf.fill([5], user), "movie_id": tf.constant(row)}).numpy()
            for user, row in zip((3, 8), items, strict=True)
        ]
    )
    np.testing.assert_allclose(found["user_rating"], chances, rtol=1e-4)
    near = np.take_along_axis(retrieval.scores(np.array([3, 8], np.int32)), items, axis=1)
    np.testing.assert_allclose(
        found["score"], near + 2 * np.log(chances / (1 - chances)), rtol=1e-3, atol=1e-3
    )
    in_memory = InMemoryRecommender(ranking, retrieval, candidates=30, rating_weight=2.0)
    np.testing.assert_array_equal(in_memory.lists(np.array([3, 8], np.int32), 5), items)


def test_the_model_says_that_its_ratings_are_chances_and_keeps_the_contract(made):
    path, ranking, _ = made
    signatures = LoadedModel(path).signatures
    assert "chances" in signatures
    assert departures("recommender", signatures) == []
    user, item = ranking.catalogue.vocabularies.user_id[0], ranking.catalogue.vocabularies.movie_id[0]
    with SavedModel(str(path)) as model:
        chance = model.ask("chances", user_id=[user], movie_id=[item])["chance"]
    assert chance[0] == pytest.approx(
        float(ranking({"user_id": tf.constant([1]), "movie_id": tf.constant([1])})[0])
    )


@pytest.mark.parametrize(
    ("signatures", "told"), [({"chances": 1, "recommend": 2}, True), ({"recommend": 2}, False)]
)
def test_a_client_tells_chances_from_ratings(signatures, told):
    class Client:
        def metadata(self, model):
            assert model == "recommender"
            return signatures

    assert predicts_chances(Client(), "recommender") is told


def test_a_server_that_does_not_tell_has_ratings():
    class Client:
        def metadata(self, model):
            raise ServingError("there is no such model")

    assert predicts_chances(Client(), "ranking") is False


@pytest.mark.parametrize(
    ("rating", "chance", "text"), [(3.456, False, "3.46"), (0.456, True, "46 %"), (0.004, True, "0.4 %")]
)
def test_a_chance_is_printed_in_percent(rating, chance, text):
    assert rating_text(rating, chance) == text
