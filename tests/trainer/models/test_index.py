import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.export.saved_model import SavedModel
from trainer.models.index import ExactIndex, IvfIndex, build_index, choose, recall_at
from trainer.models.index.k_means import k_means, nearest


@pytest.fixture(scope="module")
def vectors():
    """2,000 vectors of 8 in 40 clusters."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(40, 8))
    return (centres[random.integers(40, size=2000)] + random.normal(0, 0.3, (2000, 8))).astype(np.float32)


@pytest.fixture(scope="module")
def queries(vectors):
    random = np.random.default_rng(1)
    return (vectors[random.integers(2000, size=50)] + random.normal(0, 0.3, (50, 8))).astype(np.float32)


@pytest.fixture(scope="module")
def exact(vectors):
    return ExactIndex(vectors)


@pytest.fixture(scope="module")
def ivf(vectors):
    return IvfIndex(vectors, cells=40, probes=3)


def test_exact_search_is_numpys_sort(exact, vectors, queries):
    scores, rows = exact(queries, k=10)
    products = queries @ vectors.T
    expected = np.argsort(-products, axis=1, kind="stable")[:, :10]
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_allclose(scores, np.take_along_axis(products, expected, axis=1), rtol=1e-5)
    assert rows.dtype == tf.int32


def test_of_equal_scores_exact_search_gives_the_lower_row_first():
    _, rows = ExactIndex(np.ones((5, 2), np.float32))(np.ones((1, 2), np.float32), k=3)
    assert rows.numpy().tolist() == [[0, 1, 2]]


def test_k_beyond_the_vectors_gives_them_all(exact, ivf, queries):
    for index in (exact, ivf):
        scores, rows = index(queries[:2], k=5000)
        assert scores.shape == rows.shape == (2, 2000)
        assert sorted(rows[0].numpy()) == list(range(2000))


def test_every_cell_probed_is_exact_search(exact, vectors, queries):
    whole = IvfIndex(vectors, cells=40, probes=40)
    for wanted, got in zip(exact(queries, k=100), whole(queries, k=100), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_scores_are_those_of_the_rows_and_fall(ivf, vectors, queries):
    scores, rows = (each.numpy() for each in ivf(queries, k=20))
    np.testing.assert_allclose(scores, np.einsum("bd,bkd->bk", queries, vectors[rows]), rtol=1e-5)
    assert (np.diff(scores, axis=1) <= 0).all()
    assert all(len(set(each)) == 20 for each in rows)


@pytest.fixture(scope="module")
def excluded(exact, queries):
    """Of the first three queries: their best 15 vectors, none, and all but 4."""
    best = exact(queries[:3], k=2000)[1].numpy()
    return tf.ragged.constant([best[0, :15][::-1].tolist(), [], best[2, :-4].tolist()], dtype=tf.int32)


@pytest.mark.parametrize("kind", ["exact", "every cell probed"])
def test_the_excluded_never_come_back_and_the_next_best_take_their_place(
    kind, exact, vectors, queries, excluded
):
    index = exact if kind == "exact" else IvfIndex(vectors, cells=40, probes=40)
    scores, rows = (each.numpy() for each in index(queries[:3], k=10, excluded=excluded))
    products = queries[:3] @ vectors.T
    order = np.argsort(-products, axis=1, kind="stable")

    assert rows[0].tolist() == order[0, 15:25].tolist()
    assert rows[1].tolist() == order[1, :10].tolist()
    assert rows[2].tolist() == [*order[2, -4:], *[-1] * 6]
    assert (scores[2, 4:] == -np.inf).all()
    np.testing.assert_allclose(
        scores[2, :4], np.take_along_axis(products, order, axis=1)[2, -4:], rtol=1e-5, atol=1e-6
    )


def test_an_answer_is_no_longer_than_the_most_that_a_query_has_left(exact, ivf, queries, excluded):
    for index in (exact, ivf):
        assert index(queries[:3], k=5000, excluded=excluded)[1].shape == (3, 2000)
        rows = index(queries[2:3], k=5000, excluded=excluded[2:3])[1].numpy()
        assert rows.shape == (1, 4)
        assert set(rows[0]) == set(range(2000)) - set(excluded[2].numpy())
        assert index(queries[:1], k=5, excluded=tf.RaggedTensor.from_tensor([range(2000)]))[1].shape == (1, 0)
        assert index(queries[:0], k=5, excluded=excluded[:0])[1].shape[0] == 0


def test_inverted_lists_give_their_own_list_without_the_excluded(ivf, queries):
    """Every second one of the first 40 goes: what is left of the first 60 stays in its order."""
    scores, rows = (each.numpy() for each in ivf(queries, k=60))
    excluded = tf.RaggedTensor.from_tensor(rows[:, :40:2])
    got = ivf(queries, k=40, excluded=excluded)
    kept = np.array([*range(1, 40, 2), *range(40, 60)])

    np.testing.assert_array_equal(got[1], rows[:, kept])
    np.testing.assert_allclose(got[0], scores[:, kept], rtol=1e-6)


def test_both_indexes_give_their_vectors_by_row(exact, ivf, vectors):
    rows = tf.constant([[3, 1999], [0, 3]])
    for index in (exact, ivf):
        np.testing.assert_array_equal(index.vectors_of(rows), vectors[rows.numpy()])


def test_recall_grows_with_the_probes(exact, vectors, queries):
    index = IvfIndex(vectors, cells=40)
    found = []
    for index.probes in (1, 2, 4, 8, 40):
        found.append(recall_at(index, exact, queries, 50))
    assert found == sorted(found)
    assert found[0] < 0.9
    assert found[-1] == 1


def test_more_cells_are_looked_at_where_the_probed_ones_hold_too_few(vectors, queries):
    """2,000 vectors in 500 cells are 4 a cell: one probe alone could not give 100."""
    scores, rows = IvfIndex(vectors, cells=500, probes=1)(queries, k=100)
    assert scores.shape == (50, 100)
    assert np.isfinite(scores).all()
    assert all(len(set(each)) == 100 for each in rows.numpy())


def test_a_batch_is_answered_like_its_queries_one_by_one(ivf, exact, queries):
    for index in (exact, ivf):
        _, together = index(queries, k=10)
        alone = [index(query[None], k=10)[1][0] for query in queries]
        np.testing.assert_array_equal(together, alone)
        assert index(queries[:0], k=10)[1].shape[0] == 0


def test_the_chosen_probes_are_the_fewest_that_reach_the_recall(exact, vectors, queries):
    index, report = build_index(vectors, "ivf", queries, k=50, recall=0.9)
    assert (report.kind, report.k, report.cells, report.probes) == ("ivf", 50, 89, index.probes)
    assert report.recall == recall_at(index, exact, queries, 50) >= 0.9
    assert 0 < report.read < 0.5
    index.probes -= 1
    assert recall_at(index, exact, queries, 50) < 0.9


def test_auto_is_exact_for_few_vectors_and_where_inverted_lists_save_nothing(vectors, queries, monkeypatch):
    assert isinstance(build_index(vectors, "auto", queries)[0], ExactIndex)
    monkeypatch.setattr(choose, "EXACT_UP_TO", 1000)
    index, report = build_index(vectors, "auto", queries, k=10)
    assert isinstance(index, IvfIndex)
    assert report.recall >= 0.95
    noise = np.random.default_rng(2).normal(size=(2, 2000, 32)).astype(np.float32)
    index, report = build_index(noise[0], "auto", noise[1][:50])
    assert isinstance(index, ExactIndex)
    assert (report.kind, report.recall, report.read) == ("exact", 1, 1)


@pytest.mark.parametrize("kind", ["exact", "ivf"])
def test_an_exported_index_answers_the_same_in_a_v1_session(vectors, queries, kind, tmp_path):
    index, _ = build_index(vectors, kind, queries)
    archive = keras.export.ExportArchive()
    archive.track(index)
    archive.add_endpoint(
        "search",
        lambda queries, k: dict(zip(("scores", "rows"), index(queries, k=k), strict=True)),
        [tf.TensorSpec([None, 8], tf.float32, name="queries"), tf.TensorSpec([], tf.int32, name="k")],
    )
    archive.write_out(str(tmp_path / "index"), verbose=False)
    ks = (1, 100, 9999)
    expected = {k: [each.numpy() for each in index(queries, k=k)] for k in ks}
    with SavedModel(str(tmp_path / "index")) as model:
        for k in ks:
            got = model.ask("search", queries=queries, k=k)
            np.testing.assert_allclose(got["scores"], expected[k][0], rtol=1e-5)
            np.testing.assert_array_equal(got["rows"], expected[k][1])


def test_k_means_finds_clusters_that_are_there_and_repeats():
    random = np.random.default_rng(0)
    centres = np.array([[0, 0], [10, 0], [0, 10]], np.float32)
    cluster = random.integers(3, size=300)
    points = (centres[cluster] + random.normal(0, 0.1, (300, 2))).astype(np.float32)
    found = k_means(points, 3, seed=4)
    np.testing.assert_array_equal(found, k_means(points, 3, seed=4))
    distance = np.linalg.norm(centres[:, None] - found, axis=2)
    np.testing.assert_allclose(distance.min(axis=1), 0, atol=0.1)
    assert (np.argmin(distance, axis=1)[cluster] == nearest(points, found)).all()
