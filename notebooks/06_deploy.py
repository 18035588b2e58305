# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From a folder to a service
#
# What a run pushes is a folder of SavedModels, `<name>/<version>/`. A server watches that folder. Nothing else
# connects the two, and that is the whole design: to deploy is to rename a folder into place, and to roll back is to
# move it out again.
#
# This chapter boots a server, asks it over REST and gRPC, pushes a second version under its feet, watches it change
# over without losing a request, and takes the version back.

# %% [markdown]
# ## Settings
#
# The models are those of the run of [00_quick_start](00_quick_start.ipynb). They are copied to a folder of this
# chapter, so that nothing here disturbs what the pipeline knows of its own pushes.

# %%
from chapter import BLUE, ORANGE, QUICK, WORKSPACE, finished_run

import shutil
import tempfile
from pathlib import Path

from serving.versions.versions import list_models, list_versions

run = finished_run()
source = WORKSPACE / "serving_models"
models = Path(tempfile.mkdtemp(prefix="models-"))
for name in list_models(source):
    front = list_versions(source, name)[-1]
    shutil.copytree(source / name / str(front), models / name / "1")
{name: list_versions(models, name) for name in list_models(models)}

# %% [markdown]
# ## A server
#
# `marquee serve` is this server in a process of its own. It speaks TF Serving's REST and gRPC; where
# `tensorflow_model_server` is installed, the same folder is served by that instead. Port 0 takes a free one.

# %%
from serving.server.config import ServerConfig
from serving.server.server import EmbeddedServer

server = EmbeddedServer(models, ServerConfig(rest_port=0, grpc_port=0, poll_seconds=0.2))
server.start()
print(f"{len(list_models(models))} models, over REST and gRPC")

# %% [markdown]
# ## REST
#
# Any HTTP client will do. Two shapes of request are understood: rows (`instances`) and columns (`inputs`).

# %%
import httpx

rest = httpx.Client(base_url=server.rest_url, trust_env=False)
rest.get("/v1/models/recommender").json()

# %%
answer = rest.post("/v1/models/recommender:predict", json={"instances": [{"user_id": "42"}]})
answer.raise_for_status()
[films] = answer.json()["predictions"]

import pandas as pd

pd.DataFrame(films).round(3).head()

# %% [markdown]
# `k` and whether seen films may come back are inputs of the model, not settings of the server:

# %%
inputs = {"user_id": ["42"], "k": 3, "exclude_seen": False}
rest.post("/v1/models/recommender:predict", json={"signature_name": "recommend", "inputs": inputs}).json()

# %% [markdown]
# A mistake is answered with what was wrong, as TF Serving says it, and with a 400, not with a 500.

# %%
wrong = rest.post("/v1/models/recommender:predict", json={"instances": [{"user": "42"}]})
print(wrong.status_code, wrong.json()["error"])
assert wrong.status_code == 400

# %% [markdown]
# ## gRPC
#
# The same, in TF Serving's protocol buffers. `GrpcClient` and `RestClient` have one interface, so a program can be
# moved from one to the other by one word.

# %%
import numpy as np

from serving.client import GrpcClient, RestClient

grpc, client = GrpcClient(server.grpc_address), RestClient(server.rest_url)
titles = ["Speed (1994)", "Alien (1979)", "Fargo (1996)"]
question = {"user_id": ["42"] * len(titles), "movie_title": titles}
both = {
    "gRPC": grpc.predict("ranking", question)["user_rating"],
    "REST": client.predict("ranking", question)["user_rating"],
}
np.testing.assert_allclose(both["gRPC"], both["REST"], atol=1e-6)
pd.DataFrame(both, titles).round(4)

# %% [markdown]
# ## How fast
#
# A number without its percentiles hides the slow requests. These are this process asking itself, one at a time, with
# Python's own client in the time; `benchmarks/serve.py` measures more carefully.

# %%
import time

import altair as alt


def timed(ask, count=100 if QUICK else 500):
    for _ in range(20):
        ask()
    found = []
    for _ in range(count):
        begin = time.perf_counter()
        ask()
        found.append((time.perf_counter() - begin) * 1000)
    return found


latency = pd.concat(
    pd.DataFrame(
        {"protocol": name, "ms": timed(lambda who=who: who.predict("recommender", {"user_id": ["42"]}))}
    )
    for name, who in (("REST", client), ("gRPC", grpc))
)
latency.groupby("protocol").ms.quantile([0.5, 0.95, 0.99]).unstack().rename(
    columns=lambda share: f"p{100 * share:.0f}, ms"
).round(2)

# %%
cut = latency[latency.ms <= latency.ms.quantile(0.99)]
alt.Chart(cut, title="Ten films for one user").mark_bar(opacity=0.6).encode(
    x=alt.X("ms", bin=alt.Bin(maxbins=40), title="milliseconds"),
    y=alt.Y("count()", stack=None, title="requests"),
    color=alt.Color("protocol", title=None, scale=alt.Scale(range=[BLUE, ORANGE])),
)

# %% [markdown]
# ## A second version
#
# Tomorrow somebody wants to show films that are rated higher, rather than those that are most surely watched. That is
# one number, `recommender.rating_weight`, and the recommender is assembled from the same two models again. What is
# pushed is always the whole set, under one version number: a recommender never stands beside models that it was not
# made of.

# %%
from serving.versions.version_sets import push_set
from trainer.export.recommender import assemble

staging = Path(tempfile.mkdtemp(prefix="candidate-")) / "recommender"
answers = assemble(models / "ranking" / "1", models / "retrieval" / "1", staging, rating_weight=2.0)
print(f"assembled; {len(answers)} requests with known answers, to verify it by")

# %% [markdown]
# While it is pushed, a client keeps asking, every few milliseconds. Which version answers is told by the films' scores.

# %%
import threading

asked, stop = [], threading.Event()


def keep_asking():
    with RestClient(server.rest_url) as mine:
        while not stop.wait(0.01):
            begin = time.perf_counter()
            try:
                score = float(mine.predict("recommender", {"user_id": ["42"]})["score"][0][0])
            except Exception as error:  # a failed request is what this is here to find
                score, _ = float("nan"), print(error)
            asked.append((begin, score, (time.perf_counter() - begin) * 1000))


def wait_for(version):
    """Until the server answers with that version of the recommender, and no other."""
    for _ in range(600):
        states = client.status("recommender")
        if states.get(version) == "AVAILABLE" and list(states.values()).count("AVAILABLE") == 1:
            return
        time.sleep(0.05)
    raise TimeoutError(f"version {version} did not come to the front: {states}")


asking = threading.Thread(target=keep_asking)
asking.start()
time.sleep(1)

sources = {
    "ranking": models / "ranking" / "1",
    "retrieval": models / "retrieval" / "1",
    "recommender": staging,
}
marks = [("push", time.perf_counter())]
print("pushed", push_set(sources, models, keep=5))
wait_for(2)
time.sleep(1)

# %% [markdown]
# ## Roll back
#
# It was a bad idea. `marquee rollback recommender` does this; the models that were pushed together go back together.
# The withdrawn version is kept aside, and its number is never used again.

# %%
from serving.versions.version_sets import rollback_set

marks.append(("roll back", time.perf_counter()))
print("withdrawn, served:", rollback_set(models, "recommender"))
wait_for(1)
time.sleep(1)
stop.set()
asking.join()

# %%
begin = asked[0][0]
seen = pd.DataFrame(asked, columns=["at", "score", "ms"]).assign(at=lambda t: t["at"] - begin)
when = pd.DataFrame(marks, columns=["what", "at"]).assign(at=lambda t: t["at"] - begin)
line = (
    alt.Chart(seen, title=f"{len(seen):,} requests, {int(seen.score.isna().sum())} failed")
    .mark_point(size=12)
    .encode(
        x=alt.X("at", title="seconds"),
        y=alt.Y("score", title="score of the first film", scale=alt.Scale(zero=False)),
    )
)
rule = alt.Chart(when).mark_rule(color=ORANGE, strokeDash=[4, 3]).encode(x="at")
text = alt.Chart(when).mark_text(align="left", dx=4, color=ORANGE, y=12).encode(x="at", text="what")
(line + rule + text).properties(width=640)

# %%
first, last = seen.score.iloc[0], seen.score.iloc[-1]
assert not seen.score.isna().any()
assert seen.score.round(4).nunique() == 2
assert round(first, 4) == round(last, 4)

# %% [markdown]
# Not one request failed: the new version is loaded beside the old one, and only then are requests sent to it.

# %%
for each in (rest, grpc, client, server):
    (each.stop if each is server else each.close)()

# %% [markdown]
# ## What to read next
#
# - [Deployment](../docs/deployment.md): TF Serving in containers, Kubernetes, KServe, Prometheus.
# - `marquee schedule`: a new version every night, pushed only when it is good enough.
# - [07_your_own_data](07_your_own_data.ipynb).
