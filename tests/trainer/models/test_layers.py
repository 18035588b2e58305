import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from tests.trainer.trained_kinds import NUMBERS
from trainer.data import catalogue as catalogues
from trainer.data.catalogue import Ragged
from trainer.data.vocabularies import Vocabularies
from trainer.models.layers.cross_network import CrossNetwork
from trainer.models.layers.dense_stack import dense_stack
from trainer.models.layers.field_embeddings import FieldEmbeddings
from trainer.models.layers.gaussian_prior import GaussianPrior
from trainer.models.layers.heads import MeanHead, OrdinalHead
from trainer.models.layers.implicit_sets import ImplicitSets
from trainer.models.layers.numbers import Numbers
from trainer.models.layers.pairwise_products import PairwiseProducts

SETS = Ragged(np.array([1, 2, 3, 3], np.int32), np.array([0, 0, 3, 4, 4]))  # {}, {1, 2, 3}, {3}, {}
TABLE = np.array([[9, 9], [1, 10], [2, 20], [4, 40]], np.float32)
WAYS = {"dense": {}, "sparse": {"cells_an_entry": 0}, "of the batch": {"at_once": 0}}


@pytest.fixture
def catalogue():
    """Stars 1, 2 and 5 in shares of ¼, ¼ and ½."""
    columns = {"user_id": list("abcd"), "movie_id": list("1234"), "user_rating": [1.0, 2.0, 5.0, 5.0]}
    vocabularies = Vocabularies.from_columns(columns, shipped("movielens"))
    return catalogues.from_columns(columns, vocabularies)[1]


@pytest.mark.parametrize("xla", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_a_set_is_the_sum_of_its_rows_over_the_root_of_its_size(way, xla):
    found = ImplicitSets(SETS, limit=10, **WAYS[way])(TABLE, tf.constant([3, 1, 2, 1, 0]), xla=xla)
    root = np.sqrt(3)
    expected = [[0, 0], [7 / root, 70 / root], [4, 40], [7 / root, 70 / root], [0, 0]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_set_beyond_the_limit_is_its_latest_members():
    found = ImplicitSets(SETS, limit=2)(TABLE, tf.constant([1]))
    np.testing.assert_allclose(found, [[6 / np.sqrt(2), 60 / np.sqrt(2)]])


@pytest.mark.parametrize("way", WAYS)
def test_the_gradient_reaches_the_members_alone(way):
    table = tf.Variable(TABLE)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(ImplicitSets(SETS, 10, **WAYS[way])(table, tf.constant([2])))
    np.testing.assert_allclose(
        tf.convert_to_tensor(tape.gradient(total, table)), [[0, 0], [0, 0], [0, 0], [1, 1]]
    )


def test_the_prior_weighs_factors_and_the_bias_each_by_its_precision():
    weight = np.array([[[1.0, 2.0, 3.0]], [[0.0, 1.0, 1.0]]], np.float32)
    # ½ / 100 · (16 · (1 + 4 + 1) + 5 · (9 + 1))
    assert float(GaussianPrior(16, 5, rows=100)(weight)) == pytest.approx(0.73)


def test_an_ordinal_score_of_0_is_trains_distribution(catalogue):
    head = OrdinalHead(catalogue, members=2)
    scores = tf.zeros([1, 2])
    np.testing.assert_allclose(head.shares(scores)[0, 1], [0.25, 0.25, 0.5], rtol=1e-6)
    assert float(head(scores)[0]) == pytest.approx(0.25 * 1 + 0.25 * 2 + 0.5 * 5)


def test_an_ordinal_loss_is_minus_the_log_of_the_observed_stars_share(catalogue):
    head = OrdinalHead(catalogue, members=1)
    found = head.loss(tf.constant([[0.0], [1.0], [0.0]]), tf.constant([5.0, 1.0, 4.4]))
    at_most_1 = 1 / (1 + np.exp(1 - np.log(1 / 3)))  # sigmoid(logit(¼) - 1)
    np.testing.assert_allclose(found[:, 0], [-np.log(0.5), -np.log(at_most_1), -np.log(0.5)], rtol=1e-5)


def test_the_members_of_either_head_are_averaged(catalogue):
    assert float(MeanHead(catalogue)(tf.constant([[1.0, 2.0]]))[0]) == pytest.approx(3.25 + 1.5)
    np.testing.assert_allclose(
        MeanHead(catalogue).loss(tf.constant([[1.0, 2.0]]), tf.constant([4.0])), [[0.0625, 1.5625]]
    )
    two, one = OrdinalHead(catalogue, members=2), OrdinalHead(catalogue, members=1)
    expected = (float(one(tf.constant([[1.0]]))[0]) + float(one(tf.constant([[-2.0]]))[0])) / 2
    assert float(two(tf.constant([[1.0, -2.0]]))[0]) == pytest.approx(expected)


def test_products_of_pairs_are_those_of_a_factorization_machine():
    vectors = np.random.default_rng(1).normal(size=(3, 4, 5)).astype(np.float32)
    expected = [sum(row[i] @ row[j] for i in range(4) for j in range(i)) for row in vectors]
    np.testing.assert_allclose(PairwiseProducts()(vectors)[:, 0], expected, rtol=1e-4)
    by_hand = PairwiseProducts()(np.array([[[1.0, 2.0], [3.0, 4.0]]]))
    np.testing.assert_allclose(by_hand, [[11.0]])


def test_a_cross_network_is_the_formula_of_dcn_v2():
    network = CrossNetwork(2)
    start = np.array([[1.0, 2.0]], np.float32)
    network(start)
    first, bias, second, _ = network.trainable_variables
    first.assign([[1.0, 0.0], [1.0, 1.0]])
    bias.assign([1.0, 0.0])
    second.assign([[0.0, 1.0], [1.0, 0.0]])
    # x1 = x0 * (x0 W + b) + x0 = [1, 2] * [4, 2] + [1, 2] = [5, 6]; x2 = [1, 2] * [6, 5] + [5, 6]
    np.testing.assert_allclose(network(start), [[11.0, 16.0]])


def test_a_dense_stack_is_relu_layers_and_perhaps_a_linear_one():
    inputs = -np.ones((2, 3), np.float32)
    np.testing.assert_allclose(dense_stack(())(inputs), inputs)
    assert (dense_stack((4,))(inputs).numpy() >= 0).all()
    names = [type(layer).__name__ for layer in dense_stack((4, 2), dropout=0.5, outputs=1).layers]
    assert names == ["Dense", "Dropout", "Dense", "Dropout", "Dense"]


def test_fields_are_rows_of_their_tables_and_genres_a_sum(data):
    catalogue = data.catalogue
    fields = FieldEmbeddings(catalogue, ("gender", "genres"), 3, side_dim=2)
    found = fields({"user_id": tf.constant([5, 0]), "movie_id": tf.constant([7, 0])})
    tables = {name: table.numpy() for name, table in fields.tables().items()}

    assert fields.widths == {"user_id": 3, "movie_id": 3, "gender": 2, "genres": 2}
    np.testing.assert_allclose(found["user_id"], tables["user_id"][[5, 0]])
    np.testing.assert_allclose(found["gender"], tables["gender"][[catalogue.table("gender").ids[5], 0]])
    genres = catalogue.table("genres").members()[7]
    np.testing.assert_allclose(
        found["genres"], [tables["genres"][genres].sum(0) / np.sqrt(genres.sum()), [0, 0]], rtol=1e-5
    )


def test_numbers_are_standardized_and_0_for_the_unknown(data):
    catalogue = data.catalogue
    numbers = Numbers(catalogue, NUMBERS)
    everyone = tf.range(1, catalogue.users)
    found = numbers({"user_id": everyone, "movie_id": tf.ones_like(everyone)}).numpy()
    unknown = numbers({"user_id": tf.constant([0]), "movie_id": tf.constant([0])}).numpy()

    assert numbers.features == ("age", "activity", "year", "popularity", "time")
    np.testing.assert_allclose(found[:, :2].mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(found[:, :2].std(0), 1, rtol=1e-4)
    np.testing.assert_allclose(unknown, [[0, 0, 0, 0, 1]])
    busiest = np.argmax(catalogue.watched.lengths) - 1
    assert found[busiest, 1] == found[:, 1].max()


def test_numbers_that_tell_nothing_apart_are_left_out(catalogue):
    # One rating each, no demographics, no titles, and all at one time.
    assert Numbers(catalogue, NUMBERS).features == ()
    assert Numbers(catalogue, ())({"user_id": tf.constant([1, 2])}).shape == (2, 0)
