# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Choosing settings
#
# How many epochs, which learning rate, how wide? Nobody knows beforehand, and trying by hand has two faults: one
# forgets what was tried, and one looks at `test` while doing it. A tuner has neither. It tries settings, each as a
# whole training that is judged on `eval`, and writes everything down. `test` stays closed.

# %% [markdown]
# ## Settings
#
# The first 300 users are enough to see how a search goes, and their trainings take a second or two each.

# %%
from chapter import QUICK, WORKSPACE, columns, ratings

USERS = 120 if QUICK else 300
TRIALS = 3 if QUICK else 16
EPOCHS = 4 if QUICK else 20
STRATEGIES = ["bayesian", "hyperband"] if QUICK else ["random", "bayesian", "hyperband"]

# %%
import numpy as np

from components.movielens_example_gen.shipped import shipped
from trainer.data import catalogue as catalogues
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies

frame = ratings(USERS)
order = np.random.RandomState(42).permutation(len(frame))
train, evaluation, test = (
    columns(frame.iloc[rows]) for rows in np.split(order, [int(0.8 * len(frame)), int(0.9 * len(frame))])
)
vocabularies = Vocabularies.from_columns(train, shipped("movielens"))
rows, catalogue = catalogues.from_columns(train, vocabularies)
data = RatingData(rows, Ratings.from_columns(evaluation, vocabularies), catalogue)
print(f"{len(data.train):,} ratings to learn from, {len(data.evaluation):,} to judge by")

# %% [markdown]
# ## A space
#
# What is searched are dotted paths of the configuration, the same that `marquee run --set` takes. A learning rate is
# drawn on a logarithmic scale: between 0.01 and 0.02 lies as much as between 0.1 and 0.2.

# %%
from tuner.config import TuneConfig

SPACE = {
    "train.learning_rate": {"kind": "float", "min": 0.002, "max": 0.3, "sampling": "log"},
    "model.dim": {"kind": "choice", "values": [2, 4, 8, 16]},
    "model.factor_l2": {"kind": "float", "min": 2.0, "max": 60.0, "sampling": "log"},
}
tune = TuneConfig.model_validate({"strategy": "bayesian", "trials": TRIALS, "space": SPACE})

# %% [markdown]
# ## A trial
#
# A trial is nothing special: the same training loop as everywhere, with some settings changed. It stops early like
# any training, and what counts is its best epoch. So what a tuner found is what a trainer will get.

# %%
from trainer.training.hyperparameters import apply_hyperparameters
from trainer.training.ranking import RankingSettings, train_ranking

base = RankingSettings.of(
    {"model": {"kind": "mf", "members": 2}, "train": {"epochs": EPOCHS, "batch_size": 1000}}, None
)


def run_trial(values, on_epoch):
    result = train_ranking(apply_hyperparameters(base, values), data, on_epoch=on_epoch)
    return result.history[result.best_epoch - 1]


# %% [markdown]
# ## Three strategies
#
# *Random* draws blindly; it is hard to beat when few settings matter. *Bayesian* fits a curve through what it has seen
# and tries where that promises most. *Hyperband* starts many trials with few epochs and goes on with the good ones.
# All three are KerasTuner's.

# %%
import shutil
import time

import keras_tuner
import pandas as pd

from tuner.oracles import oracle
from tuner.training_tuner import TrainingTuner
from tuner.trials import trial_table

folder = WORKSPACE / "tuning"
shutil.rmtree(folder, ignore_errors=True)  # finished trials are kept, and would not be run again
objective = keras_tuner.Objective(base.monitor, "min")
searches, seconds = {}, {}
for strategy in STRATEGIES:
    search = oracle(tune.model_copy(update={"strategy": strategy}), objective, EPOCHS)
    searches[strategy] = TrainingTuner(search, run_trial, folder / strategy)
    begin = time.perf_counter()
    searches[strategy].search()
    seconds[strategy] = time.perf_counter() - begin

# %% [markdown]
# Every trial is accounted for, the failed ones too: KerasTuner swallows an exception and would hand back its defaults
# as the best found.

# %%
tables = {name: pd.DataFrame(trial_table(search)) for name, search in searches.items()}
trials = pd.concat(
    pd.concat(
        [table[["trial", "status", "score"]], pd.json_normalize(table["values"], max_level=0)], axis=1
    ).assign(strategy=name)
    for name, table in tables.items()
)
trials["trial"] = trials.trial.astype(int) + 1
trials.sort_values("score").head(8).round(4)

# %%
import altair as alt

alt.Chart(trials, title="Every trial: its learning rate, and what came of it").mark_point(size=70).encode(
    x=alt.X(r"train\.learning_rate:Q", title="learning rate", scale=alt.Scale(type="log")),
    y=alt.Y("score:Q", title="RMSE on eval", scale=alt.Scale(zero=False)),
    color=alt.Color("strategy:N", title=None),
    shape=alt.Shape("strategy:N", title=None),
)

# %% [markdown]
# A search is worth its time if it still finds something new. The best so far, trial by trial:

# %%
best = trials.sort_values("trial").assign(best=lambda t: t.groupby("strategy").score.cummin())
alt.Chart(best, title="The best so far").mark_line(interpolate="step-after", point=True).encode(
    x="trial:O",
    y=alt.Y("best:Q", title="RMSE on eval", scale=alt.Scale(zero=False)),
    color=alt.Color("strategy:N", title=None),
)

# %%
pd.DataFrame(
    {
        name: {
            "trials completed": int((table.status == "COMPLETED").sum()),
            "epochs in all": sum(row.get("train.epochs", EPOCHS) for row in table["values"]),
            "best RMSE on eval": table.score.min(),
            "seconds": seconds[name],
        }
        for name, table in tables.items()
    }
).round(3)

# %%
assert all((table.status == "COMPLETED").all() for table in tables.values())

# %% [markdown]
# ## One last look at test
#
# The winner is trained once more and meets `test`, this once. Beside it, what the configuration says without any
# tuning. On so little data, and after few trials, the winner may well have fitted `eval` and be no better: that is
# what `test` is there to say.

# %%
from trainer.training.batches import eval_batches

winner = min(searches, key=lambda name: tables[name].score.min())
[found] = searches[winner].get_best_hyperparameters()
unseen = Ratings.from_columns(test, vocabularies)


def rmse(settings):
    expected = train_ranking(settings, data).model.predict(eval_batches(unseen), verbose=0)
    return float(np.sqrt(np.mean((expected - unseen.rating) ** 2)))


pd.DataFrame(
    [("as configured", rmse(base)), (f"tuned ({winner})", rmse(apply_hyperparameters(base, found.values)))],
    columns=["model", "RMSE on test"],
).round(4)

# %%
found.values

# %% [markdown]
# ## TensorBoard
#
# Each trial has logged its epochs, what was tried, and how it ended, in the form of TensorBoard's HParams dashboard.
# For a run of the pipeline, `marquee tensorboard` opens the trainings, the trials and the films' vectors in one
# place. For this search, `tensorboard --logdir` on its folder does:

# %%
for file in sorted((folder / "bayesian" / "logs").glob("*/*/events*"))[:4]:
    print(file.relative_to(WORKSPACE).parent)

# %% [markdown]
# The same curves, read back with TensorBoard's own reader:

# %%
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util


def curve(trial):
    events = EventAccumulator(str(folder / "bayesian" / "logs" / trial / "validation"))
    events.Reload()
    return pd.DataFrame(
        {"epoch": event.step, "rmse": float(tensor_util.make_ndarray(event.tensor_proto)), "trial": trial}
        for event in events.Tensors("epoch_rmse")
    )


curves = pd.concat(curve(trial) for trial in tables["bayesian"].trial)
alt.Chart(curves, title="Every trial of the Bayesian search").mark_line().encode(
    x="epoch:O",
    y=alt.Y("rmse", title="RMSE on eval", scale=alt.Scale(zero=False)),
    color=alt.Color("trial", scale=alt.Scale(scheme="blues"), legend=None),
    detail="trial",
)

# %% [markdown]
# ## In the pipeline
#
# The same space stands in a configuration, and the nodes `RankingTuner` and `RetrievalTuner` run it:
#
# ```yaml
# ranking:
#   tune:
#     strategy: bayesian
#     trials: 16
#     space:
#       train.learning_rate: {kind: float, min: 0.002, max: 0.3, sampling: log}
#       model.dim: {kind: choice, values: [2, 4, 8, 16]}
# ```
#
# ## What to read next
#
# - [05_pipeline](05_pipeline.ipynb): where the tuner sits between its neighbours.
# - [Every setting](../docs/configuration.md), and `marquee models KIND`.
