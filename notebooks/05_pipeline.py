# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Node by node
#
# `marquee run` takes a minute or two and says one line a node. This chapter takes the same nodes in hand, one at a
# time, in TFX's `InteractiveContext`: what goes into each, what comes out, and what it is good for.
#
# Why a pipeline at all, and not a script? Because of what happens the *second* time. A pipeline knows what each node
# has read and made, so it reuses what has not changed, resumes where it failed, and can say years later which data a
# served model has learned from.

# %% [markdown]
# ## Settings

# %%
from chapter import BLUE, CONFIG, GREY, ORANGE, WORKSPACE, finished_run

from pipeline.config.load import load_config

config = load_config(CONFIG, [])
print(config.data)

# %% [markdown]
# The context keeps its own metadata, so it does not mix with the runs of `marquee run`. Everything it makes lies
# below one folder.

# %%
import shutil

# TFX comes before TFDV and TFMA: it stands in for what they still import.
from tfx.orchestration.experimental.interactive.interactive_context import InteractiveContext

root = WORKSPACE / "interactive"
shutil.rmtree(root, ignore_errors=True)
root.mkdir(parents=True)
context = InteractiveContext(
    pipeline_name=CONFIG, pipeline_root=str(root), beam_pipeline_args=list(config.beam.args)
)

# %% [markdown]
# ## MovieLensExampleGen: files in, examples out
#
# The first node finds the data, splits it, and writes one `tf.Example` a rating. The split is fixed here, once, and
# written into the artifact: nothing later can move a row from `test` to `train`.

# %%
import json
import time
from pathlib import Path

import pandas as pd

from components.movielens_example_gen.component import MovieLensExampleGen
from components.movielens_example_gen.files.fingerprint import fingerprint
from components.movielens_example_gen.files.sources import locate

located = locate(config.data, WORKSPACE / "cache" / "data")
example_gen = MovieLensExampleGen(
    input_base=str(located.path.resolve()),
    config=config.data.model_dump_json(),
    fingerprint=fingerprint(str(located.path.resolve()), config.data),
    origin=located.origin,
)


def run(component, *outputs):
    """Runs a node; gives its outputs' folders."""
    begin = time.perf_counter()
    context.run(component)
    print(f"{component.id}: {time.perf_counter() - begin:.1f} s")
    folders = [Path(component.outputs[name].get()[0].uri) for name in outputs]
    return folders[0] if len(folders) == 1 else folders


examples = run(example_gen, "examples")
json.loads((examples / "ingest.json").read_text())

# %% [markdown]
# One of them, as any TensorFlow program reads it:

# %%
import tensorflow as tf

[record] = tf.data.TFRecordDataset(tf.io.gfile.glob(f"{examples}/Split-train/*"), "GZIP").take(1)
example = tf.train.Example.FromString(record.numpy())


def value(feature):
    found = getattr(feature, feature.WhichOneof("kind")).value
    return [each.decode() if isinstance(each, bytes) else each for each in found]


pd.Series({name: value(feature) for name, feature in sorted(example.features.feature.items())}).to_frame(
    "value"
)

# %% [markdown]
# Run the node again. Nothing has changed, so nothing is done: the answer comes from the metadata.

# %%
assert run(example_gen, "examples") == examples

# %% [markdown]
# ## StatisticsGen: what is in there
#
# TFDV counts every feature of every split: how many are missing, the range, how often each value occurs. It is the
# one node that looks at all the data without an opinion. `DataStatistics` gives the numbers of TFX's StatisticsGen, and
# takes a fraction of its time.

# %%
import tensorflow_data_validation as tfdv

from components.data_statistics import DataStatistics

statistics_gen = DataStatistics(
    examples=example_gen.outputs["examples"],
    sample_rows=config.validate_.sample_rows,
    code_fingerprint="",
).with_id("StatisticsGen")
statistics_folder = run(statistics_gen, "statistics")


def statistics(split):
    return tfdv.load_stats_binary(str(statistics_folder / f"Split-{split}" / "FeatureStats.pb"))


def feature_table(proto):
    found = []
    for feature in proto.datasets[0].features:
        kind = feature.WhichOneof("stats")
        detail = getattr(feature, kind)
        row = {
            "feature": feature.path.step[0],
            "rows": detail.common_stats.num_non_missing,
            "missing": detail.common_stats.num_missing,
        }
        if kind == "num_stats":
            row |= {"min": detail.min, "mean": detail.mean, "max": detail.max}
        else:
            row |= {"distinct": detail.unique, "most frequent": detail.top_values[0].value}
        found.append(row)
    return pd.DataFrame(found).set_index("feature")


feature_table(statistics("train")).convert_dtypes().style.format(precision=2, na_rep="", thousands=",")

# %% [markdown]
# Are the three splits alike? On a random split they must be. The same picture on a temporal one shows how the world
# moved on.

# %%
import altair as alt


def shares(split, name):
    [feature] = [each for each in statistics(split).datasets[0].features if each.path.step[0] == name]
    buckets = feature.string_stats.rank_histogram.buckets
    frame = pd.DataFrame({"value": [b.label for b in buckets], "count": [b.sample_count for b in buckets]})
    return frame.assign(share=frame["count"] / frame["count"].sum(), split=split)


genres = pd.concat(shares(split, "movie_genres") for split in ("train", "eval", "test"))
alt.Chart(genres, title="Genres, split by split").mark_point(size=50).encode(
    x=alt.X("share", axis=alt.Axis(format="%")),
    y=alt.Y("value", title=None, sort="-x"),
    color=alt.Color("split", sort=["train", "eval", "test"], scale=alt.Scale(range=[BLUE, ORANGE, GREY])),
)

# %% [markdown]
# TFDV has a viewer of its own, Facets. It is written to a page here, because it fetches its code from the network when
# it is opened; in a notebook with a network, `tfdv.visualize_statistics(statistics("train"))` shows it in place.

# %%
from tensorflow_data_validation.utils.display_util import get_statistics_html

page = root / "statistics.html"
page.write_text(
    get_statistics_html(statistics("train"), statistics("test"), lhs_name="train", rhs_name="test")
)
print(f"{page.relative_to(WORKSPACE)}, {page.stat().st_size:,} bytes")

# %% [markdown]
# ## ExampleValidator: an opinion
#
# The opinion is a schema, and it is committed with the code, not inferred each night: a schema that is inferred from
# broken data calls it normal.

# %%
from tfx.dsl.components.common.importer import Importer
from tfx.types import standard_artifacts

import pipeline

(root / "schema").mkdir()
committed = Path(pipeline.__file__).parent / "schemas" / f"{config.validate_.schema_name}.pbtxt"
(root / "schema" / "schema.pbtxt").write_text(committed.read_text())
importer = Importer(source_uri=str(root / "schema"), artifact_type=standard_artifacts.Schema).with_id(
    "Schema"
)
context.run(importer)
schema = tfdv.load_schema_text(str(committed))
print("\n".join(committed.read_text().splitlines()[:24]))

# %% [markdown]
# Marquee's validator is TFX's, with two things added: an anomaly *stops* the run, and the statistics of the run before
# are looked at for drift.

# %%
from components.example_validator import StoppingExampleValidator

validator = StoppingExampleValidator(
    statistics=statistics_gen.outputs["statistics"],
    schema=importer.outputs["result"],
    previous_statistics=None,
    drift="warn",
    code_fingerprint="",
).with_id("ExampleValidator")
anomalies = run(validator, "anomalies")
json.loads((anomalies / "findings.json").read_text())

# %% [markdown]
# No findings. What would one look like? Take the statistics and let somebody have rated with eleven stars, and a third
# of the titles be lost:

# %%
broken = statistics("eval")
for feature in broken.datasets[0].features:
    if feature.path.step[0] == "user_rating":
        feature.num_stats.max = 11
    if feature.path.step[0] == "movie_title":
        common = feature.string_stats.common_stats
        common.num_missing = common.num_non_missing // 3
        common.num_non_missing -= common.num_missing
found = tfdv.validate_statistics(broken, schema)
pd.DataFrame(
    {"feature": name, "what": info.short_description, "exactly": info.description}
    for name, info in found.anomaly_info.items()
)

# %%
assert {"user_rating", "movie_title"} <= set(found.anomaly_info)

# %% [markdown]
# ## Transform: the vocabularies
#
# Only `train` is analysed: what `eval` and `test` hold must stay unknown. The examples are not written a second time.
# Training looks the ids up once, and the exported model carries the same files.

# %%
from components.vocabulary_transform import VocabularyTransform

description = config.data.description.model_dump(mode="json")  # which features there are, and of which types
transform = VocabularyTransform(
    examples=example_gen.outputs["examples"],
    schema=importer.outputs["result"],
    description=description,
    code_fingerprint="",
).with_id("Transform")
graph = run(transform, "transform_graph")
vocabularies = sorted((graph / "transform_fn" / "assets").iterdir())
pd.DataFrame(
    {
        "vocabulary": file.name,
        "size": len(lines := file.read_text().splitlines()),
        "most frequent": ", ".join(lines[:3]),
    }
    for file in vocabularies
)

# %% [markdown]
# ## Trainer: a model, and what came of it
#
# The node calls `trainer.run_fn`, the same loop as in the chapters before. `custom_config` holds the settings. They are
# part of what the cache looks at, so changing one trains again, and changing none does not.

# %%
from tfx.components import Trainer
from tfx.proto import trainer_pb2

settings = config.ranking.model_dump(mode="json", exclude={"tune", "bless"})
trainer = Trainer(
    examples=example_gen.outputs["examples"],
    transform_graph=transform.outputs["transform_graph"],
    run_fn="trainer.run_fn.run_fn",
    train_args=trainer_pb2.TrainArgs(splits=["train"]),
    eval_args=trainer_pb2.EvalArgs(splits=["eval"]),
    custom_config={"task": "ranking", "description": description, **settings},
).with_id("RankingTrainer")
model, report = run(trainer, "model", "model_run")
training = json.loads((report / "training.json").read_text())
print(training["device"])
pd.DataFrame(training["history"])[["loss", "rmse", "val_rmse"]].round(4)

# %% [markdown]
# ## Evaluator: the average hides people
#
# The *exported* model is evaluated by TFMA's measures, slice by slice. One RMSE for everybody says nothing about those
# for whom the model is worse; the slices do.

# %%
import tensorflow_model_analysis as tfma

from components.ranking_evaluator import RankingEvaluator
from pipeline.config.bars import limits
from pipeline.dag.eval_config import Slices, eval_config

evaluator = RankingEvaluator(
    examples=example_gen.outputs["examples"],
    model=trainer.outputs["model"],
    schema=importer.outputs["result"],
    eval_config=eval_config(Slices.of(config.data.description)),
    bars=json.dumps(limits(config.ranking.bless.bars)),
    code_fingerprint="notebook",
    example_splits=["eval"],
)
evaluation, blessing = run(evaluator, "evaluation", "blessing")
result = tfma.load_eval_result(str(evaluation))


def slice_name(key):
    ((name, value),) = key
    return name, value.decode() if isinstance(value, bytes) else str(value)


rows = []
for key, metrics in result.slicing_metrics:
    found = {**metrics[""][""], "rated_ndcg@10": metrics[""]["topK:10"]["rated_ndcg"]}
    values = {name: value["doubleValue"] for name, value in found.items() if "doubleValue" in value}
    name, group = slice_name(key) if key else ("everybody", "everybody")
    rows.append({"slice": name, "group": group, **values})
slices = pd.DataFrame(rows)
slices[slices["slice"] == "everybody"].drop(columns=["group"]).round(4)

# %%
groups = slices[(slices["slice"] != "everybody") & (slices.example_count >= 50)]
whole = (
    alt.Chart(slices[slices["slice"] == "everybody"])
    .mark_rule(color=ORANGE, strokeDash=[4, 3])
    .encode(x="rmse")
)
charts = []
for name in ("activity", "age_group", "user_gender", "movie_genres"):
    part = groups[groups["slice"] == name]
    bars = (
        alt.Chart(part, title=name)
        .mark_bar()
        .encode(
            x=alt.X("rmse", title="RMSE on eval (line: everybody)"),
            y=alt.Y("group", sort="-x", title=None),
        )
    )
    charts.append((bars + whole).properties(width=260))
(charts[0] & charts[1] & charts[2]) | charts[3]

# %% [markdown]
# And it judges. A model is *blessed* when it clears the bars, and, where a model was blessed before, when it is no worse
# than that one. Only a blessed model is ever pushed.

# %%
print("blessed" if (blessing / "BLESSED").exists() else "not blessed")
config.ranking.bless

# %%
assert (blessing / "BLESSED").exists()
assert training["history"][training["best_epoch"] - 1]["val_rmse"] < 1.2

# %% [markdown]
# ## The whole
#
# The other half of the DAG does the same for retrieval, with an evaluator of Marquee's own: TFMA knows labels, and a
# list of films has none. Then both models are joined, a real server is booted on them before they are pushed, and all
# three appear at once. That is the run of [00_quick_start](00_quick_start.ipynb); here is what it left.

# %%
whole_run = finished_run()
pd.DataFrame(
    {
        "node": node.name,
        "state": node.state,
        "seconds": round(node.seconds, 1),
        "made": ", ".join(sorted(node.outputs)),
    }
    for node in whole_run.nodes.values()
)

# %%
plots = json.loads((whole_run.output("RetrievalEvaluator", "evaluation").path / "plots.json").read_text())
curves = pd.concat(
    pd.DataFrame({"k": range(1, len(recall) + 1), "recall": recall, "model": name})
    for name, recall in plots["recall_curves"].items()
)
alt.Chart(curves, title="The retrieval model against popularity, on eval").mark_line().encode(
    x="k", y=alt.Y("recall", axis=alt.Axis(format="%")), color=alt.Color("model", title=None)
)

# %% [markdown]
# ## What to read next
#
# - [06_deploy](06_deploy.ipynb): push, ask, roll back.
# - `marquee run --from-node RankingTrainer`: the same in a terminal, from any node on.
# - [Where the pipeline also runs](../docs/deployment.md): Kubeflow, Vertex, Gradient.
