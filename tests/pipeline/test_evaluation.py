import pytest

from pipeline.config import Bar, BlessConfig
from pipeline.evaluation import eval_config

# After tfx, which pipeline.evaluation imports first.
import tensorflow_model_analysis as tfma  # isort: skip
from tensorflow_model_analysis.evaluators import metrics_validator  # isort: skip
from tensorflow_model_analysis.metrics import metric_types  # isort: skip

WHOLE, WOMEN = (), (("user_gender", "F"),)


@pytest.fixture(scope="module")
def judge():
    """From a slice and its RMSE, and how much above the last blessed model's it is, to TFMA's judgement."""
    bless = BlessConfig(bars={"rmse": Bar(max=1.2, max_increase=0)})
    config = tfma.utils.update_eval_config_with_defaults(
        eval_config(bless, ["user_gender"]), has_baseline=True
    )

    def of(where, rmse, increase):
        key = {"name": "rmse", "example_weighted": False}
        metrics = {
            metric_types.MetricKey(model_name="candidate", **key): rmse,
            metric_types.MetricKey(model_name="baseline", **key): rmse - increase,
            metric_types.MetricKey(model_name="candidate", is_diff=True, **key): increase,
        }
        return metrics_validator.validate_metrics((where, metrics), config).validation_ok

    return of


def test_a_bar_is_held_against_the_whole_of_eval(judge):
    assert judge(WHOLE, 0.9, -0.01)
    assert not judge(WHOLE, 0.9, 0.01)
    assert not judge(WHOLE, 1.3, -0.01)


def test_a_group_that_is_a_little_worse_is_no_reason_to_keep_a_better_model_back(judge):
    assert judge(WOMEN, 1.3, 0.01)
