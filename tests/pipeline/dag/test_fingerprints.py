"""What counts as a node's code."""

from pipeline.dag.fingerprints import code_fingerprint, sources


def test_what_a_node_imports_is_its_code():
    files = sources("components.serving_skew")

    assert "components/serving_skew/executor.py" in files
    assert "serving/prediction_log/reader.py" in files
    assert "trainer/data/catalogue.py" in files  # by way of trainer.data.activity
    assert "components/inputs.py" in files


def test_a_data_node_is_not_run_again_for_an_edited_model():
    files = sources("components.movielens_example_gen")

    assert "trainer/data/pairs/pair_hash.py" in files
    assert not [
        name for name in files if name.startswith(("trainer/models/ranking/", "trainer/models/retrieval/"))
    ]


def test_a_package_that_is_named_counts_whole():
    assert "trainer/models/ranking/mf.py" in sources("components.run_report", "trainer")


def test_a_fingerprint_repeats():
    assert code_fingerprint("components.tuner") == code_fingerprint.__wrapped__("components.tuner")
