import numpy as np
import pytest

from components.movielens_example_gen.shipped import shipped
from trainer.data.pairs.pair_hash import id_hashes, lots, mixed, pair_hashes
from trainer.data.pairs.trained_on import FILE, TrainedOn, rating_pairs
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies


def pairs(*values) -> np.ndarray:
    return np.array(values, np.uint64)


def test_a_hash_is_for_ever_or_records_and_splits_of_earlier_versions_would_mean_nothing():
    assert id_hashes(["0", "1"]).tolist() == [8493733112532773764, 8518482412311870710]
    assert pair_hashes(["0", "1"], ["0", "0"]).tolist() == [4268678344351529723, 6980479508736819950]
    assert lots(pair_hashes(["0", "0"], ["0", "1"])).tolist() == pytest.approx([0.231406, 0.266496], abs=1e-6)


def test_ways_of_writing_an_id_have_one_hash_and_other_ids_another():
    for other in (" 242", "242 ", "242.0", "242.", "0242", b"242", 242):
        assert id_hashes([other]) == id_hashes(["242"])
    for other in ("2420", "242.5", "-242", "2 42", "a242", ""):
        assert id_hashes([other]) != id_hashes(["242"])
    assert id_hashes(["0"]) == id_hashes(["000"]) != id_hashes([""])


def test_user_and_item_are_not_interchangeable_and_rows_keep_their_order():
    there, back = pair_hashes(["a", "b"], ["b", "a"])
    assert there != back
    assert pair_hashes(["b", "a", "b"], ["a", "b", "a"]).tolist() == [back, there, back]


def test_pairs_of_ids_that_follow_one_another_are_spread_evenly():
    ids = id_hashes([str(number) for number in range(300)])
    hashed = mixed(np.repeat(ids, 300), np.tile(ids, 300))
    assert np.histogram(lots(hashed), 10, (0, 1))[0] == pytest.approx(9000, rel=0.05)
    assert np.bincount((hashed & np.uint64(7)).astype(int)) == pytest.approx(90_000 / 8, rel=0.05)


def test_the_overlap_is_the_share_of_the_rows_that_were_trained_on_a_repeated_one_counted_twice():
    record = TrainedOn.of(pairs(5, 3, 3, 9))
    assert record.pairs.tolist() == [3, 5, 9]
    assert record.overlap(pairs(3, 4, 3, 100)) == 0.5
    assert record.overlap(TrainedOn.of(pairs(3, 3, 4, 6))) == pytest.approx(1 / 3)
    assert record.overlap(pairs()) == TrainedOn.of(pairs()).overlap(pairs(1)) == 0.0


def test_beyond_the_limit_a_sample_is_kept_that_stays_comparable():
    record = TrainedOn.of(np.arange(16, dtype=np.uint64), limit=5)
    assert (record.level, record.pairs.tolist()) == (2, [0, 4, 8, 12])
    # Of these rows the sample speaks of 4, 8, 20 and 24: two of the four were trained on.
    assert record.overlap(pairs(1, 2, 3, 4, 8, 20, 24)) == 0.5
    finer = TrainedOn.of(np.arange(8, 24, dtype=np.uint64))
    assert record.overlap(finer) == finer.overlap(record) == 0.5  # 8, 12 of 8, 12, 16, 20; of 0, 4, 8, 12


def test_a_sample_says_about_what_all_rows_say_though_the_split_was_drawn_by_the_same_hash():
    random = np.random.default_rng(0)
    rows = pair_hashes(random.integers(2000, size=200_000), random.integers(2000, size=200_000))
    train, held_out = rows[lots(rows) >= 0.2], rows[lots(rows) < 0.1]
    record = TrainedOn.of(train, limit=10_000)
    assert 5_000 < len(record.pairs) <= 10_000
    assert record.overlap(held_out) == 0.0
    assert record.overlap(rows) == pytest.approx(np.mean(lots(rows) >= 0.2), abs=0.02)


def test_a_warm_started_model_has_also_learned_what_its_base_learned():
    coarse = TrainedOn.of(np.arange(0, 16, dtype=np.uint64), limit=8)  # the even ones
    both = coarse.union(TrainedOn.of(pairs(15, 16, 17)))
    assert (both.level, both.pairs.tolist()) == (1, [*range(0, 17, 2)])
    assert coarse.union(TrainedOn.of(pairs(16)), limit=5).pairs.tolist() == [0, 4, 8, 12, 16]


def test_what_is_written_is_read_back(tmp_path):
    TrainedOn(pairs(4, 2**64 - 4), level=2).write(tmp_path / "trained")
    read = TrainedOn.read(tmp_path / "trained")
    assert (read.pairs.tolist(), read.level, read.complete) == ([4, 2**64 - 4], 2, True)
    assert [path.name for path in (tmp_path / "trained").iterdir()] == [FILE]


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 cut off"])
def test_without_a_record_it_is_not_known_what_was_learned_nor_after_a_warm_start_from_it(tmp_path, content):
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    unknown = TrainedOn.read(tmp_path)
    assert (len(unknown.pairs), unknown.complete) == (0, False)
    assert not TrainedOn.of(pairs(1)).union(unknown).complete


def test_ratings_and_example_files_have_the_hashes_of_their_ids(split, files):
    train, evaluation = split
    vocabularies = Vocabularies.from_columns(train, shipped("movielens"))
    record = TrainedOn.of_ratings(Ratings.from_columns(train, vocabularies), vocabularies)
    assert set(record.pairs) == set(pair_hashes(train["user_id"], train["movie_id"]))
    known = {*zip(train["user_id"], train["movie_id"], strict=True)}
    both = [row in known for row in zip(evaluation["user_id"], evaluation["movie_id"], strict=True)]
    assert record.overlap(rating_pairs([f"{files}/eval*"])) == pytest.approx(np.mean(both))
    assert record.overlap(rating_pairs([f"{files}/train*"])) == 1.0
