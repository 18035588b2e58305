import json

import pyarrow.parquet as pq
import pytest

from tests.marquee_process import states


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
        "ServingValidator",
        "AtomicPusher",
        "BulkRecommender",
        "RunReport",
    }


def test_the_output_counts_nodes_and_ends_with_what_a_person_wants_to_know(first):
    for part in (
        " 1 of 15  MovieLensExampleGen",
        "15 of 15  RunReport",
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


def test_the_recommender_holds_both_models_once(first):
    def size(node):
        model = first.run.output(node, "model").path / "Format-Serving" / "variables"
        return sum(file.stat().st_size for file in model.iterdir())

    assert size("RecommenderAssembler") <= 1.05 * (size("RankingTrainer") + size("RetrievalTrainer"))


def test_every_user_has_films_at_the_end_of_the_run(first):
    parquet = first.run.output("BulkRecommender", "inference_result").path / "parquet"
    films = pq.read_table(parquet).to_pandas()

    assert films["user_id"].nunique() == 200
    assert (films.groupby("user_id").size() == 10).all()
    assert not films.duplicated(["user_id", "movie_id"]).any()


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
