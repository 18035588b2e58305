"""A training that cannot fit is refused before it starts."""

import pytest

from marquee.errors import TrainingError
from trainer.models.ranking.config import MfConfig
from trainer.models.retrieval.config import MultvaeConfig, TwoTowerConfig
from trainer.training import memory
from trainer.training.config import TrainConfig
from trainer.training.memory import check_memory, machine_memory

GIB = 1 << 30


def check(model, task="retrieval", batch_size=4096, limit=24 * GIB, **sizes):
    sizes = {"rows": 1_000_000, "users": 10_000, "items": 5_000, **sizes}
    check_memory(task, model, TrainConfig(batch_size=batch_size), memory=limit, **sizes)


def test_what_fits_is_not_refused():
    check(MfConfig(), "ranking")
    check(MfConfig(members=1), "ranking", rows=25_000_000, users=162_000, items=62_000)
    check(TwoTowerConfig(loss="in_batch"), batch_size=16_384)


def test_tables_that_do_not_fit_say_which_width_to_lower():
    with pytest.raises(TrainingError) as error:
        check(TwoTowerConfig(dim=128), users=20_000_000, items=1_000_000)
    # 21 million rows of 128 numbers of 4 bytes, five times
    assert "retrieval would need about 50 GiB of memory, and this machine has 24 GiB" in error.value.message
    assert "50 GiB for tables of 20,000,000 users and 1,000,000 items by 128 numbers" in error.value.message
    assert error.value.hint == "Lower retrieval.model.dim, or use a machine with more memory."


@pytest.mark.parametrize(
    ("model", "lower"),
    [
        (MfConfig(members=64, dim=50), "ranking.model.dim"),
        (MultvaeConfig(hidden=6000), "retrieval.model.hidden"),
    ],
)
def test_the_hint_names_the_key_of_the_kind(model, lower):
    with pytest.raises(TrainingError) as error:
        check(model, lower.partition(".")[0], users=1_000, items=1_000_000)
    assert error.value.hint.startswith(f"Lower {lower},")


def test_a_step_whose_scores_do_not_fit_says_to_lower_the_batch():
    with pytest.raises(TrainingError, match=r"16 GiB for the scores of a step of 32,768 rows") as error:
        check(TwoTowerConfig(loss="in_batch"), batch_size=32_768, limit=8 * GIB)
    assert error.value.hint.startswith("Lower retrieval.train.batch_size,")


def test_a_containers_limit_counts_if_it_is_lower(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "LIMITS", (str(limit), str(tmp_path / "missing")))
    physical = machine_memory()
    limit.write_text("max\n")
    assert machine_memory() == physical
    limit.write_text(f"{2 * GIB}\n")
    assert machine_memory() == 2 * GIB
    limit.write_text(f"{1 << 62}\n")
    assert machine_memory() == physical
