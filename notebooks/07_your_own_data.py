# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Your own ratings
#
# Nothing in the pipeline is about MovieLens but its name. What it needs is a table of who rated what, and how. This
# chapter makes such a table, breaks it, reads what Marquee says to that, mends it, and runs.

# %% [markdown]
# ## Settings

# %%
from chapter import BLUE, GREY, ORANGE, QUICK, WORKSPACE, marquee, ratings

USERS = 100 if QUICK else 400
EPOCHS = 3 if QUICK else 12

# %% [markdown]
# ## The files
#
# `ratings.csv` needs a header with `user_id`, `movie_id` and `rating`, and has `timestamp` if you know it. Ids may be any
# text. `movies.csv` (`movie_id`, `title`, `genres` with `|` between) is optional, and worth having: films are shown by
# their title. `users.csv` may tell of age, gender, occupation and zip code. Other usual names of columns are known too
# (`item_id`, `stars`, `date`); a run ends with how it read the files, and with the columns that it did not use.
#
# Here a book shop's table is played by a part of MovieLens with ids of its own.

# %%
import pandas as pd

folder = WORKSPACE / "own_data"
folder.mkdir(parents=True, exist_ok=True)
frame = ratings(USERS)
own = pd.DataFrame(
    {
        "user_id": "reader-" + frame.user_id,
        "movie_id": "item-" + frame.movie_id,
        "rating": frame.user_rating,
        "timestamp": frame.timestamp,
    }
)
items = frame.drop_duplicates("movie_id")
pd.DataFrame(
    {
        "movie_id": "item-" + items.movie_id,
        "title": items.movie_title,
        "genres": items.movie_genres.str.join("|"),
    }
).to_csv(folder / "movies.csv", index=False)
own.to_csv(folder / "ratings.csv", index=False)
own.head(3)

# %% [markdown]
# ## A bad row
#
# Real files have them. Row 1,000 says `five` where a number should be, as somebody has typed it by hand.

# %%
lines = (folder / "ratings.csv").read_text().splitlines()
good = lines[1000]
user, item, _, when = good.split(",")
lines[1000] = f"{user},{item},five,{when}"
(folder / "ratings.csv").write_text("\n".join(lines) + "\n")
lines[1000]

# %% [markdown]
# ## What to run
#
# A configuration is a YAML file that says what differs from the defaults. `dataset: custom` reads any layout that is
# known; `schema: ratings` is the schema without people's age and gender, which this table lacks. The bars are those of
# a first run on little data: judge by RMSE, and do not yet ask the lists to beat popularity.

# %%
CONFIGURATION = f"""\
name: reading
data:
  dataset: custom
  path: {folder}
  split: {{kind: random, seed: 42, eval: 0.1, test: 0.1}}
validate: {{schema: ratings}}
ranking:
  model: {{kind: mf, dim: 8, members: 4}}
  train: {{epochs: {EPOCHS}, batch_size: 1000, learning_rate: 0.03}}
  tune: {{enabled: false}}
retrieval:
  model: {{kind: two_tower, dim: 16}}
  train: {{epochs: {EPOCHS}, batch_size: 1000}}
  tune: {{enabled: false}}
  bless: {{over_popularity: {{}}}}
"""
config = folder / "reading.yaml"
config.write_text(CONFIGURATION)
print(CONFIGURATION.replace(str(WORKSPACE), "workspace"))

# %% [markdown]
# One workspace is for one data set, because what it serves has the same names whatever it was trained on. So this run
# gets its own.

# %%
MINE = WORKSPACE / "mine"
COMMAND = ["run", "--config", str(config), "--workspace", str(MINE)]
status = marquee(*COMMAND, check=False)

# %% [markdown]
# The run has stopped, at the first node. It says the file, the line, the field and the value, and what can be done.
# Leaving the row out silently would have been easier, and nobody would ever have found out why a reader's favourite
# is missing.

# %%
assert status == 1

# %% [markdown]
# ## Mend it, run again
#
# The same command. (`--set data.max_bad_rows=100` would let a hundred such rows pass, and list them in the report.)

# %%
lines[1000] = good
(folder / "ratings.csv").write_text("\n".join(lines) + "\n")
marquee(*COMMAND)

# %% [markdown]
# ## What came of it

# %%
import json

from pipeline.store.metadata.lineage import Lineage

run = Lineage(MINE / "metadata.db").run()
summary = json.loads((MINE / "reports" / run.run_id / "summary.json").read_text())
test = summary["test"]
board = pd.DataFrame(
    [
        ("RMSE", "the model", test["test"]["rmse"]),
        ("RMSE", "always the mean", test["mean_rating_baseline"]["rmse"]),
        ("recall@100", "the model", test["retrieval"]["recall@100"]),
        ("recall@100", "the most rated", test["retrieval_popularity"]["recall@100"]),
    ],
    columns=["measure", "by", "value"],
)
board.round(4)

# %%
import altair as alt

colour = alt.Color(
    "by",
    title=None,
    scale=alt.Scale(domain=["the model", "always the mean", "the most rated"], range=[BLUE, GREY, ORANGE]),
)
charts = [
    alt.Chart(board[board.measure == measure], title=f"{measure}, {hint}")
    .mark_bar()
    .encode(x=alt.X("value", title=None), y=alt.Y("by", title=None), color=colour)
    .properties(width=260, height=70)
    for measure, hint in (("RMSE", "lower is better"), ("recall@100", "higher is better"))
]
charts[0] | charts[1]

# %%
assert summary["blessed"]
assert test["test"]["rmse"] < test["mean_rating_baseline"]["rmse"]

# %% [markdown]
# ## Ask, with your own ids

# %%
from pipeline.cli.asking.recommend import ask_for_user
from serving.client import RestClient
from serving.server.config import ServerConfig
from serving.server.server import EmbeddedServer

READER = own.user_id.value_counts().index[0]
with (
    EmbeddedServer(MINE / "serving_models", ServerConfig(rest_port=0, grpc_port=0)) as server,
    RestClient(server.rest_url) as client,
):
    answer = ask_for_user(client, READER, k=5, seen=False)
    stranger = ask_for_user(client, "reader-unheard-of", k=5, seen=False)
print(READER)
pd.DataFrame(
    {
        "id": film.movie_id,
        "title": film.movie_title,
        "stars": round(film.user_rating, 2),
        "because of": (film.because or {}).get("movie_title", ""),
    }
    for film in answer.films
)

# %% [markdown]
# Somebody unknown gets what is popular, and no error:

# %%
[film.movie_title for film in stranger.films]

# %% [markdown]
# ## What to read next
#
# - [Every setting](../docs/configuration.md).
# - When the table grows every day: `marquee schedule`, with a split by time and `warm_start`.
# - Something wrong? The README's table *When something is wrong*.
