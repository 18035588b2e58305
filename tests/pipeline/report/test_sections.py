"""What sections say of artifacts written by hand."""

from dataclasses import replace

import pytest

from pipeline.report.blocks import Chart, Code, Notes, Table
from pipeline.report.quality.ratings import ratings
from pipeline.report.sections.attention import attention
from pipeline.report.sections.comparison import comparison
from pipeline.report.sections.data import data
from pipeline.report.sections.expectations import schema_and_anomalies
from pipeline.report.sections.features import features
from pipeline.report.sections.nodes import nodes
from pipeline.report.sections.repeat import repeat
from pipeline.report.sections.training import training
from pipeline.report.sections.tuning import best_so_far, parallel, tuning
from pipeline.store.metadata.lineage import Artifact

TRAIN = {"epochs": 3, "patience": 2, "batch_size": 10}
TRAINING = {
    "settings": {"train": TRAIN, "model": {"kind": "mf"}},
    "device": "Training on CPU:0.", "rows_per_second": 5, "steps_per_epoch": 1, "epochs_resumed": 0,
    "epochs": 3, "best_epoch": 2, "warm_start": None,
    "history": [
        {"rmse": 1.0, "val_rmse": 1.1, "loss": 3.0, "val_loss": 3.1},
        {"rmse": 0.9, "val_rmse": 1.0, "loss": 2.0, "val_loss": 2.5},
        {"rmse": 0.8, "val_rmse": 1.05, "loss": 1.0, "val_loss": 2.6},
    ],
}  # fmt: skip
TRIALS = [
    {
        "trial": "2",
        "status": "COMPLETED",
        "score": 0.8,
        "values": {"train.rate": 0.1, "kind": "a"},
        "error": "",
    },
    {
        "trial": "0",
        "status": "COMPLETED",
        "score": 0.9,
        "values": {"train.rate": 0.3, "kind": "b"},
        "error": "",
    },
    {
        "trial": "10",
        "status": "COMPLETED",
        "score": 0.95,
        "values": {"train.rate": 0.2, "kind": "a"},
        "error": "",
    },
    {
        "trial": "1",
        "status": "INVALID",
        "score": None,
        "values": {"train.rate": 9.0, "kind": "a"},
        "error": "NaN",
    },
]


def blocks(section, kind):
    return [block for part in section.parts for block in part.blocks if isinstance(block, kind)]


def values(chart, layer=0):
    """The rows of a chart's layer."""
    layers = chart.spec.get("layer", [chart.spec])
    return (layers[layer].get("data") or chart.spec["data"])["values"]


def texts(section):
    return [note.text for notes in blocks(section, Notes) for note in notes.notes]


def test_what_stands_out_is_said_with_a_number_and_a_place(left):
    found = attention(
        left(
            findings={
                "violations": [],
                "drift": [{"split": "train", "feature": "user_rating", "what": "far"}],
            },
            ingest={"rows": {"train": 1}, "bad_rows": {"count": 1}},
            training=TRAINING | {"best_epoch": 3},
            trials=TRIALS,
            record={"git": {"revision": "abcdef0123456789", "changed": True}},
        )
    )

    assert texts(found) == [
        "train, user_rating drifted: far",
        "The data has unreadable rows, which were left out: 1.",
        "ranking: 1 tuner trial failed.",
        "ranking: the best epoch was the last of 3; more epochs may do better.",
        "ranking: the RMSE on eval, 1.0500, is well above the RMSE on train, 0.8000: "
        "the model is overfitting.",
        "The code had uncommitted changes after revision abcdef0123: "
        "the run cannot be repeated exactly from that revision.",
    ]


def test_a_last_epoch_that_is_meant_to_be_the_best_is_no_news(left):
    settings = TRAINING["settings"] | {"train": TRAIN | {"schedule": "cosine"}}
    found = attention(left(training=TRAINING | {"best_epoch": 3, "settings": settings}))

    assert not any("best epoch" in text for text in texts(found))


def test_what_stopped_a_run_comes_first(left):
    assert texts(attention(left(record={"message": "no space left"}))) == ["no space left"]


def test_groups_that_are_served_clearly_worse_are_named_and_small_ones_are_not(left):
    def group(rows, rmse, low):
        return {"rows": rows, "users": 9, "rmse": rmse, "low": low, "high": 2.0, "mae": 1.0, "bias": 0.0}

    slices = {
        "gender": {"F": group(200, 1.1, 1.02), "M": group(900, 1.05, 0.95)},
        "genres": {"War": group(99, 1.5, 1.4)},
    }
    found = attention(
        left(
            test={"test": {"rmse": 1.0}},
            details={
                "ratings": {
                    "calibration": [{"predicted": 4.0, "actual": 3.5, "standard_error": 0.1, "rows": 9}],
                    "slices": slices,
                }
            },
        )
    )

    assert texts(found) == [
        "Calibration is off: for a predicted rating of 4.00, users gave 3.50 on average.",
        "The rating error is above average for women: RMSE 1.1000, overall 1.0000 (200 ratings of test).",
    ]


def test_that_nothing_stands_out_is_said_too(left):
    [block] = blocks(attention(left()), Notes)
    assert [note.tone for note in block.notes] == ["good"]


def test_a_change_is_better_worse_or_within_noise(left):
    def lists(ndcg, recall, coverage):
        return {"ndcg@10": ndcg, "recall@10": recall, "recall@100": recall, "coverage@10": coverage,
                "novelty@10": 1.0, "mean_popularity@10": 9.0, "gini@10": 0.5}  # fmt: skip

    before = left(
        "before", record={"config": {"ranking": {"dim": 4, "kind": "mf"}}, "versions": {"keras": "3"}}
    )
    now = left(
        slices={"(all)": {"(all)": {
            "candidate": {"rmse": 0.90, "mae": 0.70, "rated_ndcg@10": 0.8},
            "baseline": {"rmse": 0.95, "mae": 0.65, "ndcg_10": 0.8},  # as earlier versions wrote it
        }}},
        lists={
            "candidate": lists(0.30, 0.20, 0.5), "baseline": lists(0.20, 0.19, 0.4),
            "change": {"baseline": {
                "ndcg@10": {"mean": 0.1, "standard_error": 0.01},
                "recall@10": {"mean": 0.01, "standard_error": 0.01},
            }},
        },
        record={"config": {"ranking": {"dim": 8, "kind": "mf"}}, "versions": {"keras": "3"}},
        previous=before,
    )  # fmt: skip
    measures, changes = blocks(comparison(now), Table)

    said = {row[0]: (row[4], row[5].text) for row in measures.rows}
    assert said["ranking rmse"] == ("−0.0500", "better")
    assert said["ranking mae"] == ("+0.0500", "worse")
    assert said["ranking rated_ndcg@10"] == ("±0", "unchanged")
    assert said["retrieval ndcg@10"] == ("+0.1000", "better")
    assert said["retrieval recall@10"] == ("+0.0100", "within noise (± 0.0200)")
    assert said["retrieval coverage@10"] == ("+0.1000", "higher")
    assert said["retrieval gini@10"] == ("±0", "unchanged")
    assert [(row[0].text, *row[1:]) for row in changes.rows] == [("ranking.dim", "4", "8")]


EVAL = {"(all)": {"(all)": {"candidate": {"rmse": 0.9352}, "baseline": {"rmse": 0.8693}}}}


def test_a_model_from_the_cache_that_the_last_blessed_run_made_is_not_compared_with_what_was_before(left):
    ours = Artifact("/m/2", {}, id=2, made_in="before")
    older = Artifact("/m/1", {}, id=1, made_in="oldest")
    before = left("before", models={"ranking": ours})
    now = left(slices=EVAL, models={"ranking": ours}, baselines={"ranking": older}, previous=before)

    found = comparison(now)
    assert blocks(found, Table) == []
    assert "The ranking model is the one of run before: nothing to compare on eval." in texts(found)


def test_a_model_that_was_compared_with_another_runs_than_the_last_blessed_says_with_which(left):
    before = left("before", models={"ranking": Artifact("/m/1", {}, id=1, made_in="before")})
    alone = Artifact("/m/2", {}, id=2, made_in="between")  # blessed in a run whose other model was not
    now = left(
        slices=EVAL, models={"ranking": Artifact("/m/3", {}, id=3)}, baselines={"ranking": alone},
        previous=before,
    )  # fmt: skip

    [measures] = blocks(comparison(now), Table)
    [rmse, *_] = measures.rows
    assert rmse[:4] == ["ranking rmse", "eval, against run between", "0.8693", "0.9352"]
    [table] = [block for block in blocks(ratings(now), Table) if "TFMA" in block.caption]
    assert "RMSE of run between" in table.columns


def test_the_first_run_says_that_there_is_nothing_to_compare_with(left):
    assert "No earlier run of this pipeline was blessed" in texts(comparison(left()))[0]


def test_parallel_coordinates_place_numbers_by_size_and_words_by_order():
    drawn = parallel([trial for trial in TRIALS if trial["score"] is not None], "RMSE on eval", lower=True)
    places = {(row["trial"], row["axis"]): row["place"] for row in values(drawn)}

    assert places == pytest.approx(
        {
            ("2", "kind"): 0, ("0", "kind"): 1, ("10", "kind"): 0,
            ("2", "rate"): 0, ("0", "rate"): 1, ("10", "rate"): 0.5,
            ("2", "RMSE on eval"): 0, ("0", "RMSE on eval"): 2 / 3, ("10", "RMSE on eval"): 1,
        }
    )  # fmt: skip
    assert "The best reached 0.8000 with train.rate 0.1, kind a." in drawn.says


def test_the_best_so_far_follows_the_order_in_which_trials_ran():
    drawn = best_so_far([trial for trial in TRIALS if trial["score"] is not None], "RMSE on eval", lower=True)

    assert [(row["trial"], row["best"]) for row in values(drawn)] == [("0", 0.9), ("2", 0.8), ("10", 0.8)]


def test_a_failed_trial_is_in_the_table_with_its_reason(left):
    [table] = blocks(tuning(left(trials=TRIALS)), Table)

    assert table.rows[3][-1].text == "invalid: NaN"


def test_a_curve_has_train_and_eval_by_epoch_and_marks_the_best(left):
    rmse, loss = blocks(training(left(training=TRAINING)), Chart)

    assert [row["value"] for row in values(rmse) if row["split"] == "eval"] == [1.1, 1.0, 1.05]
    assert values(rmse, layer=1) == [{"epoch": 2}]
    assert rmse.says == "Best epoch: 2 (dashed line), which is kept: 0.9000 on train, 1.0000 on eval."
    assert loss.table.rows[2] == ["3", "1.0000", "2.6000"]


def test_the_parts_of_a_blend_are_listed_with_their_weights(left):
    model = {"kind": "blend", "parts": {name: {"model": {"kind": name}} for name in ("ials", "ease")}}
    found = {
        "weights": {"ials": 0.7, "ease": 0.3},
        "epochs": {"ials": 8, "ease": 1},
        "scores": {"ials": 0.25},
    }
    blend = {**TRAINING, "settings": {"train": TRAIN, "model": model}, "blend": found}
    [parts] = blocks(training(left(training=blend)), Table)
    assert parts.rows == [["ials", "ials", "0.70", "8", "0.2500"], ["ease", "ease", "0.30", "1", ""]]


def test_drift_is_drawn_in_units_of_its_limit(left):
    row = {
        "split": "train",
        "feature": "user_rating",
        "measure": "jensen_shannon",
        "distance": 0.01,
        "limit": 0.02,
    }
    found = data(left(findings={"violations": [], "drift": [], "distances": [row]}))

    [chart] = blocks(found, Chart)
    assert values(chart)[0]["of limit"] == 0.5
    assert "No feature drifted since the previous run." in texts(found)


def test_the_largest_group_of_users_is_not_said_to_be_most_of_them(left):
    groups = [
        {"from": 1, "to": 1, "count": 20},
        {"from": 2, "to": 3, "count": 40},
        {"from": 4, "to": 7, "count": 30},
    ]
    found = {
        "stars": {"train": {"3.0": 1}},
        "words": {"genres": []},
        "activity": groups,
        "popularity": groups,
    }

    says = [chart.says for chart in blocks(data(left(details={"data": found})), Chart)]
    assert "The largest group of users, 40 of 90, has 2–3 ratings." in says


def test_a_distance_without_a_limit_is_listed_and_not_drawn(left):
    row = {"split": "train", "feature": "age", "measure": "jensen_shannon", "distance": 0.01, "limit": 0.02}
    free = row | {"feature": "user_rating", "distance": 0.5, "limit": 0.0}
    findings = {"violations": [], "drift": [], "distances": [row, free]}

    [chart] = blocks(data(left(findings=findings)), Chart)
    assert [each["what"] for each in values(chart)] == ["age, train"]
    assert chart.says == "The largest drift is in age, train: 0.50 of its limit."
    assert [each[0] for each in chart.table.rows] == ["age", "user_rating"]
    [table] = blocks(data(left(findings=findings | {"distances": [free]})), Table)
    assert table.rows[0][0] == "user_rating"


def test_the_same_run_again_begins_where_the_run_began(left):
    record = {"folder": "/a b", "command": "marquee run", "from_node": "RankingTrainer"}

    [code] = [block for block in blocks(repeat(left(record=record)), Code) if not block.folded]
    assert code.text == "cd '/a b'\nmarquee run --from-node RankingTrainer"


def test_what_is_damaged_is_as_good_as_not_there(left, tmp_path):
    before = left("before", summary={"blessed": True}, record={"state": "done"})
    found = left(record={"state": "done"}, summary={"blessed": True}, training=TRAINING, previous=before)
    for file in tmp_path.rglob("*.json"):
        file.write_text('{"state": "do')

    assert (found.record, found.summary, found.training("ranking")) == ({}, None, None)
    assert before.summary is None


@pytest.mark.parametrize("content", [b"", b"\xff\xff"])
def test_statistics_that_cannot_be_read_are_no_table(left, tmp_path, content):
    found = left(states={"StatisticsGen": "done"})
    (tmp_path / "Split-train").mkdir()
    (tmp_path / "Split-train" / "FeatureStats.pb").write_bytes(content)
    found.run.nodes["StatisticsGen"].outputs["statistics"] = Artifact(str(tmp_path), {})

    assert features(found) is None


def test_statistics_of_a_sample_say_so(left):
    sample = {"train": {"rows": 20_000_000, "every": 20}, "eval": {"rows": 900_000, "every": 1}}
    findings = {"violations": [], "drift": []}
    some = schema_and_anomalies(left("some", findings=findings, sample=sample))
    every_row = schema_and_anomalies(
        left("every_row", findings=findings, sample={"train": {"rows": 9, "every": 1}})
    )

    assert [note.text for notes in some for note in notes.notes] == [
        "No anomalies: all splits match the committed schema.",
        "StatisticsGen looked at one of every 20 of the 20,000,000 rows of train: counts of values, and "
        "whether they match the schema, are of these rows alone (validate.sample_rows).",
    ]
    assert len(every_row) == 1


def test_the_timeline_counts_from_the_first_node_on(left):
    found = nodes(left(states={"MovieLensExampleGen": "cached", "Transform": "done"}))
    timeline, graph = blocks(found, Chart)

    assert [(row["node"], row["begin"], row["end"]) for row in values(timeline)] == [
        ("MovieLensExampleGen", 0.0, 1.5),
        ("Transform", 1.0, 2.5),
    ]
    assert [box["time"] for box in values(graph, layer=1)] == ["reused", "1.5 s"]
    assert (
        found.lead == "2 nodes, 1 of them reused from earlier runs. MovieLensExampleGen took longest, 1.5 s."
    )


def test_a_line_leads_from_each_node_down_to_those_that_read_from_it(left):
    found = left(states=dict.fromkeys(["MovieLensExampleGen", "Transform", "RankingTrainer"], "done"))
    read = {"Transform": ("MovieLensExampleGen",), "RankingTrainer": ("MovieLensExampleGen", "Transform")}
    for name, inputs in read.items():
        found.run.nodes[name] = replace(found.run.nodes[name], inputs=inputs)
    graph = blocks(nodes(found), Chart)[1]
    place = {(box["x"], box["y"]): box["node"] for box in values(graph, layer=1)}

    ends = {}
    for step in values(graph):
        ends.setdefault(step["edge"], []).append(place[step["x"], step["y"]])
    # What a node gets by way of another one is not drawn once more.
    assert list(ends.values()) == [["MovieLensExampleGen", "Transform"], ["Transform", "RankingTrainer"]]
    assert list(place.values()) == [node for _, node in sorted((y, node) for (_, y), node in place.items())]
