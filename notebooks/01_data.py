# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The data, and what it will not tell you
#
# A recommender learns from a table with four columns: who, what, how many stars, and when. Before any model it
# pays to look at that table. Three things in it decide how everything later must be built: stars are not spread
# evenly, a few films have most of the ratings, and people come and go.

# %% [markdown]
# ## Settings

# %%
from chapter import BLUE, GREY, ORANGE, ratings

# MovieLens 100K is small: quick or not, we look at all of it.
frame = ratings()
SEED = 42
print(f"{len(frame):,} ratings, {frame.user_id.nunique():,} users, {frame.movie_id.nunique():,} films")

# %%
frame.sample(5, random_state=SEED)[["user_id", "movie_title", "movie_genres", "user_rating", "timestamp"]]

# %% [markdown]
# Ids are strings everywhere outside a model. That looks wasteful, and it is not: a string never becomes a wrong
# row of a table by accident. The models look them up once, and carry the vocabulary with them.

# %% [markdown]
# ## Stars
#
# People rate what they chose to watch, so they rate high. A model that always answers with the mean is right
# surprisingly often. That is the first opponent to beat.

# %%
import altair as alt
import numpy as np
import pandas as pd

stars = frame.user_rating.value_counts().rename_axis("stars").reset_index(name="ratings")
mean = frame.user_rating.mean()
bars = (
    alt.Chart(stars, title=f"Most ratings are 3 or 4 stars; the mean is {mean:.2f}")
    .mark_bar()
    .encode(x=alt.X("stars:O"), y=alt.Y("ratings", axis=alt.Axis(format=",d")))
    .properties(width=alt.Step(56))
)
bars

# %% [markdown]
# ## The long tail
#
# Sort the films by how often they were rated. The first hundred have almost a third of everything, and the
# last several hundred were rated by a handful of people each. A model knows the head by heart and must guess
# in the tail, which is why Marquee's reports always say how much of the catalogue a model shows.

# %%
popularity = frame.movie_id.value_counts()
tail = pd.DataFrame({"rank": np.arange(1, len(popularity) + 1), "ratings": popularity.to_numpy()})
tail["share of all ratings"] = tail.ratings.cumsum() / len(frame)
left = (
    alt.Chart(tail, title="Ratings of a film")
    .mark_line()
    .encode(x=alt.X("rank", title="film, by popularity"), y=alt.Y("ratings", scale=alt.Scale(type="symlog")))
)
right = (
    alt.Chart(tail, title="…and added up")
    .mark_line()
    .encode(
        x=alt.X("rank", title="film, by popularity"),
        y=alt.Y("share of all ratings", axis=alt.Axis(format="%")),
    )
)
(left | right).resolve_scale(y="independent")

# %%
hundred = tail["share of all ratings"].iloc[99]
few = int((popularity < 10).sum())
print(f"the 100 most rated films have {hundred:.0%} of all ratings; {few} films have fewer than ten each")

# %% [markdown]
# ## Who likes what
#
# Genres are the only thing that MovieLens says of a film beside its title. They are also a first sign that there
# is something to personalise: how many stars a genre gets depends on who gives them.

# %%
genres = frame.explode("movie_genres")
by_genre = (
    genres.groupby(["movie_genres", "user_gender"])
    .user_rating.agg(["mean", "size"])
    .reset_index()
    .query("size >= 300")
)
alt.Chart(by_genre, title="The same genre, two audiences").mark_point(size=70).encode(
    x=alt.X("mean", title="mean stars", scale=alt.Scale(zero=False)),
    y=alt.Y("movie_genres", title=None, sort="-x"),
    color=alt.Color("user_gender", title="rated by", scale=alt.Scale(range=[ORANGE, BLUE])),
)

# %% [markdown]
# ## People come and go
#
# Most users have rated nearly everything in one sitting. So time splits people, not habits: whoever rates in
# the last month has mostly never been seen before.

# %%
frame["day"] = pd.to_datetime(frame.timestamp, unit="s").dt.floor("D")
first = frame.groupby("user_id").day.transform("min")
weeks = (
    frame.assign(
        week=frame.day.dt.to_period("W").dt.start_time,
        who=np.where(first == frame.day, "first day", "came back"),
    )
    .groupby(["week", "who"])
    .size()
    .reset_index(name="ratings")
)
alt.Chart(weeks, title="Ratings a week: mostly people on their first day").mark_area().encode(
    x=alt.X("week:T", title=None),
    y=alt.Y("ratings", axis=alt.Axis(format=",d")),
    color=alt.Color(
        "who", title=None, scale=alt.Scale(domain=["first day", "came back"], range=[BLUE, GREY])
    ),
    order=alt.Order("who", sort="descending"),
)

# %% [markdown]
# ## Three parts, and how to cut them
#
# `train` is learned from. `eval` stops, tunes and blesses. `test` is read once, for the report. A part that has
# helped to choose anything is no longer a fair judge, which is why there are three and not two.
#
# How they are cut is a question about the future. *At random* asks how well a model fills gaps. *By time* asks
# how well it foretells, and with new people in it that is a much harder question. Marquee's splits are plain
# functions of the rows, and what they answer can be counted.

# %%
from components.movielens_example_gen.config import (
    LeaveLastOutSplit,
    PerItemSplit,
    RandomSplit,
    TemporalSplit,
    UserHoldoutSplit,
)
from components.movielens_example_gen.splits import Rows, assign

rows = Rows(
    len(frame),
    user=frame.user_id.factorize()[0].astype(np.int32),
    movie=frame.movie_id.factorize()[0].astype(np.int32),
    timestamp=frame.timestamp.to_numpy(),
)
splits = {
    "random": RandomSplit(seed=SEED, eval=0.1, test=0.1),
    "per_item": PerItemSplit(seed=SEED, eval=0.1, test=0.1),
    "leave_last_out": LeaveLastOutSplit(),
    "temporal": TemporalSplit(eval=0.2, test=0.2),
    "user_holdout": UserHoldoutSplit(seed=SEED, eval=0.1, test=0.1),
}
parts = {name: assign(split, rows) for name, split in splits.items()}
TRAIN, EVAL, TEST = range(3)

found = []
for name, part in parts.items():
    train, test = frame[part == TRAIN], frame[part == TEST]
    found.append(
        {
            "split": name,
            **{label: int((part == code).sum()) for label, code in (("train", TRAIN), ("eval", EVAL))},
            "test": len(test),
            "test rows of unknown users": (~test.user_id.isin(set(train.user_id))).mean(),
            "test rows of unknown films": (~test.movie_id.isin(set(train.movie_id))).mean(),
        }
    )
found = pd.DataFrame(found)
found.style.hide().format(
    dict.fromkeys(found.columns[4:], "{:.1%}") | dict.fromkeys(found.columns[1:4], "{:,}")
)

# %%
strangers = found.melt(
    "split", ["test rows of unknown users", "test rows of unknown films"], "unknown", "share"
).replace({"unknown": {"test rows of unknown users": "users", "test rows of unknown films": "films"}})
alt.Chart(strangers, title="What train has never seen, as a share of test").mark_bar().encode(
    x=alt.X("share", axis=alt.Axis(format="%")),
    y=alt.Y("split", sort=None, title=None),
    yOffset="unknown",
    color=alt.Color("unknown", scale=alt.Scale(range=[ORANGE, BLUE])),
)

# %% [markdown]
# On the temporal split most rows of `test` belong to people whom no model can have met. That is not a fault of
# the split. It is what the data is like, and a number from a random split says nothing about it.

# %% [markdown]
# ## The opponents
#
# Two models that need no learning to speak of. The first always says the mean. The second adds to the mean how
# generous the user is and how liked the film is, each shrunk towards nothing where there are few ratings to say
# so. Every model of the next chapters has to beat the second one to have been worth its while.


# %%
def biases(train, test, shrink_film=10, shrink_user=15):
    """RMSE of the mean, and of mean + film + user, on test."""
    mean = train.user_rating.mean()
    film = train.assign(left=train.user_rating - mean).groupby("movie_id").left.agg(["sum", "size"])
    film = film["sum"] / (film["size"] + shrink_film)
    left = train.user_rating - mean - train.movie_id.map(film)
    user = left.groupby(train.user_id).agg(["sum", "size"])
    user = user["sum"] / (user["size"] + shrink_user)
    expected = mean + test.movie_id.map(film).fillna(0) + test.user_id.map(user).fillna(0)

    def rmse(answer):
        return float(np.sqrt(np.mean((test.user_rating - answer) ** 2)))

    return rmse(mean), rmse(expected)


scores = {}
for name in ("random", "temporal"):
    train, test = (frame[parts[name] == code] for code in (TRAIN, TEST))
    scores[name] = biases(train, test)
pd.DataFrame(scores, index=["always the mean", "mean + film + user"]).round(4)

# %% [markdown]
# Keep the second line in mind. On the random split it is far better than the 1.11 that TFRS's ranking tutorial
# prints for its network. The next chapter says why.

# %%
assert scores["random"][1] < scores["random"][0]
assert found.set_index("split").loc["temporal", "test rows of unknown users"] > 0.3

# %% [markdown]
# ## What to read next
#
# - [02_ranking](02_ranking.ipynb): learning to say how many stars.
# - [05_pipeline](05_pipeline.ipynb): the same data through the pipeline's own checks, with a schema.
# - Your own table: [07_your_own_data](07_your_own_data.ipynb).
