import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

from trainer.export.projector import WIDEST, write_projector
from trainer.models.retrieval.registry import model_class
from trainer.training.epoch_log import EpochLog
from trainer.training.retrieval import train_retrieval
from trainer.training.retrieval_settings import RetrievalSettings


def curve(folder, tag):
    events = EventAccumulator(str(folder))
    events.Reload()
    return [(each.step, float(tensor_util.make_ndarray(each.tensor_proto))) for each in events.Tensors(tag)]


def test_what_is_of_validation_is_a_run_of_its_own(tmp_path):
    log = EpochLog(tmp_path)
    log.write(1, {"rmse": 1.0, "val_rmse": 1.5})
    log.write(2, {"rmse": 0.5, "val_rmse": 1.25})

    assert curve(tmp_path / "train", "epoch_rmse") == [(1, 1.0), (2, 0.5)]  # before it is closed
    log.close()
    assert curve(tmp_path / "validation", "epoch_rmse") == [(1, 1.5), (2, 1.25)]


def test_a_resumed_training_logs_the_epochs_before_as_well(data, tmp_path):
    class Killed(Exception):
        pass

    def kill(epoch, logs):
        if epoch == 2:
            raise Killed

    settings = RetrievalSettings.of({"model": {"kind": "mf", "dim": 4}, "train": {"epochs": 3}}, None)
    folders = {"backup_dir": str(tmp_path / "backup")}
    with pytest.raises(Killed):
        train_retrieval(settings, data, on_epoch=kill, **folders)
    result = train_retrieval(settings, data, log_dir=str(tmp_path / "logs"), **folders)

    assert result.resumed == 2
    logged = curve(tmp_path / "logs" / "validation", "epoch_ndcg@10")
    assert logged == [
        (epoch, pytest.approx(logs["val_ndcg@10"], rel=1e-6)) for epoch, logs in enumerate(result.history, 1)
    ]


def test_the_projector_gets_the_films_vectors_without_their_bias(data, tmp_path):
    settings = RetrievalSettings.of({"model": {"kind": "mf", "dim": 4}, "train": {"epochs": 1}}, None)
    model = train_retrieval(settings, data).model

    assert write_projector(model, tmp_path)
    vectors = np.loadtxt(tmp_path / "items.tsv", delimiter="\t")
    wanted = model.item_vectors(np.arange(1, data.catalogue.movies)).numpy()
    assert vectors == pytest.approx(wanted[:, :-1], rel=1e-4, abs=1e-5)
    first = (tmp_path / "items_metadata.tsv").read_text().splitlines()[1].split("\t")
    assert first[0] == data.catalogue.attributes.titles[1]
    assert int(first[3]) == data.catalogue.watchers.lengths[1]


def test_vectors_as_wide_as_a_large_catalogue_are_left_out(data, tmp_path, monkeypatch):
    settings = RetrievalSettings.of({"model": {"kind": "ease"}}, None)
    model = model_class(settings.model)(settings.model, data.catalogue)
    monkeypatch.setattr("trainer.export.projector.WIDEST", data.catalogue.movies - 1)

    assert not write_projector(model, tmp_path)
    assert not list(tmp_path.iterdir())
    assert WIDEST >= 256
