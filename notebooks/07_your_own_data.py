# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Your own data
#
# Nothing in the pipeline is about MovieLens but its name. What it needs is files that say who chose what. This chapter
# makes such files as a book shop would have them, lets Marquee look at them, and runs what it proposes. On the way one
# row is broken, and mended.

# %% [markdown]
# ## Settings

# %%
from chapter import BLUE, GREY, ORANGE, QUICK, WORKSPACE, marquee, ratings

USERS = 100 if QUICK else 400
EPOCHS = 3 if QUICK else 12

# %% [markdown]
# ## The files
#
# A part of MovieLens plays the book shop's data, in other clothes: semicolons, stars up to 10, times as ISO 8601, ids
# that are no numbers. The books are JSON Lines with a list of tags each, and the readers are one more table. Nothing
# has MovieLens's names.

# %%
import json

import pandas as pd

folder = WORKSPACE / "own_data" / "books"
folder.mkdir(parents=True, exist_ok=True)
frame = ratings(USERS)
own = pd.DataFrame(
    {
        "reader": "reader-" + frame.user_id,
        "book": "B-" + frame.movie_id,
        "stars": (2 * frame.user_rating).astype(int),
        "read_at": pd.to_datetime(frame.timestamp, unit="s").dt.strftime("%Y-%m-%dT%H:%M:%S"),
    }
)
own.to_csv(folder / "stars.csv", index=False, sep=";")
books = frame.drop_duplicates("movie_id")
with open(folder / "books.jsonl", "w") as file:
    for id, title, tags in zip(books.movie_id, books.movie_title, books.movie_genres, strict=True):
        file.write(json.dumps({"book": f"B-{id}", "title": title, "tags": list(tags)}) + "\n")
readers = frame.drop_duplicates("user_id")
pd.DataFrame(
    {"id": "reader-" + readers.user_id, "age": readers.raw_user_age, "work": readers.user_occupation_text}
).to_csv(folder / "readers.csv", index=False)
own.head(3)

# %% [markdown]
# ## A bad row
#
# Real files have them. One row says `five` where a number should be, as if somebody had typed it by hand.

# %%
lines = (folder / "stars.csv").read_text().splitlines()
good = lines[1000]
reader, book, _, when = good.split(";")
lines[1000] = f"{reader};{book};five;{when}"
(folder / "stars.csv").write_text("\n".join(lines) + "\n")
lines[1000]

# %% [markdown]
# ## Look at them
#
# `marquee inspect` says what each file and each column was taken for, and why. It shows three rows as a run would read
# them, and what it is not sure of: the word among the stars, for one.

# %%
CONFIG = folder.parent / "reading.yaml"
marquee("inspect", str(folder), "--out", str(CONFIG), "--force")

# %% [markdown]
# It has written a configuration. A comment says why something was guessed. What is wrong is changed here.

# %%
print(CONFIG.read_text().replace(str(WORKSPACE), "workspace"))

# %% [markdown]
# And it has written a schema, TensorFlow Data Validation's, with the scale of the stars, the words of the tags and a
# range of ages. A run stops at data that breaks it.

# %%
schema = CONFIG.with_suffix(".pbtxt").read_text()
print(schema[schema.index('name: "age"') :][:330])

# %% [markdown]
# ## Run
#
# `marquee run --config reading.yaml` needs nothing else. The chapter's own wishes are few epochs, and a workspace of its
# own: one workspace is for one data set, because what it serves has the same names whatever it was trained on.

# %%
MINE = WORKSPACE / "mine"
FEW = [part for task in ("ranking", "retrieval") for part in ("--set", f"{task}.train.epochs={EPOCHS}")]
COMMAND = ["run", "--config", str(CONFIG), "--workspace", str(MINE), *FEW]
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
(folder / "stars.csv").write_text("\n".join(lines) + "\n")
marquee(*COMMAND)

# %% [markdown]
# ## What came of it

# %%
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

READER = own.reader.value_counts().index[0]
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
# - [Your own data](../docs/how-to/your-own-ratings.md): what is recognized, and how to correct it.
# - [Every setting](../docs/configuration.md).
# - When the table grows every day: `marquee schedule`, with a split by time and `warm_start`.
# - Something wrong? The README's table *When something is wrong*.
