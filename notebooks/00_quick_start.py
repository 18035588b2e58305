# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Five minutes: run, look, ask
#
# Marquee takes MovieLens ratings to a served recommender. This chapter does the whole way once: it runs the
# pipeline, looks at what came of it, and asks what user 42 should watch. The chapters after it take the same
# way apart, one step each.
#
# Nothing has to be prepared. `make setup` has installed everything, and the data comes along by itself.

# %% [markdown]
# ## Settings
#
# Every chapter begins with a cell like this one. `CONFIG` names the ready-made configuration, and all that is
# written goes under one folder, `WORKSPACE`. Deleting it is always safe. With `MARQUEE_NOTEBOOK_QUICK=1` in the
# environment a chapter takes a small part of the data and few epochs: that is how the tests run it.

# %%
from chapter import BLUE, CONFIG, GREY, ORANGE, QUICK, WORKSPACE, finished_run, marquee

USER = "42"
print(f"configuration {CONFIG}, {'quick' if QUICK else 'in full'}")

# %% [markdown]
# ## Run
#
# One command is the whole pipeline: ingest, check, tune, train, evaluate, bless, push. It is the same command
# as in a terminal. Run this cell twice: the second time every node is reused, because nothing has changed.

# %%
marquee("run", "--config", CONFIG)

# %% [markdown]
# ## Look
#
# The run is over, but nothing of it is lost. ML Metadata, a small SQLite file, knows what each node did, how
# long it took, and which artifacts it made. `Lineage` reads it.

# %%
import json

import altair as alt
import pandas as pd

run = finished_run()
nodes = pd.DataFrame(
    {"node": node.name, "seconds": node.seconds, "state": node.state} for node in run.nodes.values()
)
alt.Chart(nodes, title=f"Where the time of run {run.run_id} went").mark_bar().encode(
    x=alt.X("seconds", title="seconds"),
    y=alt.Y("node", sort=None, title=None),
    color=alt.Color("state", scale=alt.Scale(domain=["done", "cached"], range=[BLUE, GREY])),
)

# %% [markdown]
# Each trainer has left a report beside its model. Its history holds the curves that one wants to see first:
# does the error on ratings that were *not* trained on still fall, and where does it turn?

# %%
history = pd.DataFrame(
    json.loads((run.output("RankingTrainer", "model_run").path / "training.json").read_text())["history"]
)
history["epoch"] = history.index + 1
curves = history.melt("epoch", ["rmse", "val_rmse"], "ratings", "error").replace(
    {"rmse": "trained on", "val_rmse": "held back (eval)"}
)
alt.Chart(curves, title="The ranking model learns").mark_line(point=True).encode(
    x="epoch:O",
    y=alt.Y("error", title="RMSE, stars", scale=alt.Scale(zero=False)),
    color=alt.Color("ratings", scale=alt.Scale(range=[ORANGE, BLUE])),
)

# %% [markdown]
# How good is that? A number means nothing alone, so the report sets it beside two models that know nobody:
# one that always says the mean rating, and one that shows everybody the most rated films. These are measured on
# `test`, the part that the run read once, at its very end.

# %%
summary = json.loads((WORKSPACE / "reports" / run.run_id / "summary.json").read_text())
test = summary["test"]
pd.DataFrame(
    [
        ("RMSE, lower is better", test["test"]["rmse"], test["mean_rating_baseline"]["rmse"]),
        ("recall@100", test["retrieval"]["recall@100"], test["retrieval_popularity"]["recall@100"]),
        ("nDCG@10 of what is shown", test["recommender"]["ndcg@10"], test["retrieval_popularity"]["ndcg@10"]),
    ],
    columns=["on test", "Marquee", "a model that knows nobody"],
).round(4)

# %% [markdown]
# ## Ask
#
# What was pushed are three SavedModels that any TF Serving loads: `ranking`, `retrieval`, and `recommender`,
# which is both in one. Here the server is ours, in this very process, on ports that happen to be free.
#
# The first question is why anybody builds this: what should user 42 watch, and why that?

# %%
from pipeline.cli.asking.recommend import ask_for_fan, ask_for_user
from serving.client import RestClient
from serving.server.config import ServerConfig
from serving.server.server import EmbeddedServer

server = EmbeddedServer(WORKSPACE / "serving_models", ServerConfig(rest_port=0, grpc_port=0))
server.start()
client = RestClient(server.rest_url)


def table(answer):
    return pd.DataFrame(
        {
            "title": film.movie_title,
            "genres": ", ".join(film.movie_genres),
            "stars": round(film.user_rating, 2),
            "because they saw": (film.because or {}).get("movie_title", ""),
        }
        for film in answer.films
    )


table(ask_for_user(client, USER, k=5, seen=False))

# %% [markdown]
# Films that they have rated already are left out, inside the model. And somebody whom the model has never met?
# They name a few films that they like. No training is needed for that: their history is the query.

# %%
table(ask_for_fan(client, ["Alien (1979)", "Blade Runner (1982)"], k=5))

# %%
client.close()
server.stop()

# %% [markdown]
# ## What to read next
#
# - [01_data](01_data.ipynb): what the ratings look like, and why how one splits them decides everything.
# - [02_ranking](02_ranking.ipynb) and [03_retrieval](03_retrieval.ipynb): the two models inside.
# - [06_deploy](06_deploy.ipynb): from this folder of models to a service.
# - Your own data at once: [07_your_own_data](07_your_own_data.ipynb).
