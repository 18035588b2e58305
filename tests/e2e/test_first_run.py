import json
import os

import numpy as np
import pyarrow.parquet as pq
import pytest

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.shipped import shipped
from pipeline.config.data_schema import DataSchema
from serving.server.model import LoadedModel
from tests.components.tfx_originals import differences, statistics_of, tfx_statistics, tfx_transform_graph
from tests.marquee_process import states
from trainer.data.examples import example_batches, expand
from trainer.data.vocabularies import ASSETS


def test_every_node_is_executed_once(first):
    assert set(states(first.run).values()) == {"done"}
    assert set(states(first.run)) == {
        "MovieLensExampleGen",
        "StatisticsGen",
        "ExampleValidator",
        "Transform",
        "RankingTuner",
        "RankingTrainer",
        "RankingEvaluator",
        "RetrievalTuner",
        "RetrievalTrainer",
        "RetrievalEvaluator",
        "RecommenderAssembler",
        "RecommenderEvaluator",
        "RankingRefit",
        "RetrievalRefit",
        "RecommenderRefit",
        "ServingValidator",
        "AtomicPusher",
        "BulkRecommender",
        "TemporalCheck",
        "RunReport",
    }


def test_the_output_counts_nodes_and_ends_with_what_a_person_wants_to_know(first):
    for part in (
        " 1 of 20  MovieLensExampleGen",
        "20 of 20  RunReport",
        "recbole",
        "rows",
        "RMSE",
        "blessed",
        "serving_models/{ranking,retrieval,recommender}/1",
        "marquee serve",
        "marquee recommend --user",
        "report.html",
    ):
        assert part in first.output


def test_chatter_stays_out_of_the_terminal_and_in_the_log(first, marquee):
    assert "WARNING" not in first.output
    assert "absl" not in first.output
    [log] = (marquee.workspace / "logs").glob(f"run-{first.run.run_id}.log")
    assert log.stat().st_size > 0


def test_the_splits_are_80_10_10_of_the_first_200_users(first, marquee):
    rows = marquee.summary(first.run)["splits"]
    total = sum(rows.values())

    assert rows["train"] == pytest.approx(0.8 * total, abs=1)
    assert rows["eval"] == pytest.approx(0.1 * total, abs=1)


def test_the_vocabularies_cover_train_alone(first, marquee):
    transform = first.run.output("Transform", "transform_graph").path
    users = (transform / "transform_fn" / "assets" / "user_id").read_text().split()

    assert len(users) == 200
    assert not list(first.run.output("MovieLensExampleGen", "examples").path.glob("*transformed*"))


def test_statistics_and_vocabularies_are_those_of_tfx_s_own_nodes(first, tmp_path):
    examples = first.run.output("MovieLensExampleGen", "examples").path
    ours = first.run.output("StatisticsGen", "statistics").path
    theirs = tfx_statistics(examples, tmp_path)
    data = DataConfig(dataset="ml-100k")
    schema = DataSchema.read("demographics", data).text

    for split in ("train", "eval", "test"):
        assert differences(statistics_of(ours, split), statistics_of(theirs, split)) == []
    ours = first.run.output("Transform", "transform_graph").path
    theirs = tfx_transform_graph(examples, schema, data.description, tmp_path)
    assert set(os.listdir(theirs / ASSETS)) == set(os.listdir(ours / ASSETS))
    for name in os.listdir(theirs / ASSETS):
        assert (ours / ASSETS / name).read_bytes() == (theirs / ASSETS / name).read_bytes()


def test_the_models_beat_those_that_know_nobody_on_test_and_are_blessed(first, marquee):
    summary = marquee.summary(first.run)
    test = summary["test"]

    assert test["test"]["rmse"] < test["mean_rating_baseline"]["rmse"]
    assert test["retrieval"]["recall@100"] > 0.9 * test["retrieval_popularity"]["recall@100"]
    assert test["recommender"]["ndcg@10"] > 0.05
    assert summary["blessed"] is True
    assert summary["pushed"].endswith("serving_models/{ranking,retrieval,recommender}/1")


def test_tfma_and_our_own_report_agree_about_the_size_of_the_error(first, marquee):
    summary = marquee.summary(first.run)

    evaluation = summary["ranking"]["evaluation"]
    assert evaluation["rmse"] == pytest.approx(summary["test"]["test"]["rmse"], abs=0.06)
    assert 0.5 < evaluation["rated_ndcg@10"] <= 1.0
    assert evaluation["calibration"] == pytest.approx(1.0, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("baseline", [False, True], ids=["alone", "with a baseline"])
def test_tfma_itself_measures_what_the_sums_measure(first, baseline, tmp_path):
    from tests.components.ranking_evaluator import judged

    artifacts = (
        first.run.output(*which).path
        for which in (
            ("RankingTrainer", "model"), ("RankingRefit", "model"), ("MovieLensExampleGen", "examples"),
        )
    )  # fmt: skip
    case = judged.Case(*artifacts, shipped("movielens"))

    judged.assert_same(*judged.by_both(case, tmp_path, baseline))


def test_the_evaluation_is_sliced_by_gender_age_genre_and_activity(first, marquee):
    import tfx.components  # noqa: F401, I001 - before TFMA
    import tensorflow_model_analysis as tfma

    evaluation = first.run.output("RankingEvaluator", "evaluation").path
    records = tfma.load_metrics(str(evaluation))
    keys = {key.column for record in records for key in record.slice_key.single_slice_keys}

    assert keys == {"user_gender", "age_group", "movie_genres", "activity"}
    plain = json.loads((evaluation / "slices.json").read_text())
    assert set(plain) == {*keys, "(all)"}
    whole = plain["(all)"]["(all)"]["candidate"]
    assert whole["rmse"] == marquee.summary(first.run)["ranking"]["evaluation"]["rmse"]
    assert whole["example_count"] == sum(
        each["candidate"]["example_count"] for each in plain["user_gender"].values()
    )


@pytest.mark.parametrize("task", ["ranking", "retrieval"])
def test_every_trial_is_accounted_for_and_the_best_one_is_used(first, marquee, task):
    model = marquee.summary(first.run)[task]
    trials, best = model["tuner"]["trials"], model["tuner"]["best"]
    scores = [trial["score"] for trial in trials]

    assert [trial["status"] for trial in trials] == ["COMPLETED", "COMPLETED"]
    assert best == trials[0]["values"]
    assert scores == sorted(scores, reverse=task == "retrieval")  # an error, and an NDCG
    for path, value in best.items():
        assert model["training"]["settings"]["train"][path.removeprefix("train.")] == value


def test_the_retrieval_model_is_measured_over_the_whole_catalogue_and_by_group(first):
    folder = first.run.output("RetrievalEvaluator", "evaluation").path
    metrics = json.loads((folder / "metrics.json").read_text())

    for k in (10, 20, 50, 100):
        for name in ("recall", "ndcg", "map", "mrr", "hit_rate", "coverage", "novelty"):
            assert f"{name}@{k}" in metrics["candidate"]
    assert set(metrics["slices"]) == {"activity", "gender", "age_group"}
    assert metrics["search"]["index_recall@100"] == pytest.approx(1.0, abs=0.01)
    assert metrics["baseline"] is None
    assert (folder / "plots.json").exists()


def test_the_recommender_is_judged_by_the_lists_that_users_would_be_shown(first, marquee):
    folder = first.run.output("RecommenderEvaluator", "evaluation").path
    metrics = json.loads((folder / "metrics.json").read_text())
    summary = marquee.summary(first.run)["recommender"]

    assert summary["blessed"] is metrics["blessed"] is True
    assert summary["evaluation"] == metrics["candidate"]
    assert 0 < metrics["candidate"]["under_mean@10"] < metrics["eval"]["under_mean"] < 0.6
    assert "recommender" in first.output


def test_the_judged_settings_are_measured_on_the_next_span_by_time(first, marquee):
    found = marquee.summary(first.run)["next_span"]

    assert found["made"] is True
    rows = marquee.summary(first.run)["splits"]
    assert sum(found["rows"].values()) == sum(rows.values())
    assert found["rows"]["judged"] == pytest.approx(0.2 * sum(rows.values()), rel=0.1)
    assert (
        found["trained"]["ranking"]["epochs"]
        == marquee.summary(first.run)["ranking"]["training"]["best_epoch"]
    )
    assert 0 < found["lists"]["known"]["recommender"]["value"] < 1
    assert found["ratings"]["model"]["value"] < found["ratings"]["mean"]["value"]
    said = " ".join(first.output.split())
    assert "on the next span by time: recommended nDCG@10" in said
    assert f"the popularity of the last {found['days']} days" in said


def test_the_recommender_holds_both_models_once(first):
    def size(node):
        model = first.run.output(node, "model").path / "Format-Serving" / "variables"
        return sum(file.stat().st_size for file in model.iterdir())

    assert size("RecommenderAssembler") <= 1.05 * (size("RankingTrainer") + size("RetrievalTrainer"))
    assert size("RecommenderRefit") <= 1.05 * (size("RankingRefit") + size("RetrievalRefit"))


def test_every_user_has_films_at_the_end_of_the_run(first):
    parquet = first.run.output("BulkRecommender", "inference_result").path / "parquet"
    films = pq.read_table(parquet).to_pandas()

    assert films["user_id"].nunique() == 200
    assert (films.groupby("user_id").size() == 10).all()
    assert not films.duplicated(["user_id", "movie_id"]).any()


@pytest.fixture(scope="module")
def rated(first):
    """The films that each user of the data has rated, in whatever split."""
    examples = first.run.output("MovieLensExampleGen", "examples").path
    found = {}
    for split in ("train", "eval", "test"):
        for batch in example_batches(expand([f"{examples}/Split-{split}/*"]), ("user_id", "movie_id")):
            for user, film in zip(batch["user_id"].numpy(), batch["movie_id"].numpy(), strict=True):
                found.setdefault(user.decode(), set()).add(film.decode())
    return found


def test_nobody_is_shown_what_they_have_rated_in_any_split(first, rated):
    parquet = first.run.output("BulkRecommender", "inference_result").path / "parquet"
    films = pq.read_table(parquet).to_pandas()

    assert set(films["user_id"]) == set(rated)
    assert [
        row for row in zip(films["user_id"], films["movie_id"], strict=True) if row[1] in rated[row[0]]
    ] == []


def test_the_server_shows_nobody_what_they_have_rated(first, marquee, rated):
    model = LoadedModel(marquee.workspace / "serving_models" / "recommender" / "1")
    users = sorted(rated)
    asked = {
        "user_id": np.array([user.encode() for user in users], object),
        "k": np.int32(100),
        "exclude_seen": np.bool_(True),
    }
    shown = model.run("recommend", asked)["movie_id"]
    model.close()
    assert shown.shape == (200, 100)
    for user, films in zip(users, shown, strict=True):
        assert not {film.decode() for film in films} & rated[user]


def test_what_is_served_was_trained_on_every_rating_and_what_is_measured_was_not(first, marquee):
    summary = marquee.summary(first.run)
    rows = summary["splits"]
    for task in ("ranking", "retrieval"):
        folder = first.run.output(f"{task.capitalize()}Refit", "model_run").path
        refit = json.loads((folder / "training.json").read_text())
        assert refit["rows"] == refit["refit"]["ratings"] == sum(rows.values())
        assert refit["epochs"] == summary[task]["training"]["best_epoch"]
        assert refit["settings"] == summary[task]["training"]["settings"]
        assert summary[task]["training"]["rows"] == rows["train"]
    said = (
        "measured on the judged models, trained on train; the served models are trained on all "
        f"{sum(rows.values()):,} ratings with the same settings"
    )
    assert summary["measured"].startswith(said)
    assert said in " ".join(first.output.split())
    assert summary["pushed"] is not None
    pushed = set(first.run.nodes["AtomicPusher"].taken)
    assert {"ranking", "retrieval", "recommender"} <= pushed
    assert first.run.nodes["AtomicPusher"].taken["ranking"].made_by == "RankingRefit"


def test_the_lineage_of_a_served_version_leads_to_its_judged_models(first, marquee):
    said = marquee("lineage", "recommender/1", "--json").output
    found = json.loads(said[said.index("{") :])

    assert found["models"]["ranking"]["blessed"] is True
    assert found["models"]["ranking"]["model"]["made_by"] == "RankingTrainer"
    assert found["models"]["ranking"]["metrics"]["rmse"] > 0
    assert found["refit"]["ranking"]["mode"] == "all"
    assert found["refit"]["ranking"]["model"]["made_by"] == "RankingRefit"
    assert found["test"]["test"]["rmse"] > 0


def test_serving_was_validated_on_every_signature_over_both_protocols(first):
    validation = json.loads(
        (first.run.output("ServingValidator", "blessing").path / "validation.json").read_text()
    )

    assert validation["requests"] > 2 * (4 + 9 + 3) - 1
    assert validation["problems"] == []
    assert validation["largest_difference"] < 1e-4


def test_runs_lists_it(first, marquee):
    listed = marquee("runs")

    assert first.run.run_id in listed.output
    assert "done" in listed.output
