from pipeline.dag.eval_config import Slices, eval_config


def test_tfma_measures_and_our_own_bars_judge():
    config = eval_config(Slices(("user_gender",)))

    metrics = [metric for spec in config.metrics_specs for metric in spec.metrics]
    assert not any(metric.HasField("threshold") or metric.per_slice_thresholds for metric in metrics)
    assert [list(spec.feature_keys) for spec in config.slicing_specs] == [[], ["user_gender"]]
