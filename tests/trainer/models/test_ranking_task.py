import keras
import pytest

from trainer.models.tasks import Ranking


def test_mean_squared_error_unless_told_otherwise():
    assert float(Ranking()(labels=[4.0, 2.0], predictions=[3.0, 2.0])) == pytest.approx(0.5)
    absolute = Ranking(loss=keras.losses.MeanAbsoluteError())
    assert float(absolute(labels=[4.0, 2.0], predictions=[1.0, 2.0])) == pytest.approx(1.5)


def test_sample_weights_count_in_loss_and_metrics():
    task = Ranking(metrics=[metric := keras.metrics.MeanSquaredError()])

    loss = task(labels=[4.0, 2.0], predictions=[3.0, 5.0], sample_weight=[1.0, 0.0])

    assert float(loss) == pytest.approx(0.5)  # Keras divides by rows, not by weights
    assert float(metric.result()) == pytest.approx(1.0)


def test_each_kind_of_metric_sees_what_it_should():
    means = {name: keras.metrics.Mean() for name in ("prediction_metrics", "label_metrics", "loss_metrics")}
    task = Ranking(**{name: [metric] for name, metric in means.items()})

    task(labels=[4.0, 2.0], predictions=[3.0, 2.0])

    assert {name: float(metric.result()) for name, metric in means.items()} == pytest.approx(
        {"prediction_metrics": 2.5, "label_metrics": 3.0, "loss_metrics": 0.5}
    )


def test_metrics_can_be_left_alone():
    task = Ranking(metrics=[metric := keras.metrics.MeanSquaredError()])
    task(labels=[4.0], predictions=[3.0], compute_metrics=False)
    assert float(metric.result()) == 0.0
