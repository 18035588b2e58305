# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Finding films
#
# Nobody can be asked to rate 60,000 films. So a recommender works in two stages: *retrieval* finds a few hundred
# films that somebody might watch, quickly, and *ranking* puts them in order, carefully. This chapter is about the
# first stage: two towers, why their numbers are so easily fooled, and what the vectors have learned.

# %% [markdown]
# ## Settings

# %%
from chapter import BLUE, GREY, QUICK, columns, ratings

EPOCHS = 4 if QUICK else 15
DIM = 16 if QUICK else 64

# %% [markdown]
# ## Every rating is a yes
#
# For retrieval the stars do not count: somebody chose to watch this film and no other, and that is the signal. The
# split is that of TFRS's tutorials, 80,000 ratings to learn from and 20,000 to find again. Films are named by their
# title, as there. A thousandth of `train` is only watched while training.

# %%
import numpy as np
import pandas as pd

from benchmarks.retrieval import popularity, taken, tfrs_split, top_100_accuracy
from components.movielens_example_gen.shipped import shipped
from trainer.data import catalogue as catalogues
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies

train, test = tfrs_split(columns(ratings()))
order = np.random.RandomState(0).permutation(len(train["user_id"]))
watched = len(order) // 1000
vocabularies = Vocabularies.from_columns(train, shipped("movielens"))
_, catalogue = catalogues.from_columns(train, vocabularies)
data = RatingData(
    Ratings.from_columns(taken(train, order[watched:]), vocabularies),
    Ratings.from_columns(taken(train, order[:watched]), vocabularies),
    catalogues.from_columns(taken(train, order[watched:]), vocabularies)[1],
)
print(f"{len(data.train):,} positives, {catalogue.movies - 1:,} titles")

# %% [markdown]
# ## Two towers
#
# One tower turns a user into a vector, the other a film. The score of the pair is their product. That is all, and it
# is the point: the films' vectors can be computed once and searched fast, and a user is one query.
#
# Marquee's user tower looks at the films that the user has watched, more than at who they are; the film that is to be
# found is taken out of its own history first. The loss is a softmax over *all* films. With so few of them that costs
# little, and it needs no correction for how negatives were drawn.

# %%
from trainer.training.retrieval import RetrievalSettings, train_retrieval

settings = RetrievalSettings.of(
    {"model": {"kind": "two_tower", "dim": DIM}, "train": {"epochs": EPOCHS, "patience": 0}}, None
)
result = train_retrieval(settings, data)
model = result.model

# %%
import altair as alt

history = pd.DataFrame(result.history)
history["epoch"] = history.index + 1
alt.Chart(history, title="Softmax over every film").mark_line(point=True).encode(
    x="epoch:O", y=alt.Y("loss", scale=alt.Scale(zero=False))
)

# %% [markdown]
# ## A fair question
#
# TFRS counts how often the film of a test row is among the user's first hundred. Its tutorial leaves the films that
# the user has *already rated* in the list. Those are never the answer, and a good model puts them on top: it is
# punished for knowing its users. Take them out, as any service does, and the number tells another story.
#
# The opponent is again somebody who knows nobody: the most rated films, for everyone.

# %%
known, names, seen = popularity(train, None)
models = {"the most rated films": known, "two towers": model.scores}
accuracy = {name: top_100_accuracy(scores, vocabularies, seen, test) for name, scores in models.items()}
published = [
    ("TFRS tutorial, 3 epochs", "train's films kept", 0.233, "published"),
    ("TFRS tutorial, 3 epochs", "train's films removed", 0.345, "measured by us"),
]
board = pd.DataFrame(
    published
    + [
        (name, f"train's films {how}", found[f"top-100 {how}"], "here, just now")
        for name, found in accuracy.items()
        for how in ("kept", "removed")
    ],
    columns=["model", "list", "accuracy", "number"],
)
alt.Chart(board, title="The film is among the user's first hundred").mark_bar().encode(
    x=alt.X("accuracy", title="top-100 accuracy", axis=alt.Axis(format="%")),
    y=alt.Y("model", title=None, sort="-x", axis=alt.Axis(labelLimit=200)),
    yOffset="list",
    color=alt.Color("list", title=None, scale=alt.Scale(range=[GREY, BLUE])),
)

# %%
board.pivot(index="model", columns="list", values="accuracy").sort_values("train's films removed").round(4)

# %% [markdown]
# Popularity beats the tutorial's model, on the tutorial's own measure. That is worth remembering whenever a number
# comes without its opponent.

# %%
assert accuracy["two towers"]["top-100 removed"] > accuracy["the most rated films"]["top-100 removed"]

# %% [markdown]
# ## More than one number
#
# A list can be right and useless: the same ten famous films for everybody are often right. So quality is measured
# together with what the lists *show*. `measure` ranks the whole catalogue for every user, once, and counts.

# %%
from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.quality import measure

held_out = HeldOut.of(Ratings.from_columns(test, vocabularies), catalogue)
quality = {name: measure(scores, held_out) for name, scores in models.items()}
pd.DataFrame({name: each.means() for name, each in quality.items()}).loc[
    ["ndcg@10", "recall@10", "recall@100", "coverage@10", "mean_popularity@10", "novelty@10"]
].round(4)

# %%
curves = pd.concat(
    pd.DataFrame({"k": range(1, len(each.recall_curve) + 1), "recall": each.recall_curve, "model": name})
    for name, each in quality.items()
)
exposure = pd.concat(
    pd.DataFrame({"tenth": range(1, 11), "share": each.exposure(), "model": name})
    for name, each in quality.items()
)
colour = alt.Color(
    "model", title=None, scale=alt.Scale(range=[GREY, BLUE]), legend=alt.Legend(orient="bottom")
)
left = (
    alt.Chart(curves, title="Recall by the length of the list")
    .mark_line()
    .encode(x="k", y=alt.Y("recall", axis=alt.Axis(format="%")), color=colour)
)
right = (
    alt.Chart(exposure, title="Who is shown: tenths of the catalogue")
    .mark_bar()
    .encode(
        x=alt.X("tenth:O", title="rarest to most rated"),
        xOffset="model",
        y=alt.Y("share", title="share of all first tens", axis=alt.Axis(format="%")),
        color=colour,
    )
)
left.properties(width=320) | right.properties(width=320)

# %% [markdown]
# ## What the vectors know
#
# Nobody has told the model which films go together. It has seen who watched what, and of each film the genres, the
# year and the words of the title. Ask for the films whose vectors point the same way (a vector's last number is the
# film's bias, how popular it is, and is left out):

# %%
titles = model.catalogue.attributes.titles
vectors = model.item_vectors(np.arange(model.catalogue.movies, dtype=np.int32)).numpy()[:, :-1]
directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
often = model.catalogue.watchers.lengths >= 30


def alike(title, count=5):
    film = int(np.flatnonzero(titles == title)[0])
    cosine = np.where(often, directions @ directions[film], -1)
    return pd.Series({titles[each]: cosine[each] for each in np.argsort(-cosine)[1 : count + 1]}, name=title)


pd.concat({t: alike(t) for t in ("Star Wars (1977)", "Toy Story (1995)", "Scream (1996)")}).round(3).to_frame(
    "cosine"
)

# %% [markdown]
# A map of them: the two directions in which the vectors of the most rated films differ most (PCA, by NumPy). In
# TensorBoard the same vectors can be turned in three dimensions and searched by title: `marquee tensorboard`, tab
# *Projector*.

# %%
top = np.argsort(-model.catalogue.watchers.lengths)[:150]
centred = directions[top] - directions[top].mean(axis=0)
flat = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
SHOWN = ["Children's", "Horror", "Romance", "Sci-Fi", "Action", "Drama"]
genres = model.catalogue.table("genres")


def genre_of(film):
    own = set(genres.text(film))
    return next((name for name in SHOWN if name in own), "other")


places = pd.DataFrame(
    {"x": flat[:, 0], "y": flat[:, 1], "title": titles[top], "genre": [genre_of(film) for film in top]}
)
points = (
    alt.Chart(places, title="The 150 most rated films")
    .mark_point(size=45, opacity=0.8)
    .encode(
        x=alt.X("x", title=None, axis=None),
        y=alt.Y("y", title=None, axis=None),
        color=alt.Color("genre", sort=[*SHOWN, "other"], scale=alt.Scale(scheme="tableau10")),
    )
)
labels = (
    alt.Chart(places.iloc[:25]).mark_text(fontSize=9, dy=-7, color="#444").encode(x="x", y="y", text="title")
)
(points + labels).properties(width=720, height=480)

# %% [markdown]
# ## Searching fast
#
# A product with every film is exact, and up to 100,000 films it takes about a millisecond. Beyond that, inverted
# lists look only into the cells near the query. Both are core TensorFlow operations inside the SavedModel, so a
# stock TF Serving runs them. Which one a model gets is measured, not guessed:

# %%
from trainer.models.index import build_index

films = model.item_vectors(np.arange(1, model.catalogue.movies, dtype=np.int32)).numpy()
queries = model.user_vectors(np.arange(1, 257, dtype=np.int32)).numpy()
found = []
for kind in ("exact", "ivf", "auto"):
    _, report = build_index(films, kind, queries, k=100)
    found.append(
        {"asked for": kind, "built": report.kind, "recall@100": report.recall, "films read": report.read}
    )
pd.DataFrame(found).style.format({"recall@100": "{:.3f}", "films read": "{:.0%}"})

# %% [markdown]
# ## Somebody new
#
# The user tower reads a history, so it also reads one that arrives with a request. The exported model has a
# signature for it; no user of `train` is needed.

# %%
import tempfile
from pathlib import Path

from trainer.export.retrieval import export_retrieval
from trainer.export.saved_model import SavedModel

path = Path(tempfile.mkdtemp(prefix="retrieval-")) / "retrieval" / "1"
export_retrieval(model, str(path))
with SavedModel(str(path)) as exported:
    for liked in (["Alien (1979)", "Blade Runner (1982)"], ["Toy Story (1995)", "Lion King, The (1994)"]):
        answer = exported.ask("candidates_from_history", movie_title=[liked], k=5)
        print(" + ".join(liked), "→", ", ".join(title.decode() for title in answer["movie_title"][0]))

# %% [markdown]
# ## What to read next
#
# - [04_tuning](04_tuning.ipynb): choosing settings.
# - [05_pipeline](05_pipeline.ipynb): both models, judged and pushed together.
# - [The kinds of retrieval models](../docs/retrieval-models.md): EASE, iALS, SASRec and more, and what each reaches.
# - `benchmarks/retrieval.py`: the same protocol over three seeds, and Microsoft's.
