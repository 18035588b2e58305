"""docs/parity.md: every path that it names is imported, and every row is exercised."""

import re
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from trainer.data.catalogue import from_columns
from trainer.data.vocabularies import Vocabularies
from trainer.export.saved_model import SavedModel
from trainer.models.index import ExactIndex
from trainer.models.multitask.config import CgcConfig, JointConfig, MmoeConfig, PleConfig, SharedBottomConfig
from trainer.models.ranking.config import DcnConfig, DeepfmConfig, DlrmConfig, WideDeepConfig
from trainer.models.retrieval.config import TwoTowerConfig
from trainer.models.retrieval.registry import KINDS
from trainer.models.retrieval.two_tower import TwoTower
from trainer.models.samplers import PopularitySampler

TABLE = Path(__file__).parent.parent / "docs" / "parity.md"
ROWS = re.findall(r"^\| (.+?) \| .+? \| `(.+?)` \|$", TABLE.read_text(encoding="utf-8"), re.MULTILINE)

X = np.eye(2, dtype=np.float32)
LABELS = np.array([[0.0, 1.0, 0.0]], np.float32)
SCORES = np.array([[1.0, 2.0, -1.0]], np.float32)
ZEROS = np.zeros((1, 3), np.float32)
PADDED = tf.constant([[1, 2], [3, 0]])
RAGGED = tf.ragged.constant([[1, 2], [3]])
PAIRS = tf.ragged.constant([[1, 2], [3, 4]])
ONE = tf.data.Dataset.from_tensors({"value": tf.constant([2.0])})


COLUMNS = {
    "user_id": ["a", "a", "b", "b"],
    "movie_id": ["1", "2", "2", "3"],
    "user_rating": [5.0, 3.0, 4.0, 1.0],
    "timestamp": [1, 2, 3, 4],
    "movie_genres": [["Drama"], ["Comedy"], ["Comedy"], ["Drama", "Comedy"]],
    "user_gender": ["F", "F", "M", "M"],
}
CATALOGUE = from_columns(COLUMNS, Vocabularies.from_columns(COLUMNS, shipped("movielens")))[1]
TOWERS = TwoTowerConfig(dim=4)
MOVIELENS = shipped("movielens").model_dump()
IDS = {"user_id": tf.constant([1, 2, 0]), "movie_id": tf.constant([3, 1, 0])}


def rated(kind, config):
    return kind(config, CATALOGUE)(IDS).shape == (3,)


def tower_alone(export):
    with TemporaryDirectory() as folder:
        export(TwoTower(TOWERS, CATALOGUE), "movie", f"{folder}/tower")
        with SavedModel(f"{folder}/tower") as model:
            return len(model.ask("serving_default", movie_id=["1", "none"])["vector"]) == 2


def clicks(ranking):
    class Tables(keras.layers.Layer):
        def call(self, ids):
            return {name: tf.one_hot(each, 16) for name, each in ids.items()}

    return ranking(Tables())({"dense_features": X, "sparse_features": {"film": tf.constant([3, 4])}})


def learning_rates(composite):
    """What a step of each part's own size does to two weights with a gradient of 1."""
    first, second = keras.Variable([0.0]), keras.Variable([0.0])
    parts = [(keras.optimizers.SGD(0.1), lambda: [first])]
    composite(parts, default=keras.optimizers.SGD(0.01)).apply([tf.ones(1), tf.ones(1)], [first, second])
    return np.allclose([first[0], second[0]], [-0.1, -0.01])


def rows_left_alone(optimizer):
    table = keras.Variable([[1.0], [1.0]])
    gradient = tf.IndexedSlices(tf.constant([[4.0]]), tf.constant([1]), tf.constant([2, 1]))
    optimizer(0.1).apply([gradient], [table])
    return np.allclose(table, [[1.0], [0.9]])


def mean_of_constant(base):
    class Constant(base):
        def compute_loss(self, inputs, training=False):
            return tf.reduce_mean(inputs["value"])

    model = Constant()
    model.compile()
    return model.evaluate(ONE, verbose=0, return_dict=True)["loss"]


def factorized(metric):
    found = metric(ExactIndex(X), ks=[1], kinds=["recall"])
    found.update_state(np.array([0, 1]), X)
    return float(found.result()["recall@1"])


def finds_films(model, kind):
    """Of two users of two films; that each learns: tests/trainer/models/test_retrieval_kinds.py."""
    columns = {name: [f"{name}{row}" for row in range(2)] for name in ("user_id", "movie_id")}
    columns |= {"user_rating": [4.0, 5.0], "timestamp": [0, 1]}
    catalogue = from_columns(columns, Vocabularies.from_columns(columns, shipped("movielens")))[1]
    return model(KINDS[kind](), catalogue).scores(np.array([1, 2])).shape == (2, 3)


def learns(model, config, **weights):
    """A multi-task model's weights; False where its loss is no number."""
    columns = {"user_id": ["a", "b"], "movie_id": ["1", "2"], "user_rating": [1.0, 5.0], "timestamp": [5, 6]}
    train, catalogue = from_columns(columns, Vocabularies.from_columns(columns, shipped("movielens")))
    built = model(config(dim=2, **weights), catalogue)
    loss = built.compute_loss({name: tf.constant(column) for name, column in train.features().items()})
    return np.isfinite(float(loss)) and built.weights_by_name()


# By the first column; each is given what the row names, and is true where that works.
EXERCISES = {
    "tfrs.Model, compute_loss over raw features": lambda m: mean_of_constant(m) == 2.0,
    "tasks.Ranking": lambda c: float(c()(np.array([4.0, 2.0]), np.array([3.0, 2.0]))) == 0.5,
    "tasks.Retrieval: in-batch softmax": lambda c: np.isclose(
        c()(np.ones((2, 1)), np.zeros((2, 1))), np.log(2)
    ),
    "candidate sampling probability correction": lambda c: np.allclose(
        c()(X, X, candidate_sampling_probability=np.array([1.0, 0.5])),
        (np.log(1 + 2 / np.e) + np.log(1 + 0.5 / np.e)) / 2,
    ),
    "accidental-hit removal": lambda c: (
        float(c(remove_accidental_hits=True)(X, X, candidate_ids=np.array([1, 1]))) < 1e-6
    ),
    "hard-negative mining": lambda c: c(num_hard_negatives=1)(SCORES, LABELS)[0].shape == (1, 2),
    "brute-force top-k": lambda c: c(X)(X, k=1)[1].numpy().tolist() == [[0], [1]],
    "streaming top-k": lambda c: (
        c(tf.data.Dataset.from_tensor_slices(X).batch(1))(X, k=1)[1].numpy().tolist() == [[0], [1]]
    ),
    "approximate top-k (ScaNN)": lambda c: c(X, cells=2, probes=2)(X, k=1)[1].numpy().tolist() == [[0], [1]],
    "FactorizedTopK": lambda c: factorized(c) == 1,
    "experimental.models.Ranking": lambda c: clicks(c).shape == (2,),
    "experimental.optimizers.CompositeOptimizer": learning_rates,
    "context features": lambda c: rated(c, TwoTowerConfig(dim=4, features=("gender", "genres"))),
    "list-wise ranking": lambda c: np.isfinite(float(c()(LABELS, SCORES))),
    "multi-task: a weight for rating, a weight for retrieval": lambda c: learns(
        c, JointConfig, rating_weight=2.0, retrieval_weight=0.5
    ),
    "MMoE": lambda c: learns(c, MmoeConfig),
    "CGC": lambda c: learns(c, CgcConfig),
    "PLE": lambda c: learns(c, PleConfig),
    "parallel towers with loss weights": lambda c: learns(c, SharedBottomConfig, liked_weight=0.7),
    "MMoE, CGC and PLE as a block": lambda c: c(["a"], [3], shared=2)({"a": X}, X)[0]["a"].shape == (2, 3),
    "layers.dcn.Cross": lambda c: c()(X, X).shape == X.shape,
    "DCN-V2": lambda c: rated(c, DcnConfig(dim=2, hidden=(4,))),
    "DeepFM": lambda c: rated(c, DeepfmConfig(dim=2, hidden=(4,))),
    "DLRM": lambda c: rated(c, DlrmConfig(dim=2)),
    "Wide&Deep": lambda c: rated(c, WideDeepConfig(dim=2, hidden=(4,), bins=9)),
    "two-tower": lambda c: rated(c, TOWERS),
    "an encoder that exports a tower alone": tower_alone,
    "top-k encoder": lambda c: c(TwoTower(TOWERS, CATALOGUE), k=2)(IDS)["movie_id"].shape == (3, 2),
    "MLP": lambda f: f((4,), outputs=1)(X).shape == (2, 1),
    "FM pairwise": lambda c: c()(np.array([[[1.0, 2.0], [3.0, 4.0]]])).numpy().tolist() == [[11.0]],
    "optimizers for each block": learning_rates,
    "lazy Adam for embeddings": rows_left_alone,
    "splitting tables by size": lambda f: [len(each) for each in f([tf.zeros([9, 1])], 5)] == [1, 0],
    "dense residual (low rank)": lambda c: c(rank=1)(X).shape == X.shape,
    "cross (full, low rank)": lambda c: c(projection_dim=1)(X, X).shape == X.shape,
    "dot interaction": lambda c: c()([X, 2 * X]).numpy().tolist() == [[2.0], [2.0]],
    "embedding dimensions by the fourth-root heuristic": lambda f: f(16) == 4,
    "embedding averages (weighted)": lambda c: (
        c(4, 2)(np.array([[1, 3]]), np.ones((1, 2), np.float32)).shape == (1, 2)
    ),
    "L2 norm": lambda c: np.allclose(c()(np.array([[3.0, 4.0]])), [[0.6, 0.8]]),
    "continuous projection": lambda c: c(3)({"age": np.ones(2)}).shape == (2, 3),
    "binary output": lambda c: float(c().loss(X, np.array([0.0, 1.0]))) > 0,
    "regression output": lambda c: c()(X).shape == (2,),
    "categorical output": lambda c: c(5)(X).shape == (2, 5),
    "contrastive (sampled) output": lambda c: (
        float(c(keras.layers.Embedding(4, 2), PopularitySampler([0, 1, 1, 1], 8)).loss(X, np.array([1, 2])))
        > 0
    ),
    "sample weights by a column": lambda c: float(c()(X[:, 0], X[:, 1], np.array([1.0, 0.0]))) == 0.5,
    "BPR; logistic": lambda c: np.isclose(c()(LABELS, ZEROS), np.log(2)),
    "BPR-max": lambda c: np.isclose(c()(LABELS, ZEROS), np.log(2)),
    "TOP1": lambda c: np.isclose(c()(LABELS, ZEROS), 1),
    "TOP1-max": lambda c: np.isclose(c()(LABELS, ZEROS), 1),
    "TOP1-v2": lambda c: np.isclose(c()(LABELS, ZEROS), 0.75),
    "hinge": lambda c: np.isclose(c()(LABELS, ZEROS), 1),
    "categorical cross-entropy from logits": lambda c: np.isclose(
        c(from_logits=True)(LABELS, ZEROS), np.log(3)
    ),
    "in-batch sampler": lambda c: np.isclose(c()(X, X), np.log(1 + np.exp(-1))),
    "popularity-based (log-uniform) sampler": lambda c: c.log_uniform([0, 3, 1], 5).draw()[0].shape == (5,),
    "cached cross-batch sampler": lambda c: c(2, 2).past()[0].shape == (0,),
    "false negatives down-scored": lambda c: (
        c(less=1.0)(SCORES, LABELS, np.array([1, 1, 2])).numpy()[0].tolist() == [0.0, 2.0, -1.0]
    ),
    "precision, recall, MRR, NDCG, AP @k from one sort": lambda c: len(c(ks=[1, 2]).result()) == 12,
    "hashed crosses (pairs and all)": lambda c: (
        list(c(9)({"a": tf.constant([1]), "b": tf.constant([2])})) == ["a_x_b"]
    ),
    "category encoding": lambda c: c(3)(np.array([1])).numpy().sum() == 1,
    "lists to ragged": lambda f: f(PADDED, 0).to_list() == [[1, 2], [3]],
    "lists to dense": lambda f: f(RAGGED).shape == (2, 2),
    "lists to sparse": lambda f: f(RAGGED).values.numpy().tolist() == [1, 2, 3],
    "stochastic swap noise": lambda c: c(1.0)(PADDED, training=True).numpy()[1, 1] == 0,
    "broadcast of context to sequence": lambda f: f(tf.constant([7, 8]), RAGGED).to_list() == [[7, 7], [8]],
    "predict next": lambda f: f({"m": PAIRS}, "m", ["m"])[1].to_list() == [[2], [4]],
    "predict last": lambda f: f({"m": PAIRS}, "m", ["m"])[1].numpy().tolist() == [2, 4],
    "predict random": lambda f: f({"m": PAIRS}, "m", ["m"])[1].numpy().tolist() == [2, 4],
    "mask last": lambda f: f(RAGGED).to_list() == [[False, True], [True]],
    "mask random": lambda f: [sum(row) for row in f(RAGGED).to_list()] == [1, 1],
    "Schema.select_by_tag: features by role and type": lambda c: (
        c.model_validate(MOVIELENS).select("item", "categories") == ("genres",)
    ),
    "categorical_cardinalities": lambda f: f(CATALOGUE)["gender"] == 2,
    "categorical_domains": lambda f: set(f(CATALOGUE)["genres"]) == {"Drama", "Comedy"},
    "get_embedding_sizes_from_schema": lambda f: f(CATALOGUE, multiple_of=8)["genres"] == 8,
    "MatrixFactorizationModel": lambda c: finds_films(c, "mf"),
    "TwoTowerModel": lambda c: finds_films(c, "two_tower"),
    "YoutubeDNNRetrievalModel": lambda c: finds_films(c, "youtube_dnn"),
}


def test_every_exercise_has_its_row():
    assert {name for name, _ in ROWS} == set(EXERCISES)


@pytest.mark.parametrize(("theirs", "where"), ROWS, ids=[name for name, _ in ROWS])
def test_a_row_names_what_works(theirs, where):
    module, name = where.rsplit(".", 1)
    assert EXERCISES[theirs](getattr(import_module(module), name))
